//! See [`acta_fuzz::log`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::log(input));
