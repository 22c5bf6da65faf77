//! Groups and their members as comma-separated values: a row is a group, or a time at which
//! somebody is a member of it.
//!
//! The columns are `group` (the names of the groups from the top down to this one, with `/` between
//! them), `kind`, those that say who is a member (`person`, `mbox`, `mbox_sha1sum`, `openid`,
//! `account.homePage` and `account.name`), `from` and `until`.
//!
//! Spec: RFC 4180.

use acta_storage::directory::{Date, MembershipPeriod, PersonGroup};

use crate::AdminFault;
use crate::persons::csv::{
    BYTE_ORDER_MARK, ColumnKind, FAULTS_MAX, ImportRow, ROWS_MAX, line_at, read_account, read_cell,
    reader_of, row_fault, unescaped,
};

/// A row of an import of groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRow {
    /// The names of the groups, from the top down to the one that the row is about.
    pub path: Vec<String>,
    /// The kind of the group; none leaves it as it is.
    pub kind: Option<String>,
    /// Who is a member: nobody, a person, or somebody with one identifier.
    pub member: ImportRow,
    /// When.
    pub period: MembershipPeriod,
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum GroupColumn {
    Group,
    Kind,
    /// It says who is a member.
    Who(ColumnKind),
    From,
    Until,
}

impl GroupColumn {
    /// The columns with their names.
    const EVERY: [(&'static str, Self); 10] = [
        ("group", Self::Group),
        ("kind", Self::Kind),
        ("person", Self::Who(ColumnKind::Person)),
        ("mbox", Self::Who(ColumnKind::Mbox)),
        ("mbox_sha1sum", Self::Who(ColumnKind::MboxSha1)),
        ("openid", Self::Who(ColumnKind::OpenId)),
        ("account.homePage", Self::Who(ColumnKind::HomePage)),
        ("account.name", Self::Who(ColumnKind::AccountName)),
        ("from", Self::From),
        ("until", Self::Until),
    ];

    fn find(name: &str) -> Result<Self, String> {
        let found = Self::EVERY.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, column)| column).ok_or_else(|| {
            let names = Self::EVERY.map(|(known, _)| known).join(", ");
            format!("there is no column with this name; the columns are {names}")
        })
    }

    fn name(&self) -> &'static str {
        let found = Self::EVERY.into_iter().find(|(_, column)| column == self);
        found.map(|(name, _)| name).unwrap_or_default()
    }
}

/// Writes the names of groups from the top down as one text. `\` stands before a `/` and a `\` of a
/// name.
pub(super) fn write_path<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let escaped = names.map(|name| name.replace('\\', "\\\\").replace('/', "\\/"));
    escaped.collect::<Vec<_>>().join("/")
}

/// The names of groups in a text that [`write_path`] wrote, or somebody else, perhaps with blanks
/// around the names.
fn read_path(text: &str) -> Result<Vec<String>, String> {
    let mut names = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '/' => names.push(String::new()),
            '\\' => match (letters.next(), names.last_mut()) {
                (Some(letter @ ('/' | '\\')), Some(name)) => name.push(letter),
                _ => return Err("expected / or \\ behind a \\".to_owned()),
            },
            letter => names.last_mut().into_iter().for_each(|name| name.push(letter)),
        }
    }
    let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    let most = PersonGroup::NAME_CHARS_MAX;
    let is_name = |name: &String| {
        !name.is_empty() && name.chars().nth(most).is_none() && !name.contains(char::is_control)
    };
    if PersonGroup::LEVELS_MAX < names.len() || !names.iter().all(is_name) {
        return Err(format!(
            "expected the names of 1 to {} groups with / between them, each of 1 to {most} \
             characters, without control characters",
            PersonGroup::LEVELS_MAX
        ));
    }
    Ok(names)
}

fn read_kind(text: &str) -> Result<String, String> {
    let most = PersonGroup::KIND_CHARS_MAX;
    if text.chars().nth(most).is_some() || text.contains(char::is_control) {
        return Err(format!("expected at most {most} characters, without control characters"));
    }
    Ok(text.to_owned())
}

fn read_date(text: &str) -> Result<Option<Date>, String> {
    text.parse().map(Some).map_err(|not| format!("{not}"))
}

