//! Statements that have not arrived yet.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;

/// Statements in the order of their arrival, and texts to write the next ones into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    /// Time of arrival, number and place of the text. Those that arrive at once keep their order.
    waiting: BinaryHeap<Reverse<(i64, u64, usize)>>,
    texts: Vec<String>,
    free: Vec<usize>,
    count: u64,
}

impl Queue {
    /// Adds a statement that `write` appends to an empty text.
    pub(crate) fn push(&mut self, arrival_ms: i64, write: impl FnOnce(&mut String)) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.texts.push(String::new());
            self.texts.len() - 1
        });
        let text = &mut self.texts[place];
        text.clear();
        write(text);
        self.waiting.push(Reverse((arrival_ms, self.count, place)));
        self.count += 1;
    }

    /// Replaces `text` by the next statement, if it arrives before `end_ms`.
    pub(crate) fn pop_before(&mut self, end_ms: i64, text: &mut String) -> bool {
        let is_due = self.waiting.peek().is_some_and(|Reverse((arrival, ..))| *arrival < end_ms);
        let Some(Reverse((_, _, place))) = is_due.then(|| self.waiting.pop()).flatten() else {
            return false;
        };
        // The text that is given back has room for another statement.
        mem::swap(text, &mut self.texts[place]);
        self.free.push(place);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pop_before_gives_statements_in_the_order_of_their_arrival() {
        let mut queue = Queue::default();
        for (arrival, text) in [(5, "c"), (3, "a"), (9, "e"), (5, "d"), (4, "b")] {
            queue.push(arrival, |out| out.push_str(text));
        }
        let mut found = Vec::new();
        let mut text = "old".to_owned();
        while queue.pop_before(9, &mut text) {
            found.push(text.clone());
        }
        assert_eq!(found, ["a", "b", "c", "d"]);
        queue.push(1, |out| out.push('f'));
        assert!(queue.pop_before(i64::MAX, &mut text) && text == "f");
        assert!(queue.pop_before(i64::MAX, &mut text) && text == "e");
        assert!(!queue.pop_before(i64::MAX, &mut text));
    }
}
