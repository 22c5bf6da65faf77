//! See [`acta_fuzz::config`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::config(input));
