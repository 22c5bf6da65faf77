//! See [`acta_fuzz::growth`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::growth(input));
