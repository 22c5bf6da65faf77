//! See [`acta_fuzz::json`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::json(input));
