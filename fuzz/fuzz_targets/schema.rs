//! See `kilnbox_properties::schema`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::schema::check(data));
