//! Persons as comma-separated values: a row is a person, each identifier has a column of its own.
//!
//! The columns are `person` (the id), `name`, `mbox`, `mbox_sha1sum`, `openid`,
//! `account.homePage` and `account.name`, which go together in pairs, and attributes by their
//! names. Columns of identifiers may be there several times.
//!
//! Spec: RFC 4180.

use std::borrow::Cow;
use std::collections::BTreeMap;

use acta_storage::directory::{AttributeName, JoinedPerson, PersonId};
use acta_xapi::{Ifi, Iri, Mbox, Version, parse_actor};

use crate::AdminFault;

/// Most rows of an import.
pub(super) const ROWS_MAX: usize = 10_000;

/// Most faults that are reported.
pub(super) const FAULTS_MAX: usize = 100;

/// Most columns of an import: as many as an export has. An account takes two.
const COLUMNS_MAX: usize =
    2 + 5 * JoinedPerson::IDENTIFIERS_MAX + JoinedPerson::ATTRIBUTE_NAMES_MAX;

/// Longest name of a column that a fault repeats, in characters.
const SHOWN_CHARS_MAX: usize = 60;

/// A row of an import: what it does not say stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportRow {
    /// The line in the text, from 1.
    pub line: u64,
    /// The person that it is about.
    pub person: Option<PersonId>,
    /// The name.
    pub name: Option<String>,
    /// The identifiers.
    pub identifiers: Vec<Ifi>,
    /// The attributes.
    pub attributes: BTreeMap<AttributeName, String>,
}

impl ImportRow {
    /// Adds what it says to a person.
    pub(super) fn apply(&self, person: &mut JoinedPerson) {
        if let Some(name) = &self.name {
            person.name = Some(name.clone());
        }
        for identifier in &self.identifiers {
            if !person.identifiers.contains(identifier) {
                person.identifiers.push(identifier.clone());
            }
        }
        person.attributes.extend(self.attributes.clone());
    }
}

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    Person,
    Name,
    Mbox,
    MboxSha1,
    OpenId,
    HomePage,
    AccountName,
    Attribute(AttributeName),
}

impl ColumnKind {
    pub(super) fn find(name: &str) -> Result<Self, String> {
        Ok(match name {
            "person" => Self::Person,
            "name" => Self::Name,
            "mbox" => Self::Mbox,
            "mbox_sha1sum" => Self::MboxSha1,
            "openid" => Self::OpenId,
            "account.homePage" => Self::HomePage,
            "account.name" => Self::AccountName,
            other => {
                let attribute = other.parse::<AttributeName>();
                Self::Attribute(attribute.map_err(|not| {
                    format!(
                        "there is no column with this name; the columns are person, name, mbox, \
                         mbox_sha1sum, openid, account.homePage, account.name and attributes: {not}"
                    )
                })?)
            }
        })
    }

    /// Whether several columns of this kind may be there.
    const fn is_repeated(&self) -> bool {
        match self {
            Self::Mbox | Self::MboxSha1 | Self::OpenId | Self::HomePage | Self::AccountName => true,
            Self::Person | Self::Name | Self::Attribute(_) => false,
        }
    }
}

struct Column {
    name: String,
    kind: ColumnKind,
}

/// A fault in a row.
pub(super) fn row_fault(line: u64, column: Option<&str>, text: &str) -> AdminFault {
    let shown = |column: &str| column.chars().take(SHOWN_CHARS_MAX).collect::<String>();
    let column = column.map(|column| format!(", column {}", shown(column))).unwrap_or_default();
    AdminFault::new("", format!("line {line}{column}: {text}"))
}

/// The mark that some programs put before a text in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn reader_of(text: &[u8]) -> csv::Reader<&[u8]> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text)
}

/// A part of comma-separated values, with the line of names before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvPiece {
    /// The text.
    pub text: Vec<u8>,
    /// How many rows it has.
    pub rows: usize,
    /// How many lines are left out behind the line of names.
    pub lines_before: u64,
}

/// Cuts comma-separated values into parts of at most so many rows and about so many bytes, none of
/// them within a row.
pub fn split_csv(text: &[u8], rows_max: usize, bytes_max: usize) -> Vec<CsvPiece> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader = reader_of(text);
    let place = |position: &csv::Position| {
        let byte = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        (byte.min(text.len()), position.line())
    };
    let mut record = csv::ByteRecord::new();
    let mut read = || {
        // A faulty text is cut no further, and what is wrong is reported when it is parsed.
        let is_there = reader.read_byte_record(&mut record).unwrap_or(false);
        (is_there, place(reader.position()))
    };
    let (_, (head_end, first_line)) = read();
    let head = &text[..head_end];
    let (mut start, mut lines_before, mut rows) = (head_end, 0, 0);
    let mut pieces = Vec::new();
    let mut cut = |start: usize, end: usize, rows: usize, lines_before: u64| {
        let text = [head, &text[start..end]].concat();
        pieces.push(CsvPiece { text, rows, lines_before });
    };
    loop {
        let (is_there, (end, line)) = read();
        if !is_there {
            if start < text.len() || start == head_end {
                cut(start, text.len(), rows, lines_before);
            }
            return pieces;
        }
        rows += 1;
        if rows_max <= rows || bytes_max <= end - start {
            cut(start, end, rows, lines_before);
            (start, lines_before, rows) = (end, line.saturating_sub(first_line), 0);
        }
    }
}

