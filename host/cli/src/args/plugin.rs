//! `kilnbox plugin` and its commands.

mod new;

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Subcommand, ValueHint};

pub(crate) use new::{PluginKind, PluginLanguage, PluginNewArgs};

use super::{LogFormat, NotBuiltArgs};

/// `kilnbox plugin`
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Start a plugin: a folder with a project that builds and has a test
    #[command(after_help = "\
Examples:
  kilnbox plugin new --lang python hardening
  kilnbox plugin new --lang rust --kind post-processor release-note")]
    New(PluginNewArgs),
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
    /// Check that a component is what Kilnbox runs, and how close it is to its limits; for an author's CI
    #[command(
        after_help = "Examples:\n  kilnbox plugin check hardening.wasm\n  kilnbox plugin check --format json hardening.wasm"
    )]
    Check(PluginCheckArgs),
    /// Try a component alone: on a machine, in a container, or against a transcript
    #[command(after_help = "\
Examples:
  kilnbox plugin run hardening.wasm --config '{\"allow_users\": [\"admin\"]}' --against rootfs
  kilnbox plugin run hardening.wasm --config options.json --against ssh://admin@192.0.2.7 --identity ~/.ssh/id_ed25519
  kilnbox plugin run hardening.wasm --config options.json --against tests/hardening.toml
  kilnbox plugin run release-note.wasm --config '{\"output\": \"NOTE.md\"}' --artifact image.tar")]
    Run(TrialArgs),
    /// Run a component on a machine or in a container, and write a transcript to test it against
    #[command(after_help = "\
Examples:
  kilnbox plugin record hardening.wasm --config options.json --against rootfs -o tests/hardening.toml
  kilnbox plugin record hardening.wasm --against ssh://admin@192.0.2.7:2222 -o tests/hardening.toml")]
    Record(PluginRecordArgs),
    /// Show the plugins of a project: versions, sources, and whether they are here
    #[command(
        visible_aliases = ["installed", "required"],
        after_help = "Examples:\n  kilnbox plugin list\n  kilnbox plugin list --format json images/web"
    )]
    List(PluginListArgs),
    /// List every step of a template with what it may do, where it comes from and how old it is
    #[command(
        after_help = "Examples:\n  kilnbox plugin audit template.json\n  kilnbox plugin audit --format json template.json"
    )]
    Audit(PluginAuditArgs),
    /// Copy what is locked into the project, so that no machine needs a registry
    #[command(
        after_help = "Example:\n  kilnbox plugin vendor images/web\n\nThe copies stand in `kilnbox_plugins`, to be kept under version control."
    )]
    Vendor(PluginVendorArgs),
    /// Put a component into a registry
    #[command(after_help = "\
Examples:
  kilnbox plugin publish hardening.wasm oci://ghcr.io/acme/hardening
  kilnbox plugin publish hardening.wasm oci://ghcr.io/acme/hardening:1.2.3

Credentials are those of `docker login`.")]
    Publish(PluginPublishArgs),
    /// Remove plugins that no project on this machine needs
    #[command(
        after_help = "Examples:\n  kilnbox plugin prune --dry-run\n  kilnbox plugin prune --older-than 90days"
    )]
    Prune(PluginPruneArgs),
    /// Of Packer, and done by kilnbox.toml here
    #[command(hide = true)]
    Install(NotBuiltArgs),
    /// Of Packer, and done by kilnbox.toml here
    #[command(hide = true)]
    Remove(NotBuiltArgs),
}

/// `kilnbox plugin list`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginListArgs {
    /// The folder of a project, or a template in it
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) project: PathBuf,

    /// How to print it
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) format: LogFormat,
}

/// `kilnbox plugin audit`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginAuditArgs {
    /// The template, a JSON file
    #[arg(value_name = "TEMPLATE", value_hint = ValueHint::FilePath)]
    pub(crate) template: PathBuf,

    /// How to print it
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) format: LogFormat,
}

/// `kilnbox plugin vendor`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginVendorArgs {
    /// The folder of a project, or a template in it
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) project: PathBuf,
}

/// `kilnbox plugin publish`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginPublishArgs {
    /// The component
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,

    /// Where it goes; without a tag, under its own version
    #[arg(value_name = "oci://REGISTRY/REPOSITORY[:TAG]", value_hint = ValueHint::Url)]
    pub(crate) target: String,

    /// Overwrite a tag that has other bytes: who has locked it will be refused
    #[arg(long)]
    pub(crate) force: bool,
}

/// `kilnbox plugin prune`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginPruneArgs {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Only what nothing has used for this long
    #[arg(long, value_name = "DURATION", default_value = "30days", value_parser = humantime::parse_duration)]
    pub(crate) older_than: Duration,
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

/// `kilnbox plugin check`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginCheckArgs {
    /// The component's file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) plugin: PathBuf,

    /// How to print it
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) format: LogFormat,
}

/// `kilnbox plugin run`, and what `record` has in common with it.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrialArgs {
    /// The component's file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) plugin: PathBuf,

    /// Its options: JSON, or the name of a JSON file
    #[arg(long, value_name = "JSON|FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<String>,

    /// What to try it on: `rootfs`, `rootfs:FROM`, `ssh://USER@HOST:PORT`, or the file of a transcript
    #[arg(long, value_name = "WHERE", value_hint = ValueHint::FilePath)]
    pub(crate) against: Option<String>,

    /// Private key for `ssh://`; without one, that of your SSH agent
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) identity: Option<PathBuf>,

    /// A file of the artifact that a post-processor works on; may be given several times
    #[arg(long, value_name = "FILE", action = ArgAction::Append, value_hint = ValueHint::FilePath)]
    pub(crate) artifact: Vec<PathBuf>,

    /// Grant it a capability beyond the default, such as `host-exec`; may be given several times
    #[arg(long, value_name = "CAPABILITY", action = ArgAction::Append)]
    pub(crate) grant: Vec<String>,

    /// Overwrite what is in the way
    #[arg(long)]
    pub(crate) force: bool,

    /// How to print what happens
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// Show log records of the step; more often shows more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// `kilnbox plugin record`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginRecordArgs {
    #[command(flatten)]
    pub(crate) trial: TrialArgs,

    /// The transcript to write
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,
}
