//! Writes inputs to begin with, when it starts.

#![no_main]

libfuzzer_sys::fuzz_target!(init: acta_fuzz::seeds::write_all(), |_input: &[u8]| ());
