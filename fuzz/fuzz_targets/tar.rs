//! See `kilnbox_properties::tar`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::tar::check(data));
