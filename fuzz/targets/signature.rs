//! See [`acta_fuzz::signature`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::signature(input));
