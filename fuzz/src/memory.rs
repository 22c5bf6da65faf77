//! Memory in proportion to the input.

use std::alloc::System;
use std::panic;
use std::sync::Once;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// What a check may allocate whatever its input is: buffers of fixed size and tables of the
/// libraries.
const BYTES_ALWAYS: usize = 4 << 20;

/// What a check may allocate for each byte of its input.
///
/// A byte of JSON can be a node of 24 bytes in a list that has just doubled, and what is
/// compared with has a tree of its own.
const BYTES_A_BYTE: usize = 256;

/// Runs `check`, which works on `input_bytes` bytes. More memory than these justify aborts.
pub(crate) fn bounded<T>(input_bytes: usize, check: impl FnOnce() -> T) -> T {
    free_panics();
    let more = BYTES_ALWAYS + input_bytes * BYTES_A_BYTE;
    set_limit(ALLOCATOR.allocated().saturating_add(more));
    let outcome = check();
    set_limit(usize::MAX);
    outcome
}

fn set_limit(bytes: usize) {
    assert!(ALLOCATOR.set_limit(bytes).is_ok(), "more is allocated than the limit of {bytes}");
}

/// Lets a panic tell of itself with whatever memory that takes.
fn free_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let known = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            set_limit(usize::MAX);
            known(panic);
        }));
    });
}
