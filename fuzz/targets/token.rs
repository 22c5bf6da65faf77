//! See [`acta_fuzz::token`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::token(input));
