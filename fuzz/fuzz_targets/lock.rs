//! See `kilnbox_properties::lock`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::lock::check(data));
