//! See `kilnbox_properties::sftp`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kilnbox_properties::sftp::check(data));
