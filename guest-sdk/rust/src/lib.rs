//! What an author of a Kilnbox step in Rust depends on.
//!
//! A step is a type that implements [`Provisioner`] or [`PostProcessor`], and one macro that exports it. Its options
//! are a struct: serde reads it, and the JSON Schema that Kilnbox checks templates with is derived from it, with the
//! doc comments as descriptions.
//!
//! ```
//! use kilnbox_guest::{Context, Diagnostic, Error, Instance, Job, JsonSchema, Provisioner, exec::Command, shell, ui};
//! use serde::Deserialize;
//!
//! /// Installs packages of the distribution.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! #[schemars(extend("examples" = [{ "type": "apt", "packages": ["nginx"] }]))]
//! struct Options {
//!     /// What to install.
//!     packages: Vec<String>,
//!     /// Whether the lists of packages are fetched first.
//!     #[serde(default)]
//!     update: bool,
//! }
//!
//! struct Apt;
//!
//! impl Provisioner for Apt {
//!     type Options = Options;
//!     const NAME: &'static str = "apt";
//!
//!     fn validate(options: &Options) -> Vec<Diagnostic> {
//!         if options.packages.is_empty() {
//!             return vec![Diagnostic::error("/packages", "at least one is needed")];
//!         }
//!         Vec::new()
//!     }
//!
//!     fn run(options: Options, on: &Instance, _job: &Job) -> Result<(), Error> {
//!         ui::say(&format!("Installing {} packages", options.packages.len()));
//!         if options.update {
//!             Command::new("apt-get update").run_successfully(on).context("fetching the lists")?;
//!         }
//!         let packages = shell::join(&options.packages)?;
//!         let install = Command::new(&format!("apt-get install -y {packages}"));
//!         install.env("DEBIAN_FRONTEND", "noninteractive")?;
//!         install.run_successfully(on).context("installing")?;
//!         Ok(())
//!     }
//! }
//!
//! kilnbox_guest::provisioner!(Apt);
//! ```
//!
//! Built with `crate-type = ["cdylib"]` and `--target wasm32-wasip2`, this is a component. It imports the interfaces
//! it calls and no others, so that the user sees exactly what it asks for: here [`types`], [`ui`] and [`exec`].
//!
//! An author's crate depends on this one, on `serde` and on `schemars`, whose derive macros name their own crates. Types
//! such as [`AssetFile`] and [`Duration`] mark the options that the host must know about.
//!
//! Logic that calls no import can be tested with a plain `cargo test`; the imports panic outside a component. The module
//! [`testing`] runs the component itself against a transcript.

#[doc(hidden)]
pub mod bindings;
mod command;
mod duration;
mod error;
mod files;
mod options;
pub mod shell;
mod staging;
mod step;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

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
pub use staging::{Staged, Staging};
#[doc(hidden)]
pub use step::exports;
pub use step::{Diagnostic, PostProcessor, Provisioner, schema_of};
pub use types::{Artifact, Instance, Job, Processed, Severity};
