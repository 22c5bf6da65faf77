//! How much memory SQLite may allocate on a thread.
//!
//! SQLite limits its memory for the whole process only, and the embedded engine is in the same
//! process. So its allocator is wrapped once, before SQLite is used: a thread that has a budget is
//! refused what is beyond it, which ends its statement with `SQLITE_NOMEM`. Threads without a
//! budget allocate as before.
//!
//! One of the two files of the product with unsafe code: see `docs/adr/0025-sql.md`.

#![expect(unsafe_code, reason = "SQLite allocates through pointers; see docs/adr")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::OnceLock;

use rusqlite::ffi;

/// The functions of the allocator that is wrapped.
#[derive(Clone, Copy)]
struct Allocator {
    malloc: unsafe extern "C" fn(c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    realloc: unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void,
    size: unsafe extern "C" fn(*mut c_void) -> c_int,
}

static ALLOCATOR: OnceLock<Allocator> = OnceLock::new();

/// Whether the allocator is wrapped.
static IS_WRAPPED: OnceLock<bool> = OnceLock::new();

/// What a thread may still allocate.
#[derive(Clone, Copy)]
struct Left {
    bytes: i64,
    /// What it was in the beginning.
    budget: usize,
    /// How often it is not limited for a moment.
    pauses: u32,
    was_refused: bool,
}

thread_local! {
    static LEFT: Cell<Option<Left>> = const { Cell::new(None) };
}

/// Wraps the allocator of SQLite, before anything in the process uses SQLite. Returns whether it is
/// wrapped, also when it was before.
pub(crate) fn wrap() -> bool {
    *IS_WRAPPED.get_or_init(|| {
        let mut methods = ffi::sqlite3_mem_methods {
            xMalloc: None,
            xFree: None,
            xRealloc: None,
            xSize: None,
            xRoundup: None,
            xInit: None,
            xShutdown: None,
            pAppData: null_mut(),
        };
        // Safety: SQLite fills the structure that it is given.
        let code = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut methods) };
        let (Some(malloc), Some(free), Some(realloc), Some(size)) =
            (methods.xMalloc, methods.xFree, methods.xRealloc, methods.xSize)
        else {
            return false;
        };
        if code != ffi::SQLITE_OK
            || ALLOCATOR.set(Allocator { malloc, free, realloc, size }).is_err()
        {
            return false;
        }
        methods.xMalloc = Some(allocate);
        methods.xFree = Some(release);
        methods.xRealloc = Some(reallocate);
        // Safety: SQLite copies the structure, whose functions live as long as the process. It
        // refuses if it is in use already.
        let code = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw mut methods) };
        code == ffi::SQLITE_OK
    })
}

/// A budget of this thread, until it is dropped.
#[derive(Debug)]
pub(crate) struct HeapBudget {
    /// It is of one thread.
    _thread: PhantomData<*const ()>,
}

impl HeapBudget {
    /// Limits what SQLite may allocate on this thread from now on.
    pub(crate) fn begin(bytes: usize) -> Self {
        let left = i64::try_from(bytes).unwrap_or(i64::MAX);
        LEFT.set(Some(Left { bytes: left, budget: bytes, pauses: 0, was_refused: false }));
        Self { _thread: PhantomData }
    }
}

impl Drop for HeapBudget {
    fn drop(&mut self) {
        LEFT.set(None);
    }
}

/// What this thread could allocate in the beginning, in bytes.
pub(crate) fn budget() -> usize {
    LEFT.get().map_or(0, |left| left.budget)
}

/// Whether something was refused on this thread.
pub(crate) fn was_refused() -> bool {
    LEFT.get().is_some_and(|left| left.was_refused)
}

/// Counts bytes of this thread that are not in the heap of SQLite; none are counted if there are
/// not as many left. Less than 0 gives back what was counted.
pub(crate) fn charge(bytes: i64) -> bool {
    if !take(bytes) {
        return false;
    }
    spend(bytes);
    true
}

/// While this lives, SQLite is not refused memory on this thread, but what it takes counts. For
/// short calls whose failure nobody could handle.
#[derive(Debug)]
pub(crate) struct Pause {
    _thread: PhantomData<*const ()>,
}

