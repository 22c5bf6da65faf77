//! Tables of SQLite that are read from a [`Source`].
//!
//! SQLite calls the functions here through C, so no panic leaves them, and errors have no texts:
//! a text would be allocated by SQLite, which may be refused memory just then.
//!
//! One of the two files of the product with unsafe code: see `docs/adr/0025-sql.md`.

#![expect(unsafe_code, reason = "SQLite calls tables through pointers; see docs/adr")]

use std::borrow::Cow;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{Null, ToSqlOutput, ValueRef};
use rusqlite::vtab::{
    Context, Filters, IndexFlags, IndexInfo, Module, VTab, VTabConnection, VTabCursor,
    sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Connection, Error, Result, ffi};

use crate::SqlError;
use crate::heap::Pause;
use crate::plan::{Cell, Ended, Kind, Op, Operand, Plan, Scan, Source, Step, Use, VALUES_MAX};
use crate::watch::Watch;

/// Most plans of one statement.
const PLANS_MAX: usize = 10_000;

/// The plans of a table, which SQLite names by their places.
type Plans = Rc<RefCell<Vec<Rc<Plan>>>>;

/// A source, and who watches over the question.
#[derive(Clone, Debug)]
pub(crate) struct Watched<S> {
    pub(crate) source: S,
    pub(crate) watch: Arc<Watch>,
}

#[repr(C)]
struct Tab<S> {
    /// The first, as SQLite wants it.
    base: sqlite3_vtab,
    watched: Watched<S>,
    plans: Plans,
}

#[repr(C)]
struct TabCursor<S: Source> {
    /// The first, as SQLite wants it.
    base: sqlite3_vtab_cursor,
    scan: S::Scan,
    watch: Arc<Watch>,
    plans: Plans,
}

/// Adds a table to a connection.
///
/// # Errors
///
/// Those of SQLite.
pub(crate) fn add<S: Source>(
    connection: &Connection,
    name: &str,
    watched: Watched<S>,
) -> Result<()> {
    let module = const { &Module::<'static, Tab<S>>::eponymous_only_module() };
    connection.create_module(name, module, Some(watched))
}

/// Removes the tables that SQLite has of its own accord.
///
/// # Errors
///
/// Those of SQLite.
pub(crate) fn remove_all(connection: &Connection) -> Result<()> {
    // Safety: the connection is open, and without a list nothing is kept.
    let code = unsafe { ffi::sqlite3_drop_modules(connection.handle(), null_mut()) };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(bare(code)) }
}

/// An error without a text.
fn bare(code: c_int) -> Error {
    Error::SqliteFailure(ffi::Error::new(code), None)
}

/// Runs what may end early, or panic.
fn guarded(watch: &Watch, run: impl FnOnce() -> std::result::Result<(), Ended>) -> Result<()> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Ended)) => Err(bare(ffi::SQLITE_INTERRUPT)),
        Err(_panic) => {
            watch.note(SqlError::Io(std::io::Error::other("reading a table panicked")));
            Err(bare(ffi::SQLITE_INTERRUPT))
        }
    }
}

impl<S: Source> Tab<S> {
    /// Takes over the tests that the table can do itself.
    fn plan(&self, info: &mut IndexInfo) -> Result<Plan> {
        let mut plan = Plan { steps: Vec::new(), columns: info.col_used() };
        let constraints: Vec<_> = info
            .constraints()
            .map(|it| (it.column(), Op::of(&it.operator()), it.is_usable()))
            .collect();
        for (index, (column, op, is_usable)) in constraints.into_iter().enumerate() {
            let (Ok(column), Some(op), true) = (usize::try_from(column), op, is_usable) else {
                continue;
            };
            let is_in = op == Op::Equal && info.is_in_constraint(index)?;
            let step = Step { column, op: if is_in { Op::In } else { op } };
            let kind = if is_in { None } else { info.rhs_value(index)?.map(Kind::of) };
            let is_binary = info.collation(index)?.eq_ignore_ascii_case("binary");
            let usage =
                if is_binary { self.watched.source.use_of(step, kind) } else { Use::Nothing };
            if usage == Use::Nothing {
                continue;
            }
            if is_in {
                info.set_in_constraint(index, true)?;
            }
            plan.steps.push(step);
            let place = c_int::try_from(plan.steps.len()).unwrap_or(c_int::MAX);
            let mut constraint = info.constraint_usage(index);
            constraint.set_argv_index(place);
            constraint.set_omit(usage == Use::Exact);
        }
        Ok(plan)
    }
}

