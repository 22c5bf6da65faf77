//! What is found for one question.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use crate::query::fault::QuestionFault;
use crate::rows::fields::Domain;
use crate::tenant::Texts;

/// What has been found for a question, so that it is in memory once however often it is named.
#[derive(Debug)]
pub(crate) struct Memo<F> {
    fields: RefCell<HashMap<String, F>>,
    lists: OnceCell<Arc<Lists>>,
    /// Bytes of memory of what was found.
    bytes: Cell<usize>,
    bytes_max: usize,
}

impl<F: Clone> Memo<F> {
    /// Of nothing yet, for at most so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let fields = RefCell::default();
        Self { fields, lists: OnceCell::new(), bytes: Cell::new(0), bytes_max }
    }

    /// The field with a name, if it has been found.
    pub(crate) fn field(&self, name: &str) -> Option<F> {
        self.fields.borrow().get(name).cloned()
    }

    /// Notes the field with a name.
    pub(crate) fn note(&self, name: &str, field: &F) {
        self.fields.borrow_mut().insert(name.to_owned(), field.clone());
    }

    /// Bytes of memory that were counted.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    /// Counts bytes of memory.
    ///
    /// # Errors
    ///
    /// If all together are too many.
    pub(crate) fn charge(&self, bytes: usize, place: &str) -> Result<(), QuestionFault> {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if self.bytes.get() <= self.bytes_max {
            return Ok(());
        }
        let text = format!("the fields so far take more than {} bytes of memory", self.bytes_max);
        Err(QuestionFault::new(place, text))
    }

    /// Lists that are made for this question, in as many bytes of memory as are left.
    ///
    /// # Errors
    ///
    /// If they take too much memory: `make` gives nothing then.
    pub(crate) fn make_lists(
        &self,
        make: impl FnOnce(usize) -> Option<Lists>,
        place: &str,
    ) -> Result<Arc<Lists>, QuestionFault> {
        let lists = make(self.bytes_max.saturating_sub(self.bytes.get()));
        self.charge(lists.as_ref().map_or(usize::MAX, Lists::memory_bytes), place)?;
        Ok(Arc::new(lists.unwrap_or_default()))
    }

    /// All lists of activities.
    ///
    /// # Errors
    ///
    /// If they take too much memory.
    pub(crate) fn lists(&self, texts: &Texts, place: &str) -> Result<Arc<Lists>, QuestionFault> {
        if let Some(lists) = self.lists.get() {
            return Ok(Arc::clone(lists));
        }
        let lists = Arc::clone(self.lists.get_or_init(|| Arc::new(Lists::of(texts))));
        self.charge(lists.memory_bytes(), place)?;
        Ok(lists)
    }
}

/// Lists of activities or groups by their codes, each once.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// For each list where it ends in `codes`.
    ends: Vec<u32>,
    codes: Vec<u32>,
}

impl Lists {
    /// Adds the next list, each code once.
    pub(super) fn push(&mut self, mut codes: Vec<u32>) {
        codes.sort_unstable();
        codes.dedup();
        self.codes.append(&mut codes);
        self.ends.push(u32::try_from(self.codes.len()).unwrap_or(u32::MAX));
    }

    /// Bytes of memory, about.
    pub(super) fn memory_bytes(&self) -> usize {
        4 * (self.ends.len() + self.codes.len())
    }

    fn of(texts: &Texts) -> Self {
        let mut lists = Self::default();
        for code in 0..=texts.of(Domain::Lists).len() {
            lists.push(texts.list(code).collect());
        }
        lists
    }

    /// The codes of a list.
    pub(crate) fn list(&self, code: u32) -> &[u32] {
        let code = code as usize;
        let start = code.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(code).copied().unwrap_or_default();
        self.codes.get(start.unwrap_or_default() as usize..end as usize).unwrap_or_default()
    }
}
