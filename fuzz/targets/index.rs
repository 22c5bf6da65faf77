//! See [`acta_fuzz::index`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::index(input));