// Safety: `base` is the first field, and the layout is that of C.
unsafe impl<S: Source> VTab<'_> for Tab<S> {
    type Aux = Watched<S>;
    type Cursor = TabCursor<S>;

    fn connect(
        _connection: &mut VTabConnection,
        watched: Option<&Watched<S>>,
        _module: &[u8],
        _database: &[u8],
        _table: &[u8],
        _arguments: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let watched = watched.ok_or_else(|| bare(ffi::SQLITE_INTERNAL))?.clone();
        let declaration = CString::new(watched.source.declaration());
        let declaration = declaration.map_err(|_nul| bare(ffi::SQLITE_INTERNAL))?;
        let tab = Self { base: sqlite3_vtab::default(), watched, plans: Plans::default() };
        Ok((Cow::Owned(declaration), tab))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        let _pause = Pause::begin();
        let plan = self.plan(info).map_err(|error| bare(code_of(&error)))?;
        let mut plans = self.plans.borrow_mut();
        if plans.len() == PLANS_MAX {
            return Err(bare(ffi::SQLITE_TOOBIG));
        }
        let estimate = self.watched.source.estimate(&plan.steps);
        info.set_estimated_cost(estimate.cost);
        info.set_estimated_rows(estimate.rows);
        if estimate.is_unique {
            info.set_idx_flags(IndexFlags::SQLITE_INDEX_SCAN_UNIQUE);
        }
        info.set_idx_num(c_int::try_from(plans.len()).unwrap_or(c_int::MAX));
        plans.push(Rc::new(plan));
        Ok(true)
    }

    fn open(&mut self) -> Result<TabCursor<S>> {
        let Watched { source, watch } = &self.watched;
        Ok(TabCursor {
            base: sqlite3_vtab_cursor::default(),
            scan: source.scan(),
            watch: Arc::clone(watch),
            plans: Rc::clone(&self.plans),
        })
    }
}

fn code_of(error: &Error) -> c_int {
    error.sqlite_error().map_or(ffi::SQLITE_ERROR, |error| error.extended_code)
}

/// The values of the tests of a plan.
fn operands(plan: &Plan, arguments: &Filters<'_>) -> Result<Vec<Vec<Operand>>> {
    let mut operands = Vec::with_capacity(plan.steps.len());
    for (place, step) in plan.steps.iter().enumerate() {
        let mut values = Vec::new();
        if step.op == Op::In {
            let mut list = arguments.in_values(place)?;
            // With more than that, the table does not narrow.
            while values.len() <= VALUES_MAX
                && let Some(value) = list.next()?
            {
                values.push(Operand::from(value));
            }
        } else {
            values.extend(arguments.iter().nth(place).map(Operand::from));
        }
        operands.push(values);
    }
    Ok(operands)
}

// Safety: `base` is the first field, and the layout is that of C.
unsafe impl<S: Source> VTabCursor for TabCursor<S> {
    fn filter(
        &mut self,
        number: c_int,
        _text: Option<&str>,
        arguments: &Filters<'_>,
    ) -> Result<()> {
        let plan = usize::try_from(number).ok();
        let plan = plan.and_then(|number| self.plans.borrow().get(number).cloned());
        let plan = plan.ok_or_else(|| bare(ffi::SQLITE_INTERNAL))?;
        let operands = {
            let _pause = Pause::begin();
            operands(&plan, arguments).map_err(|error| bare(code_of(&error)))?
        };
        let scan = &mut self.scan;
        guarded(&self.watch, || scan.begin(&plan, &operands))
    }

    fn next(&mut self) -> Result<()> {
        let scan = &mut self.scan;
        guarded(&self.watch, || scan.advance())
    }

    fn eof(&self) -> bool {
        self.scan.is_over()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let mut put = |cell: Cell<'_>| {
            let done = match cell {
                Cell::Null => context.set_result(Null),
                Cell::Whole(number) => context.set_result(number),
                Cell::Number(number) => context.set_result(number),
                Cell::Text(text) => {
                    context.set_result(ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())))
                }
            };
            // Values of these types are always taken; memory that is refused ends the statement.
            drop(done);
        };
        let Ok(column) = usize::try_from(column) else { return Ok(()) };
        guarded(&self.watch, || {
            self.scan.cell(column, &mut put);
            Ok(())
        })
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.scan.row_number())
    }
}
