//! Limits on how many records a tenant or an owner has.
//!
//! Changes whose limits count the same records come one after the other: each first inserts an
//! empty row that stands for the count, and removes it again before it commits. Another change that
//! inserts the same row waits for that, and then counts what was committed.

use acta_ambient::Timestamp;
use acta_storage::{CountLimit, Group, RecordWrite};
use tokio_postgres::types::ToSql;

use crate::database::Connection;
use crate::failure::Failure;
use crate::types::number;

/// The kind of the rows that stand for counts. No record has it.
const KIND: &str = "limit";

/// What is counted for the limit of one write.
#[derive(Debug)]
struct Counted {
    /// The index of the write.
    index: usize,
    kind: &'static str,
    group: Group,
    /// The tenant of the group, if it is one.
    tenant: i32,
    limit: CountLimit,
    count_max: i64,
    unexpired_at: Option<i64>,
}

/// What the limits of a change count.
#[derive(Debug, Default)]
pub(super) struct Limits {
    counted: Vec<Counted>,
    /// The rows that stand for the counts, in order.
    kinds: Vec<&'static str>,
    ids: Vec<String>,
}

impl Limits {
    /// The limits of `writes`.
    pub(super) fn of(writes: &[RecordWrite]) -> Self {
        let mut limits = Self::default();
        for (index, write) in writes.iter().enumerate() {
            let Some((group, limit)) = write.counted() else { continue };
            let kind = write.kind.as_str();
            let (tenant, id) = match &group {
                Group::Every => (0, kind.to_owned()),
                Group::OfTenant(tenant) => (number(*tenant), format!("{kind} of {tenant}")),
                Group::OwnedBy(owner) => (0, format!("{kind} owned by {owner}")),
            };
            limits.ids.push(id);
            limits.counted.push(Counted {
                index,
                kind,
                group,
                tenant,
                limit,
                count_max: column_of(limit),
                unexpired_at: limit.unexpired_at.map(Timestamp::unix_micros),
            });
        }
        // All changes wait for each other in the same order.
        limits.ids.sort_unstable();
        limits.ids.dedup();
        limits.kinds = vec![KIND; limits.ids.len()];
        limits
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.counted.is_empty()
    }

    /// The rows that stand for the counts, as parameters.
    pub(super) fn columns(&self) -> [&(dyn ToSql + Sync); 2] {
        [&self.kinds, &self.ids]
    }

    /// Counts, on a connection that has inserted the rows. Returns the counts, each with the index
    /// of its write.
    pub(super) async fn count(
        &self,
        connection: &Connection,
    ) -> Result<Vec<(usize, i64)>, Failure> {
        let mut counts = Vec::with_capacity(self.counted.len());
        for counted in &self.counted {
            let sql = counting(&counted.group, counted.limit);
            let count = connection.prepare_cached(&sql).await?;
            let row = connection.query_one(&count, &counted.values()).await?;
            counts.push((counted.index, row.get(0)));
        }
        Ok(counts)
    }
}

impl Counted {
    /// The parameters of [`counting`].
    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut values: Vec<&(dyn ToSql + Sync)> = vec![&self.kind, &self.count_max];
        match &self.group {
            Group::Every => {}
            Group::OfTenant(_) => values.push(&self.tenant),
            Group::OwnedBy(owner) => values.push(owner),
        }
        if let Some(at) = &self.unexpired_at {
            values.push(at);
        }
        values
    }
}

/// The most records that a limit permits, as a parameter.
pub(super) fn column_of(limit: CountLimit) -> i64 {
    i64::try_from(limit.count_max).unwrap_or(i64::MAX)
}

/// The SQL that counts a group, up to the limit: parameters are the kind, the most, the tenant or
/// owner of the group, and the time for records that expire.
pub(crate) fn counting(group: &Group, limit: CountLimit) -> String {
    let (of_group, next) = match group {
        Group::Every => ("", 3),
        Group::OfTenant(_) => ("AND r.tenant_id = $3", 4),
        Group::OwnedBy(_) => ("AND r.owner = $3", 4),
    };
    // If all count, the index alone may be enough.
    let unexpired = match limit.unexpired_at {
        Some(_) => format!("AND (r.expires IS NULL OR ${next} < r.expires)"),
        None => String::new(),
    };
    format!(
        "SELECT count(*) FROM (SELECT 1 FROM acta.records r WHERE r.kind = $1 {of_group} \
         {unexpired} LIMIT $2) AS counted"
    )
}