/// Reads rows. `lines_before` lines were left out behind the line of names; faults count them.
///
/// # Errors
///
/// Every fault with its line and column, up to a number.
pub fn parse_rows(text: &[u8], lines_before: u64) -> Result<Vec<ImportRow>, Vec<AdminFault>> {
    // The positions that the reader gives are those in the text without it.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reader = reader_of(text);
    let mut parser = Parser { columns: Vec::new(), faults: Vec::new() };
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(1, csv::Position::line) + lines_before;
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

/// The line on which the record at a position begins. The reader gives the position before the
/// second byte of a line end, and before empty lines.
pub(super) fn line_at(text: &[u8], position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(from..).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

struct Parser {
    columns: Vec<Column>,
    faults: Vec<AdminFault>,
}

impl Parser {
    /// Whether what follows makes no sense, or there are enough faults.
    fn is_given_up(&self) -> bool {
        self.columns.is_empty() && !self.faults.is_empty() || FAULTS_MAX <= self.faults.len()
    }

    fn read_header(&mut self, record: &csv::StringRecord, line: u64) {
        if COLUMNS_MAX < record.len() {
            let text = format!("expected at most {COLUMNS_MAX} columns");
            self.faults.push(row_fault(line, None, &text));
            return;
        }
        let mut columns: Vec<Column> = Vec::new();
        for name in record.iter().map(str::trim) {
            if FAULTS_MAX <= self.faults.len() {
                return;
            }
            match ColumnKind::find(name) {
                Ok(kind) if !kind.is_repeated() && columns.iter().any(|it| it.kind == kind) => {
                    self.faults.push(row_fault(line, Some(name), "it is there twice"));
                }
                Ok(kind) => columns.push(Column { name: name.to_owned(), kind }),
                Err(text) => self.faults.push(row_fault(line, Some(name), &text)),
            }
        }
        let count = |kind: &ColumnKind| columns.iter().filter(|it| it.kind == *kind).count();
        if count(&ColumnKind::HomePage) != count(&ColumnKind::AccountName) {
            let text = "expected as many columns account.homePage as account.name";
            self.faults.push(row_fault(line, None, text));
        }
        let tells_whose =
            |column: &Column| !matches!(column.kind, ColumnKind::Name | ColumnKind::Attribute(_));
        if self.faults.is_empty() && !columns.iter().any(tells_whose) {
            let text = "expected a column that says whose row it is: person, mbox, mbox_sha1sum, \
                        openid, or account.homePage and account.name";
            self.faults.push(row_fault(line, None, text));
        }
        if self.faults.is_empty() {
            self.columns = columns;
        }
    }

    fn read_row(&mut self, record: &csv::StringRecord, line: u64) -> ImportRow {
        let mut row = ImportRow { line, ..ImportRow::default() };
        if record.len() != self.columns.len() {
            let text = format!("expected {} values, found {}", self.columns.len(), record.len());
            self.faults.push(row_fault(line, None, &text));
            return row;
        }
        let faults_before = self.faults.len();
        let (mut pages, mut names) = (Vec::new(), Vec::new());
        for (column, cell) in self.columns.iter().zip(record) {
            let cell = unescaped(cell);
            let cell = &*cell;
            if column.kind == ColumnKind::HomePage {
                pages.push((cell.to_owned(), column.name.as_str()));
            } else if column.kind == ColumnKind::AccountName {
                names.push(cell.to_owned());
            } else if !cell.is_empty()
                && let Err(text) = read_cell(&mut row, &column.kind, cell)
            {
                self.faults.push(row_fault(line, Some(&column.name), &text));
            }
        }
        for ((page, column), name) in pages.into_iter().zip(names) {
            match read_account(&page, &name) {
                Ok(account) => row.identifiers.extend(account),
                Err(text) => self.faults.push(row_fault(line, Some(column), text)),
            }
        }
        if JoinedPerson::IDENTIFIERS_MAX < row.identifiers.len() {
            let most = JoinedPerson::IDENTIFIERS_MAX;
            self.faults.push(row_fault(
                line,
                None,
                &format!("expected at most {most} identifiers"),
            ));
        }
        if JoinedPerson::ATTRIBUTES_MAX < row.attributes.len() {
            let most = JoinedPerson::ATTRIBUTES_MAX;
            self.faults.push(row_fault(line, None, &format!("expected at most {most} attributes")));
        }
        let is_read = self.faults.len() == faults_before;
        if is_read && row.identifiers.is_empty() && row.person.is_none() {
            let text = "expected an identifier, or the id of a person";
            self.faults.push(row_fault(line, None, text));
        }
        row
    }
}

/// The characters at which some programs split a line into cells, or a text into lines.
const SEPARATORS: [char; 4] = [';', '\t', '\r', '\n'];

/// A cell as [`write_rows`] writes it, without quotes: each part that a spreadsheet could take for
/// a formula has an apostrophe before it, also behind a character at which it may split the line. A
/// cell that begins or ends with blanks is between apostrophes, so that they are not taken away.
fn escaped(cell: &str) -> Cow<'_, str> {
    let parts = cell.split_inclusive(SEPARATORS);
    let cell = if parts.clone().any(is_formula) {
        Cow::Owned(parts.fold(String::new(), |mut cell, part| {
            if is_formula(part) {
                cell.push('\'');
            }
            cell.push_str(part);
            cell
        }))
    } else {
        Cow::Borrowed(cell)
    };
    if has_blank_end(&cell) || between_apostrophes(&cell).is_some() {
        Cow::Owned(format!("'{cell}'"))
    } else {
        cell
    }
}

/// The cell that was [`escaped`]; of others, blanks around it are left out.
pub(super) fn unescaped(cell: &str) -> Cow<'_, str> {
    let cell = between_apostrophes(cell).unwrap_or_else(|| cell.trim());
    let mark = |part: &str| part.strip_prefix('\'').is_some_and(is_formula);
    let parts = cell.split_inclusive(SEPARATORS);
    if !parts.clone().any(mark) {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(parts.map(|part| if mark(part) { &part[1..] } else { part }).collect())
}

fn has_blank_end(cell: &str) -> bool {
    cell.starts_with(char::is_whitespace) || cell.ends_with(char::is_whitespace)
}

/// What is between apostrophes, if it begins or ends with blanks, or is such a cell itself.
fn between_apostrophes(cell: &str) -> Option<&str> {
    fn inner_of(cell: &str) -> Option<&str> {
        cell.strip_prefix('\'')?.strip_suffix('\'')
    }
    let inner = inner_of(cell)?;
    let mut deepest = inner;
    while !has_blank_end(deepest) {
        deepest = inner_of(deepest)?;
    }
    Some(inner)
}

/// Whether a spreadsheet could take it for a formula, or for a text with an apostrophe before it.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\0'])
}

