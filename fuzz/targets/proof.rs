//! See [`acta_fuzz::proof`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::proof(input));
