//! See `kilnbox_properties::template`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::template::check(data));
