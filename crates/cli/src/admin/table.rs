//! Tables on a terminal with aligned columns.

use crate::terminal;

/// A table with a header row.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    columns: usize,
}

/// Blanks between two columns.
const GAP: usize = 2;

impl Table {
    /// An empty table with these columns.
    pub(crate) fn new(head: &[&str]) -> Self {
        let rows = vec![head.iter().map(|name| (*name).to_owned()).collect()];
        Self { rows, columns: head.len() }
    }

    /// Adds a row. Missing cells are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) -> &mut Self {
        let mut row: Vec<String> = cells.into_iter().map(|cell| plain(&cell.into())).collect();
        row.resize(self.columns, String::new());
        self.rows.push(row);
        self
    }

    /// The lines of the table: on a terminal within its width, otherwise a line for each row.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines_within(terminal::width())
    }

    /// The lines of the table. Cells wrap at blanks if the table is wider than `width` characters.
    /// Words are never split, so a table may be wider nevertheless.
    fn lines_within(&self, width: Option<usize>) -> Vec<String> {
        let widths = self.widths(width);
        let mut lines = Vec::new();
        for row in &self.rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            lines.extend((0..height).map(|line| join(&cells, &widths, line)));
        }
        lines
    }

    /// The width of each column: that of its longest text, or less if all together are wider than
    /// `width`.
    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let longest = |of: fn(&str) -> usize| -> Vec<usize> {
            let column = |column| self.rows.iter().filter_map(move |row| row.get(column));
            let longest = |cells: &mut dyn Iterator<Item = &String>| {
                cells.map(|cell| of(cell)).max().unwrap_or(0)
            };
            (0..self.columns).map(|number| longest(&mut column(number))).collect()
        };
        let mut widths = longest(|text| text.chars().count());
        let Some(width) = width else { return widths };
        let words =
            longest(|text| text.split(' ').map(|word| word.chars().count()).max().unwrap_or(0));
        let gaps = GAP * self.columns.saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        while 0 < excess {
            // The widest column that can still be narrower gives way.
            let shrinking = widths.iter_mut().zip(&words).filter(|(width, word)| **word < **width);
            let Some((widest, _)) = shrinking.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
            excess -= 1;
        }
        widths
    }
}

/// Escapes control characters, so that a text from outside cannot control the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Wraps a text at blanks to lines of at most `width` characters, if no word is longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        let room = width.saturating_sub(line.chars().count() + 1);
        if !line.is_empty() && room < word.chars().count() {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// One line of a row.
fn join(cells: &[Vec<String>], widths: &[usize], line: usize) -> String {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let piece = cell.get(line).map_or("", String::as_str);
        text.push_str(piece);
        let missing = width.saturating_sub(piece.chars().count()) + GAP;
        text.extend(std::iter::repeat_n(' ', missing));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["ID", "NAME", "STATE"]);
        table.row(["1", "first", "open"]).row(["12", "ä", ""]).row(["3"]);
        assert_eq!(table.lines(), ["ID  NAME   STATE", "1   first  open", "12  ä", "3"]);
    }

    #[test]
    fn texts_wrap_only_where_the_width_is_limited() {
        let mut table = Table::new(&["ID", "NAME", "NOTE"]);
        let id = "a".repeat(36);
        table.row([id.as_str(), "one two", "three four five"]);
        let whole = [
            format!("ID{}  NAME     NOTE", " ".repeat(34)),
            format!("{id}  one two  three four five"),
        ];
        assert_eq!(table.lines_within(None), whole);
        assert_eq!(table.lines_within(Some(62)), whole);
        let narrower = [
            format!("ID{}  NAME     NOTE", " ".repeat(34)),
            format!("{id}  one two  three four"),
            format!("{}  five", " ".repeat(45)),
        ];
        assert_eq!(table.lines_within(Some(57)), narrower);
        let narrowest = [
            format!("ID{}  NAME  NOTE", " ".repeat(34)),
            format!("{id}  one   three"),
            format!("{}  two   four", " ".repeat(36)),
            format!("{}        five", " ".repeat(36)),
        ];
        assert_eq!(table.lines_within(Some(10)), narrowest, "no word is split");
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut table = Table::new(&["NAME"]);
        table.row(["a\u{1b}[2Jb\nc\td"]);
        assert_eq!(table.lines()[1], "a [2Jb c d");
    }
}
