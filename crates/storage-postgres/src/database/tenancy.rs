//! The rules that let a cluster answer each statement of SQL on the machine of its tenant.
//!
//! They are those of Citus, and are checked whenever a statement is prepared in a build for
//! development, so that every test checks them, also on a server that is no cluster.

/// Where the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// On one machine.
    Together,
    /// On the machines of a cluster, which finds that of a tenant by conditions for each table.
    Distributed,
}

impl Placement {
    /// That of the rows of a table in a cluster.
    pub(super) fn in_cluster(table: &str) -> Self {
        if DISTRIBUTED.contains(&table) { Self::Distributed } else { Self::Together }
    }

    /// A condition that only a cluster needs. On one machine it would replace the join from which
    /// it follows, and rows would not be looked up by their whole key.
    pub(crate) fn condition(self, sql: &str) -> String {
        match self {
            Self::Together => String::new(),
            Self::Distributed => format!("{sql} AND "),
        }
    }
}

/// The tables that a cluster distributes by tenant. The others stay on its coordinator: then a
/// start and administration need no other machine.
const DISTRIBUTED: [&str; 16] = [
    "counters",
    "statements",
    "voids",
    "postings",
    "contents",
    "pieces",
    "attachments",
    "document_places",
    "documents",
    "document_removals",
    "definitions",
    "person_names",
    "followers",
    "cursors",
    "usage",
    "tiles",
];

/// The table whose rows are locked without being written, under a lock of their place.
const LOCKED_UNDER_PLACE: &str = "documents";

/// The tables of tenants that stay on the coordinator.
const COORDINATED: [&str; 2] = ["audit", "audit_heads"];

/// How a statement of SQL locks rows that it reads.
const LOCKS: [&str; 4] = ["FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE"];

/// The rule that a statement of SQL breaks, if there is one.
pub(super) fn broken_rule(sql: &str) -> Option<&'static str> {
    let locks = LOCKS.iter().any(|lock| sql.contains(lock));
    let is_for_one = sql.contains("tenant_id = $") && !sql.contains("tenant_id = ANY");
    let of_tenants = DISTRIBUTED.into_iter().chain(COORDINATED);
    if locks && !is_for_one && !tables_of(sql, of_tenants).is_empty() {
        return Some("a statement locks rows of one tenant only");
    }
    let tables = tables_of(sql, DISTRIBUTED);
    if tables.is_empty() {
        return None;
    }
    let read_count = tables.iter().filter(|(before, _)| *before != "INTO").count();
    let condition_count = sql.matches("tenant_id = $").count();
    if condition_count < read_count {
        return Some("each table of tenants is restricted to a tenant by a parameter");
    }
    let is_insert = read_count < tables.len();
    if is_insert && read_count == 0 && !sql.contains("VALUES ($1,") {
        return Some("rows of an array are inserted beside the counter of their tenant");
    }
    let is_select = sql.trim_start().starts_with("SELECT");
    let is_under_place = tables.iter().all(|(_, table)| *table == LOCKED_UNDER_PLACE);
    if locks && is_select && !is_under_place {
        return Some("a tenant is locked by a write");
    }
    None
}

/// Those of some tables that a statement of SQL names, each with the word before it.
fn tables_of(
    sql: &str,
    among: impl IntoIterator<Item = &'static str>,
) -> Vec<(&str, &'static str)> {
    let among: Vec<&'static str> = among.into_iter().collect();
    let mut tables = Vec::new();
    let mut before = "";
    for word in sql.split_whitespace() {
        let name = word.trim_start_matches('(').strip_prefix("acta.");
        let name =
            name.and_then(|name| name.split(|c: char| c != '_' && !c.is_alphabetic()).next());
        if let Some(name) = among.iter().find(|known| Some(**known) == name) {
            tables.push((before, *name));
        }
        before = word;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_cluster_could_not_answer_on_one_machine() {
        let one = Some("each table of tenants is restricted to a tenant by a parameter");
        let counter = Some("rows of an array are inserted beside the counter of their tenant");
        let locks = Some("a statement locks rows of one tenant only");
        let write = Some("a tenant is locked by a write");
        let table = [
            ("SELECT body FROM acta.records WHERE kind = $1 FOR UPDATE", None),
            ("SELECT hash FROM acta.audit_heads WHERE tenant_id = $1 FOR UPDATE", None),
            ("SELECT hash FROM acta.audit_heads WHERE tenant_id = ANY($1) FOR UPDATE", locks),
            ("SELECT hash FROM acta.audit_heads ORDER BY tenant_id FOR NO KEY UPDATE", locks),
            ("SELECT hash FROM acta.audit_heads", None),
            (
                "SELECT h.hash FROM unnest($1::integer[]) AS t(tenant_id) \
                 JOIN acta.audit_heads h ON h.tenant_id = t.tenant_id FOR SHARE OF h",
                locks,
            ),
            ("SELECT FROM acta.statements FOR KEY SHARE", locks),
            ("SELECT id FROM acta.statements WHERE tenant_id = $1 AND id = $2", None),
            ("SELECT id FROM acta.statements WHERE id = $1", one),
            ("SELECT id FROM acta.statements WHERE tenant_id = ANY($1)", one),
            (
                "DELETE FROM acta.voids AS d USING (SELECT tenant_id FROM acta.voids \
                 WHERE tenant_id = $1 LIMIT $2) AS g WHERE d.tenant_id = g.tenant_id",
                one,
            ),
            (
                "DELETE FROM acta.voids AS d USING (SELECT tenant_id FROM acta.voids \
                 WHERE tenant_id = $1 LIMIT $2) AS g WHERE d.tenant_id = $1 \
                 AND d.tenant_id = g.tenant_id",
                None,
            ),
            ("INSERT INTO acta.voids (tenant_id, target) VALUES ($1, $2)", None),
            ("INSERT INTO acta.voids (tenant_id) SELECT $1 FROM unnest($2::uuid[])", counter),
            (
                "INSERT INTO acta.voids (tenant_id) SELECT c.tenant_id FROM acta.counters c \
                 CROSS JOIN unnest($2::uuid[]) WHERE c.tenant_id = $1",
                None,
            ),
            ("SELECT FROM acta.counters WHERE tenant_id = $1 FOR UPDATE", write),
            ("SELECT etag FROM acta.documents WHERE tenant_id = $1 FOR UPDATE", None),
            ("UPDATE acta.counters SET last_sequence = $2 WHERE tenant_id = $1", None),
        ];
        for (sql, expected) in table {
            assert_eq!(broken_rule(sql), expected, "{sql}");
        }
    }

    #[test]
    fn the_guide_distributes_the_tables_that_the_rules_are_about() {
        let guide = include_str!("../../../../docs/operate/cluster.md");
        let (_, listed) = guide.split_once("FROM unnest(ARRAY[").unwrap();
        let (listed, _) = listed.split_once(']').unwrap();
        let listed = listed.split(',').map(|table| table.trim().trim_matches('\''));
        let expected = DISTRIBUTED.iter().skip(1).map(|table| format!("acta.{table}"));
        assert!(listed.eq(expected), "the order counts, too");
    }
}
