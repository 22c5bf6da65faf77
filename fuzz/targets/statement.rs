//! See [`acta_fuzz::statement`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::statement(input));