pub(super) fn read_cell(row: &mut ImportRow, kind: &ColumnKind, cell: &str) -> Result<(), String> {
    let identifier = match kind {
        ColumnKind::Person => {
            let id = cell.parse().map_err(|_not| "expected the id of a person, a UUID".to_owned());
            row.person = Some(id?);
            return Ok(());
        }
        ColumnKind::Name => {
            check_text(cell)?;
            row.name = Some(cell.to_owned());
            return Ok(());
        }
        ColumnKind::Attribute(name) => {
            check_text(cell)?;
            row.attributes.insert(name.clone(), cell.to_owned());
            return Ok(());
        }
        ColumnKind::Mbox => {
            let iri = match cell.strip_prefix("mailto:") {
                Some(_) => cell.to_owned(),
                None => format!("mailto:{cell}"),
            };
            let mbox = iri.parse::<Mbox>();
            Ifi::Mbox(mbox.map_err(|_not| "expected a mailbox such as ada@example.org".to_owned())?)
        }
        ColumnKind::MboxSha1 => {
            let text = serde_json::json!({ "mbox_sha1sum": cell }).to_string();
            let actor = parse_actor(text.as_bytes(), Version::V2_0_0);
            let sum = actor.ok().and_then(|actor| actor.ifi);
            sum.ok_or_else(|| "expected 40 hexadecimal digits".to_owned())?
        }
        ColumnKind::OpenId => {
            let iri = cell.parse::<Iri>().map_err(|_not| "expected an IRI".to_owned());
            Ifi::OpenId(iri?)
        }
        ColumnKind::HomePage | ColumnKind::AccountName => return Ok(()),
    };
    row.identifiers.push(identifier);
    Ok(())
}

fn check_text(cell: &str) -> Result<(), String> {
    let most = JoinedPerson::TEXT_CHARS_MAX;
    if cell.chars().nth(most).is_some() || cell.contains(char::is_control) {
        return Err(format!("expected at most {most} characters, without control characters"));
    }
    Ok(())
}

