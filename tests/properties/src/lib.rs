//! What holds for any input: the properties that the fuzz targets in `fuzz/` try to break.
//!
//! Each module is one border where text or bytes of strangers come in. Its `check` takes bytes, gives them to the real
//! code and panics where a property does not hold; time and memory are bounded by who calls. `cargo fuzz` calls it with
//! bytes it makes up, `tests/fuzz_corpus.rs` with every file that the fuzzer kept.

mod parts;
mod places;
mod target;

pub mod expression;
pub mod lock;
pub mod manifest;
pub mod redact;
pub mod schema;
pub mod sftp;
pub mod tar;
pub mod template;
pub mod text;

/// A property: panics where `data` breaks it.
pub type Check = fn(data: &[u8]);

/// Every property by the name of its fuzz target and of the folder of its corpus.
pub const ALL: &[(&str, Check)] = &[
    ("expression", expression::check),
    ("lock", lock::check),
    ("manifest", manifest::check),
    ("redact", redact::check),
    ("schema", schema::check),
    ("sftp", sftp::check),
    ("tar", tar::check),
    ("template", template::check),
    ("text", text::check),
];
