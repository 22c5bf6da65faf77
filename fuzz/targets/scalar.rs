//! See [`acta_fuzz::scalar`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::scalar(input));
