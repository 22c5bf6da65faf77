//! Tables on a terminal with aligned columns.

/// A table with a header row.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    columns: usize,
}

impl Table {
    /// Maximum width of every column but the last, in characters; longer texts wrap.
    const WIDTH_MAX: usize = 40;

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

    /// The lines of the table.
    pub(crate) fn lines(&self) -> Vec<String> {
        let widths: Vec<usize> = (0..self.columns).map(|column| self.width(column)).collect();
        let mut lines = Vec::new();
        for row in &self.rows {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
            let height = cells.iter().map(Vec::len).max().unwrap_or(0);
            lines.extend((0..height).map(|line| join(&cells, &widths, line)));
        }
        lines
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        let is_last = column + 1 == self.columns;
        if is_last { widest } else { widest.min(Self::WIDTH_MAX) }
    }
}

/// Escapes control characters, so that a text from outside cannot control the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Wraps a text to lines of at most `width` characters, at spaces if there are any.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        let room = width.saturating_sub(line.chars().count() + 1);
        if !line.is_empty() && room < word.chars().count() {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        for letter in word.chars() {
            if line.chars().count() == width.max(1) {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
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
        let missing = width.saturating_sub(piece.chars().count()) + 2;
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
    fn long_texts_wrap_and_the_last_column_does_not() {
        let mut table = Table::new(&["NAME", "NOTE"]);
        let long = format!("{} {}", "a".repeat(39), "b".repeat(41));
        table.row([long, "c".repeat(50)]);
        let expected = [
            format!("NAME{}NOTE", " ".repeat(38)),
            format!("{}   {}", "a".repeat(39), "c".repeat(50)),
            "b".repeat(40),
            "b".to_owned(),
        ];
        assert_eq!(table.lines(), expected);
    }

    #[test]
    fn control_characters_are_escaped() {
        let mut table = Table::new(&["NAME"]);
        table.row(["a\u{1b}[2Jb\nc\td"]);
        assert_eq!(table.lines()[1], "a [2Jb c d");
    }
}
