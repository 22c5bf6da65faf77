//! See [`acta_fuzz::multipart`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| acta_fuzz::multipart(input));