/// Reads rows. `lines_before` lines were left out behind the line of names; faults count them.
///
/// # Errors
///
/// Every fault with its line and column, up to a number.
pub fn parse_group_rows(text: &[u8], lines_before: u64) -> Result<Vec<GroupRow>, Vec<AdminFault>> {
    // The positions that the reader gives are those in the text without it.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader = reader_of(text);
    let mut parser = GroupParser { columns: Vec::new(), faults: Vec::new() };
    let mut rows = Vec::new();
    let mut record = ::csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(1, ::csv::Position::line) + lines_before;
                parser.faults.push(row_fault(line, None, "expected text in UTF-8"));
                break;
            }
        }
        let line = record.position().map_or(1, |position| line_at(text, position));
        if parser.columns.is_empty() {
            parser.read_header(&record, line);
        } else if rows.len() == ROWS_MAX {
            let text = format!("expected at most {ROWS_MAX} rows");
            parser.faults.push(row_fault(line + lines_before, None, &text));
            break;
        } else {
            rows.push(parser.read_row(&record, line + lines_before));
        }
        if parser.is_given_up() {
            break;
        }
    }
    if parser.columns.is_empty() && parser.faults.is_empty() {
        parser.faults.push(row_fault(1, None, "expected a line with the names of columns"));
    }
    if parser.faults.is_empty() { Ok(rows) } else { Err(parser.faults) }
}

struct GroupParser {
    columns: Vec<GroupColumn>,
    faults: Vec<AdminFault>,
}

impl GroupParser {
    /// Whether what follows makes no sense, or there are enough faults.
    fn is_given_up(&self) -> bool {
        self.columns.is_empty() && !self.faults.is_empty() || FAULTS_MAX <= self.faults.len()
    }

    fn read_header(&mut self, record: &::csv::StringRecord, line: u64) {
        let most = GroupColumn::EVERY.len();
        if most < record.len() {
            let text = format!("expected at most {most} columns");
            self.faults.push(row_fault(line, None, &text));
            return;
        }
        let mut columns = Vec::new();
        for name in record.iter().map(str::trim) {
            match GroupColumn::find(name) {
                Ok(column) if columns.contains(&column) => {
                    self.faults.push(row_fault(line, Some(name), "it is there twice"));
                }
                Ok(column) => columns.push(column),
                Err(text) => self.faults.push(row_fault(line, Some(name), &text)),
            }
        }
        let has = |kind: ColumnKind| columns.contains(&GroupColumn::Who(kind));
        if has(ColumnKind::HomePage) != has(ColumnKind::AccountName) {
            let text = "expected both columns account.homePage and account.name, or neither";
            self.faults.push(row_fault(line, None, text));
        }
        if self.faults.is_empty() && !columns.contains(&GroupColumn::Group) {
            self.faults.push(row_fault(line, None, "expected a column group"));
        }
        if self.faults.is_empty() {
            self.columns = columns;
        }
    }

    fn read_row(&mut self, record: &::csv::StringRecord, line: u64) -> GroupRow {
        let member = ImportRow { line, ..ImportRow::default() };
        let mut row = GroupRow { member, ..GroupRow::default() };
        if record.len() != self.columns.len() {
            let text = format!("expected {} values, found {}", self.columns.len(), record.len());
            self.faults.push(row_fault(line, None, &text));
            return row;
        }
        let faults_before = self.faults.len();
        let (mut page, mut name) = (String::new(), String::new());
        for (column, cell) in self.columns.iter().zip(record) {
            let cell = &*unescaped(cell);
            let read = match column {
                GroupColumn::Who(ColumnKind::HomePage) => {
                    cell.clone_into(&mut page);
                    Ok(())
                }
                GroupColumn::Who(ColumnKind::AccountName) => {
                    cell.clone_into(&mut name);
                    Ok(())
                }
                _ if cell.is_empty() => Ok(()),
                GroupColumn::Group => read_path(cell).map(|path| row.path = path),
                GroupColumn::Kind => read_kind(cell).map(|kind| row.kind = Some(kind)),
                GroupColumn::Who(kind) => read_cell(&mut row.member, kind, cell),
                GroupColumn::From => read_date(cell).map(|date| row.period.from = date),
                GroupColumn::Until => read_date(cell).map(|date| row.period.until = date),
            };
            if let Err(text) = read {
                self.faults.push(row_fault(line, Some(column.name()), &text));
            }
        }
        match read_account(&page, &name) {
            Ok(account) => row.member.identifiers.extend(account),
            Err(text) => self.faults.push(row_fault(line, Some("account.homePage"), text)),
        }
        if self.faults.len() == faults_before
            && let Err((column, text)) = check_row(&row)
        {
            self.faults.push(row_fault(line, column, text));
        }
        row
    }
}

