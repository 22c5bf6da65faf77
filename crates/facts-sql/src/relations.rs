//! The tables of persons, groups, their members, and activities.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use acta_facts::{Relation, RelationRows, Table};

use crate::SqlError;
use crate::plan::{
    Cell, Ended, Estimate, Kind, Op, Operand, Plan, Scan, Source, Step, Use, VALUES_MAX,
};
use crate::watch::Watch;

/// The column by which rows are found.
const KEY: usize = 0;

/// A relation at one moment, whose rows are gathered when it is read first.
#[derive(Clone, Debug)]
pub(crate) struct Related {
    table: Arc<Table>,
    watch: Arc<Watch>,
    relation: Relation,
    rows: Arc<OnceLock<RelationRows>>,
}

/// Reads the rows of a relation.
pub(crate) struct RelatedScan {
    related: Related,
    /// The places of rows that are still to be read, the next at the end.
    places: Vec<Range<usize>>,
    at: Option<usize>,
}

impl Related {
    pub(crate) fn new(table: &Arc<Table>, watch: &Arc<Watch>, relation: Relation) -> Self {
        let (table, watch) = (Arc::clone(table), Arc::clone(watch));
        Self { table, watch, relation, rows: Arc::default() }
    }

    fn rows(&self) -> Result<&RelationRows, Ended> {
        if let Some(rows) = self.rows.get() {
            return Ok(rows);
        }
        let stop = || self.watch.is_over();
        let end = |cause| {
            self.watch.note(cause);
            Ended
        };
        let rows = self.table.relation(self.relation, &stop);
        let rows = rows.map_err(|error| end(SqlError::Io(error)))?;
        let rows = rows.ok_or_else(|| end(SqlError::Stopped))?;
        Ok(self.rows.get_or_init(|| rows))
    }
}

impl Source for Related {
    type Scan = RelatedScan;

    fn declaration(&self) -> String {
        let columns = self.relation.columns().iter().map(|name| format!("\"{name}\" TEXT"));
        let columns = columns.collect::<Vec<_>>().join(", ");
        format!("CREATE TABLE {}({columns})", self.relation.name())
    }

    fn use_of(&self, step: Step, kind: Option<Kind>) -> Use {
        match (step, kind) {
            (Step { column: KEY, op: Op::Equal }, Some(Kind::Text)) => Use::Exact,
            (Step { column: KEY, op: Op::Equal | Op::In }, _) => Use::Narrow,
            _ => Use::Nothing,
        }
    }

    fn estimate(&self, steps: &[Step]) -> Estimate {
        let is_equal = steps.iter().any(|step| step.op == Op::Equal);
        let is_unique = is_equal && self.relation.is_unique();
        let rows = match steps.first() {
            Some(_) if is_unique => 1,
            Some(_) => 20,
            None => 20_000,
        };
        Estimate { cost: f64::from(rows), rows: rows.into(), is_unique }
    }

    fn scan(&self) -> RelatedScan {
        RelatedScan { related: self.clone(), places: Vec::new(), at: None }
    }
}

/// The texts by which rows are to be found; none if they cannot be found by them.
fn keys(operands: &[Operand]) -> Option<BTreeSet<&str>> {
    let mut keys = BTreeSet::new();
    for operand in operands {
        match operand {
            Operand::Null => {}
            // No text of a relation has bytes that are no UTF-8.
            Operand::Text(text) => keys.extend(str::from_utf8(text)),
            Operand::Whole(_) | Operand::Number(_) | Operand::Blob => return None,
        }
    }
    (operands.len() <= VALUES_MAX).then_some(keys)
}

impl Scan for RelatedScan {
    fn begin(&mut self, plan: &Plan, operands: &[Vec<Operand>]) -> Result<(), Ended> {
        debug_assert_eq!(plan.steps.len(), operands.len(), "each step has its values");
        let found = self.related.rows()?;
        let mut wanted: Option<BTreeSet<&str>> = None;
        for keys in operands.iter().filter_map(|operands| keys(operands)) {
            wanted = Some(match wanted {
                Some(wanted) => keys.intersection(&wanted).copied().collect(),
                None => keys,
            });
        }
        self.places = match wanted {
            Some(keys) => {
                let table = &self.related.table;
                keys.into_iter().rev().map(|key| table.find_in(found, key)).collect()
            }
            None => std::iter::once(0..found.len()).collect(),
        };
        self.advance()
    }

    fn advance(&mut self) -> Result<(), Ended> {
        self.at = None;
        while let Some(places) = self.places.last_mut() {
            if let Some(place) = places.next() {
                self.at = Some(place);
                break;
            }
            self.places.pop();
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.at.is_none()
    }

    fn cell(&self, column: usize, put: &mut dyn FnMut(Cell<'_>)) {
        let rows = self.related.rows.get().zip(self.at);
        let text = rows.and_then(|(rows, place)| self.related.table.value_in(rows, place, column));
        put(text.as_deref().map_or(Cell::Null, Cell::Text));
    }

    fn row_number(&self) -> i64 {
        self.at.and_then(|place| i64::try_from(place).ok()).unwrap_or_default()
    }
}
