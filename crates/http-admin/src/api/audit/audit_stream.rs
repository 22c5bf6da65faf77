//! Audit entries as lines of text.

use acta_storage::AuditEntry;

use super::query::ExportFormat;
use super::view::EntryView;

impl ExportFormat {
    /// Its name, as recorded in the audit.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// The value of `Content-Type`.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// What stands before the first entry.
    pub(super) fn head(self) -> String {
        match self {
            Self::JsonLines => String::new(),
            Self::Csv => format!("{}\r\n", COLUMNS.join(",")),
        }
    }

    /// Appends an entry.
    pub(super) fn write(self, out: &mut String, entry: &AuditEntry) {
        match self {
            Self::JsonLines => {
                // Texts and numbers cannot fail to be written.
                out.push_str(&serde_json::to_string(&EntryView::of(entry)).unwrap_or_default());
                out.push('\n');
            }
            Self::Csv => write_row(out, entry),
        }
    }
}

/// The names of the columns.
const COLUMNS: [&str; 10] =
    ["sequence", "id", "at", "who", "from", "act", "target", "outcome", "detail", "hash"];

fn write_row(out: &mut String, entry: &AuditEntry) {
    let content = &entry.content;
    let cells: [&str; 10] = [
        &entry.sequence.to_string(),
        &content.id.to_string(),
        &content.at.to_string(),
        &content.who.to_string(),
        &content.from,
        &content.act,
        &content.target,
        content.outcome.as_str(),
        &content.detail,
        &entry.hash.to_string(),
    ];
    for (index, cell) in cells.into_iter().enumerate() {
        if 0 < index {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

/// Appends a value. One that a spreadsheet could take for a formula gets an apostrophe before
/// it, which makes it a text.
///
/// Spec: RFC 4180, 2; OWASP ASVS 5.0, 1.2.10.
fn write_cell(out: &mut String, cell: &str) {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
    let is_quoted = is_formula || cell.contains(['"', ',', '\r', '\n']);
    if !is_quoted {
        out.push_str(cell);
        return;
    }
    out.push('"');
    if is_formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let table = [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("a=1", "a=1"),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
        ];
        for (cell, expected) in table {
            let mut out = String::new();
            write_cell(&mut out, cell);
            assert_eq!(out, expected, "{cell:?}");
        }
    }
}
