//! See [`acta_fuzz::request`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::request(input));
