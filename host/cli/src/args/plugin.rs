//! `kilnbox plugin` and its commands.

use std::{fmt, path::PathBuf};

use clap::{ArgAction, Args, Subcommand, ValueEnum, ValueHint};

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

/// `kilnbox plugin new`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginNewArgs {
    /// Name of the plugin, which users write as `type`; also that of the folder
    #[arg(value_name = "NAME", value_parser = plugin_name)]
    pub(crate) name: String,

    /// Language to write it in
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub(crate) lang: PluginLanguage,

    /// What it works on: the instance, or the artifact
    #[arg(long, value_name = "KIND", value_enum, default_value_t = PluginKind::Provisioner)]
    pub(crate) kind: PluginKind,
}

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "they are names")]
pub(crate) enum PluginLanguage {
    Rust,
    Python,
    Javascript,
    C,
}

impl fmt::Display for PluginLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Javascript => "JavaScript",
            Self::C => "C",
        })
    }
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PluginKind {
    /// Works on the instance that is being built.
    Provisioner,
    /// Works on what a builder or an earlier post-processor made.
    PostProcessor,
}

impl PluginKind {
    /// As the contract and the templates' folders have it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioner => "provisioner",
            Self::PostProcessor => "post-processor",
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that every language's tools take: it becomes that of a package and of a file.
fn plugin_name(name: &str) -> Result<String, &'static str> {
    let part = |part: &str| part.starts_with(|first: char| first.is_ascii_lowercase()) && part.chars().all(of_a_name);
    if name.len() <= 64 && name.split('-').all(part) {
        Ok(name.to_owned())
    } else {
        Err("a name is lowercase letters and digits in words joined by `-`, such as `release-note`")
    }
}

fn of_a_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
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
