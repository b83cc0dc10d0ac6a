//! See `datalake_bot::fuzzing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| datalake_bot::fuzzing::sns_envelope(data));