impl Pause {
    pub(crate) fn begin() -> Self {
        change(|left| left.pauses += 1);
        Self { _thread: PhantomData }
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        change(|left| left.pauses = left.pauses.saturating_sub(1));
    }
}

fn change(change: impl FnOnce(&mut Left)) {
    if let Some(mut left) = LEFT.get() {
        change(&mut left);
        LEFT.set(Some(left));
    }
}

/// Whether the thread may take so many bytes.
fn take(bytes: i64) -> bool {
    let Some(left) = LEFT.get() else { return true };
    // What is given back is always taken.
    if bytes <= left.bytes.max(0) || left.pauses != 0 {
        return true;
    }
    LEFT.set(Some(Left { was_refused: true, ..left }));
    false
}

fn spend(bytes: i64) {
    change(|left| left.bytes = left.bytes.saturating_sub(bytes));
}

/// The size of a piece of memory; 0 for none.
///
/// # Safety
///
/// It is none, or from the allocator.
unsafe fn size_of_piece(allocator: Allocator, piece: *mut c_void) -> i64 {
    if piece.is_null() {
        return 0;
    }
    // Safety: as the caller promises.
    i64::from(unsafe { (allocator.size)(piece) })
}

/// # Safety
///
/// SQLite calls it.
unsafe extern "C" fn allocate(bytes: c_int) -> *mut c_void {
    let Some(&allocator) = ALLOCATOR.get() else { return null_mut() };
    if !take(bytes.into()) {
        return null_mut();
    }
    // Safety: the arguments are those of SQLite, and the piece is what its allocator has made.
    unsafe {
        let piece = (allocator.malloc)(bytes);
        spend(size_of_piece(allocator, piece));
        piece
    }
}

/// # Safety
///
/// SQLite calls it with a piece of its memory.
unsafe extern "C" fn release(piece: *mut c_void) {
    let Some(&allocator) = ALLOCATOR.get() else { return };
    // Safety: the piece is from the allocator.
    unsafe {
        spend(-size_of_piece(allocator, piece));
        (allocator.free)(piece);
    }
}

/// # Safety
///
/// SQLite calls it with a piece of its memory.
unsafe extern "C" fn reallocate(piece: *mut c_void, bytes: c_int) -> *mut c_void {
    let Some(&allocator) = ALLOCATOR.get() else { return null_mut() };
    // Safety: the piece is from the allocator, and is asked for no more once it is another.
    unsafe {
        let before = size_of_piece(allocator, piece);
        if !take(i64::from(bytes) - before) {
            return null_mut();
        }
        let larger = (allocator.realloc)(piece, bytes);
        if !larger.is_null() {
            spend(size_of_piece(allocator, larger) - before);
        }
        larger
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn joined(connection: &Connection, length: u32) -> rusqlite::Result<i64> {
        connection.query_row("SELECT length(hex(zeroblob(?1)))", [length], |row| row.get(0))
    }

    #[test]
    fn sqlite_is_refused_what_is_beyond_the_budget_of_its_thread_alone() {
        assert!(wrap());
        let connection = Connection::open_in_memory().unwrap();
        let budget = HeapBudget::begin(1 << 20);
        assert_eq!(joined(&connection, 1_000), Ok(2_000));
        assert!(!was_refused());
        let refused = joined(&connection, 2 << 20);
        let code = refused.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::OutOfMemory));
        assert!(was_refused());
        assert_eq!(joined(&connection, 1_000), Ok(2_000), "what was taken is given back");
        let elsewhere =
            std::thread::spawn(|| joined(&Connection::open_in_memory().unwrap(), 2 << 20).unwrap());
        assert_eq!(elsewhere.join().unwrap(), 4 << 20);
        {
            let _pause = Pause::begin();
            assert_eq!(joined(&connection, 2 << 20), Ok(4 << 20));
        }
        assert!(!charge(2 << 20) && charge(1 << 10) && charge(-(1 << 10)));
        drop(budget);
        assert_eq!(joined(&connection, 2 << 20), Ok(4 << 20));
    }
}
