//! What an author of a Kilnbox step in Rust depends on.
//!
//! A step is a type that implements [`Provisioner`] or [`PostProcessor`], and one macro that exports it. Its options
//! are a struct: serde reads it, and the JSON Schema that Kilnbox checks templates with is derived from it, with the
//! doc comments as descriptions.
//!
//! ```
//! use kilnbox_guest::{Error, Instance, Job, JsonSchema, Provisioner, exec, types::Exit, ui};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Options {
//!     /// Packages to install.
//!     packages: Vec<String>,
//! }
//!
//! struct Apt;
//!
//! impl Provisioner for Apt {
//!     type Options = Options;
//!     const NAME: &'static str = "apt";
//!
//!     fn run(options: Options, on: &Instance, _job: &Job) -> Result<(), Error> {
//!         ui::say(&format!("Installing {} packages", options.packages.len()));
//!         let command = exec::Command::new(&format!("apt-get install -y {}", options.packages.join(" ")));
//!         command.env("DEBIAN_FRONTEND", "noninteractive")?;
//!         match command.run(on)?.exit() {
//!             Exit::Code(0) => Ok(()),
//!             exit => Err(Error::new(format!("apt-get ended with {exit:?}"))),
//!         }
//!     }
//! }
//!
//! kilnbox_guest::provisioner!(Apt);
//! ```
//!
//! Built with `crate-type = ["cdylib"]` and `--target wasm32-wasip2`, this is a component. It imports the interfaces
//! it calls and no others, so that the user sees exactly what it asks for: here [`types`], [`ui`] and [`exec`].
//!
//! Logic that calls no import can be tested with a plain `cargo test`; the imports panic outside a component.

#[doc(hidden)]
pub mod bindings;
mod duration;
mod error;
mod files;
mod options;
mod step;

pub use bindings::imports::kilnbox::plugin::{
    assets, connection, download, exec, host_exec, outputs, prompt, reconnect, template, types, ui, upload,
};
pub use duration::Duration;
pub use error::{Context, Error, ErrorCode};
pub use files::read_all;
pub use options::{
    AssetDirectory, AssetFile, AssetPath, FilePattern, OutputPath, OutputTemplate, RuntimeTemplate, Secret,
};
pub use schemars::{self, JsonSchema};
pub use serde;
#[doc(hidden)]
pub use step::exports;
pub use step::{Diagnostic, PostProcessor, Provisioner, schema_of};
pub use types::{Artifact, Instance, Job, Processed, Severity};
