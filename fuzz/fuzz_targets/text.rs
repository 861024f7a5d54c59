//! See `kilnbox_properties::text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::text::check(data));