/// Checks what the cells of a row say together.
fn check_row(row: &GroupRow) -> Result<(), (Option<&'static str>, &'static str)> {
    let named = usize::from(row.member.person.is_some()) + row.member.identifiers.len();
    if row.path.is_empty() {
        return Err((Some("group"), "expected the name of a group"));
    }
    if 1 < named {
        return Err((None, "expected one identifier, or the id of a person, or neither"));
    }
    if named == 0 && row.period != MembershipPeriod::default() {
        return Err((None, "expected who is a member at this time"));
    }
    if !row.period.has_days() {
        return Err((Some("until"), "expected a date after that in the column from"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_faults(text: &str, expected: &[&str]) {
        let faults = parse_group_rows(text.as_bytes(), 0).unwrap_err();
        let found: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found:?} {expected:?}");
        }
    }

    #[test]
    fn reads_groups_and_members() {
        let text = "\u{feff}group,kind,mbox,account.homePage,account.name,from,until\r\n\
                    Science/Physics,unit,ada@example.org,,,2024-02-29,2025-01-01\r\n\
                    \" Science / A\\/B\\\\C \",,,https://lms.example,bob,,\r\n\
                    Science,,,,,,\r\n";
        let rows = parse_group_rows(text.as_bytes(), 7).unwrap();
        let paths: Vec<Vec<&str>> =
            rows.iter().map(|row| row.path.iter().map(String::as_str).collect()).collect();
        assert_eq!(paths, [vec!["Science", "Physics"], vec!["Science", "A/B\\C"], vec!["Science"]]);
        let keys: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.member.identifiers.iter().map(acta_xapi::Ifi::to_key).collect())
            .collect();
        assert_eq!(keys.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0]);
        assert!(keys[1][0].contains("bob"), "{keys:?}");
        let [from, until] = ["2024-02-29", "2025-01-01"].map(|date| date.parse().ok());
        assert_eq!(rows[0].period, MembershipPeriod { from, until });
        assert_eq!((rows[0].kind.as_deref(), rows[1].kind.as_deref()), (Some("unit"), None));
        assert_eq!(rows.iter().map(|row| row.member.line).collect::<Vec<_>>(), [9, 10, 11]);
    }

    #[test]
    fn names_what_is_wrong_with_its_line_and_column() {
        check_faults("", &["line 1: expected a line with the names"]);
        check_faults("kind,mbox\n", &["line 1: expected a column group"]);
        check_faults("group,group\n", &["line 1, column group: it is there twice"]);
        check_faults(
            "group,colour\n",
            &["line 1, column colour: there is no column with this name"],
        );
        check_faults("group,account.name\n", &["line 1: expected both columns"]);
        check_faults(&format!("group{}\n", ",x".repeat(10)), &["line 1: expected at most 10"]);
        check_faults(
            "group,person,mbox,from,until\n\
             ,,ada@example.org,,\n\
             A//B,,,,\n\
             A\\B,,,,\n\
             A,x,,,\n\
             A,,ada,,\n\
             A,,ada@example.org,2024-02-30,\n\
             A,,ada@example.org,,1.2.2024\n\
             A,,ada@example.org,2024-02-01,2024-02-01\n\
             A,,,2024-02-01,\n\
             A,,\n\
             A,00000000-0000-4000-8000-000000000001,ada@example.org,,\n",
            &[
                "line 2, column group: expected the name of a group",
                "line 3, column group: expected the names of 1 to 16 groups",
                "line 4, column group: expected / or \\",
                "line 5, column person: expected the id of a person",
                "line 6, column mbox: expected a mailbox",
                "line 7, column from: expected a date such as 2026-09-01",
                "line 8, column until: expected a date such as 2026-09-01",
                "line 9, column until: expected a date after that",
                "line 10: expected who is a member",
                "line 11: expected 5 values, found 3",
                "line 12: expected one identifier",
            ],
        );
    }

    #[test]
    fn paths_are_read_as_they_were_written() {
        for names in [vec!["a"], vec!["a/b", "c\\"], vec!["\\/", "/\\", "x y"]] {
            let text = write_path(names.iter().copied());
            assert_eq!(read_path(&text).unwrap(), names, "{text}");
        }
    }
}
