//! See `kilnbox_properties::expression`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::expression::check(data));
