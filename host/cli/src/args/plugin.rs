//! `kilnbox plugin` and its commands.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::{LogFormat, NotBuiltArgs};

/// `kilnbox plugin`
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Show what a component is, what it may do and which options it takes
    #[command(
        after_help = "Examples:\n  kilnbox plugin inspect shell\n  kilnbox plugin inspect ./hardening.wasm"
    )]
    Inspect(PluginInspectArgs),
    /// Print every option of a builder, provisioner or post-processor, as Markdown
    #[command(after_help = "\
Examples:
  kilnbox plugin docs shell
  kilnbox plugin docs ./hardening.wasm > hardening.md
  kilnbox plugin docs ssh
  kilnbox plugin docs --all docs/reference

A name that is borne by several kinds prints a page for each.")]
    Docs(PluginDocsArgs),
    /// Of Packer, and not built yet
    #[command(hide = true)]
    Installed(NotBuiltArgs),
    /// Of Packer, and not built yet
    #[command(hide = true)]
    Install(NotBuiltArgs),
    /// Of Packer, and not built yet
    #[command(hide = true)]
    Remove(NotBuiltArgs),
    /// Of Packer, and not built yet
    #[command(hide = true)]
    Required(NotBuiltArgs),
}

/// `kilnbox plugin inspect`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginInspectArgs {
    /// A component's file, or the name it has in templates
    #[arg(value_name = "FILE|NAME", value_hint = ValueHint::FilePath)]
    pub(crate) plugin: String,

    /// How to print it
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) format: LogFormat,
}

/// `kilnbox plugin docs`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginDocsArgs {
    /// A component's file, or the name that a builder, a component or a communicator has in templates
    #[arg(value_name = "FILE|NAME", required_unless_present = "all", value_hint = ValueHint::FilePath)]
    pub(crate) plugin: Option<String>,

    /// Write the pages of all that Kilnbox brings, with an index, into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "plugin", value_hint = ValueHint::DirPath)]
    pub(crate) all: Option<PathBuf>,
}
