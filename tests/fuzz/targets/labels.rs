#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| retune_fuzz::labels(data));
