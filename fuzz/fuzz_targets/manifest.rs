//! See `kilnbox_properties::manifest`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::manifest::check(data));