pub(super) fn read_account(page: &str, name: &str) -> Result<Option<Ifi>, &'static str> {
    match (page.is_empty(), name.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => {
            let home_page = page.parse().map_err(|_not| "expected an IRI")?;
            Ok(Some(Ifi::Account { home_page, name: name.into() }))
        }
        (true, false) | (false, true) => {
            Err("expected both a home page and a name of an account, or neither")
        }
    }
}

/// Which columns an export has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportColumns {
    /// How many columns there are for mailboxes, their SHA-1 sums, identifiers of `openid` and
    /// accounts.
    pub identifiers: [usize; 4],
    /// The names of attributes.
    pub attributes: Vec<AttributeName>,
}

pub(super) const fn kind_of(identifier: &Ifi) -> usize {
    match identifier {
        Ifi::Mbox(_) => 0,
        Ifi::MboxSha1(_) => 1,
        Ifi::OpenId(_) => 2,
        Ifi::Account { .. } => 3,
    }
}

impl ExportColumns {
    /// The columns for all persons.
    pub fn of(persons: &acta_storage::persons::Persons) -> Self {
        let starts = ["{\"mbox\":", "{\"mbox_sha1sum\":", "{\"openid\":", "{\"account\":"];
        Self {
            identifiers: starts.map(|start| persons.most_identifiers(|key| key.starts_with(start))),
            attributes: persons.attribute_names().filter_map(|name| name.parse().ok()).collect(),
        }
    }

    /// The line with the names.
    pub fn head(&self) -> String {
        let names: [&[&str]; 4] =
            [&["mbox"], &["mbox_sha1sum"], &["openid"], &["account.homePage", "account.name"]];
        let mut cells = vec!["person", "name"];
        for (names, count) in names.into_iter().zip(self.identifiers) {
            (0..count).for_each(|_| cells.extend(names));
        }
        cells.extend(self.attributes.iter().map(AttributeName::as_str));
        format!("{}\r\n", cells.join(","))
    }
}

/// Writes persons as rows that an import takes. A value that a spreadsheet could take for a formula
/// gets an apostrophe before it, which makes it a text. Somebody who has more identifiers than
/// there are columns, because of a change since they were counted, has several rows.
///
/// Spec: RFC 4180, 2; OWASP ASVS 5.0, 1.2.10.
pub fn write_rows(columns: &ExportColumns, persons: &[JoinedPerson]) -> String {
    let mut out = String::new();
    for person in persons {
        let mut of_kind: [Vec<&Ifi>; 4] = Default::default();
        for identifier in &person.identifiers {
            of_kind[kind_of(identifier)].push(identifier);
        }
        // There is no column at all for a kind that nobody had when they were counted.
        let kinds = of_kind.iter().zip(columns.identifiers).filter(|(_, count)| *count != 0);
        let rows = kinds.map(|(of_kind, count)| of_kind.len().div_ceil(count)).max();
        let rows = rows.unwrap_or_default().max(1);
        for row in 0..rows {
            write_row(&mut out, columns, (person, &of_kind, row));
        }
    }
    out
}

fn write_row(
    out: &mut String,
    columns: &ExportColumns,
    (person, of_kind, row): (&JoinedPerson, &[Vec<&Ifi>; 4], usize),
) {
    let mut cells = vec![person.id.to_string(), person.name.clone().unwrap_or_default()];
    for ((kind, of_kind), count) in of_kind.iter().enumerate().zip(columns.identifiers) {
        let width = if kind == 3 { 2 } else { 1 };
        let of_row = of_kind.iter().skip(row * count).take(count);
        let mut written: Vec<String> = of_row.flat_map(|identifier| cells_of(identifier)).collect();
        written.resize(width * count, String::new());
        cells.append(&mut written);
    }
    for name in &columns.attributes {
        cells.push(person.attributes.get(name).cloned().unwrap_or_default());
    }
    for (index, cell) in cells.iter().enumerate() {
        if index != 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

pub(super) fn cells_of(identifier: &Ifi) -> Vec<String> {
    match identifier {
        Ifi::Mbox(mbox) => vec![mbox.as_str().to_owned()],
        Ifi::MboxSha1(sum) => vec![sum.to_string()],
        Ifi::OpenId(iri) => vec![iri.as_str().to_owned()],
        Ifi::Account { home_page, name } => vec![home_page.as_str().to_owned(), name.to_string()],
    }
}

pub(super) fn write_cell(out: &mut String, cell: &str) {
    let escaped = escaped(cell);
    if escaped == cell && !cell.contains(['"', ',', ';', '\t', '\r', '\n']) {
        out.push_str(cell);
        return;
    }
    out.push('"');
    out.push_str(&escaped.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests;
