//! See `kilnbox_properties::redact`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::redact::check(data));
