//! The command line, as clap reads it after [`crate::argv`] has made Packer's spelling into clap's.
//!
//! Flags that Packer has keep their names and meaning (`reference/packer.md` §1); the rest is Kilnbox's own. What a
//! user reads in `--help` stands here and nowhere else.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

/// Builds machine images from Packer templates; every provisioner and post-processor runs in a sandbox.
#[derive(Debug, Parser)]
#[command(
    name = "kilnbox",
    version,
    disable_version_flag = true,
    args_override_self = true,
    arg_required_else_help = true,
    after_help = EXAMPLES,
    after_long_help = after_long_help(),
)]
pub(crate) struct Cli {
    /// Print the version
    #[arg(short = 'v', long, visible_short_alias = 'V', action = ArgAction::Version)]
    version: Option<bool>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  kilnbox build template.json
  kilnbox build -var 'version=1.2' -only=web template.json
  kilnbox validate template.json
  kilnbox plugin inspect shell

Flags may be written with one dash, as Packer's users do.";

fn after_long_help() -> String {
    let mut text = format!("{EXAMPLES}\n\nEnvironment variables:\n");
    for variable in crate::env_vars::ALL {
        text.push_str(&format!("  {:<20} {}\n", variable.name, variable.does));
    }
    text.push_str(
        "\nExit codes:\n  0    done\n  1    a build did not succeed, or the template is wrong\n  \
         2    the command line is wrong\n  130  a third signal ended the program; `kilnbox gc` cleans up\n",
    );
    text
}

/// How the program speaks.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Print Packer's comma-separated lines for programs
    #[arg(long, global = true)]
    pub(crate) machine_readable: bool,

    /// Colour what goes to a terminal
    #[arg(long, global = true, value_name = "BOOL", default_value = "true", default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = ArgAction::Set,
          value_parser = clap::builder::BoolishValueParser::new(), hide_possible_values = true)]
    pub(crate) color: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the images of a template
    Build(BuildArgs),
    /// Check a template without building
    Validate(ValidateArgs),
    /// Show what a template is made of
    Inspect(InspectArgs),
    /// Look at provisioners and post-processors
    #[command(subcommand, visible_alias = "plugins")]
    Plugin(PluginCommand),
    /// Accept what a project's kilnbox.toml grants beyond the default
    Trust(TrustArgs),
    /// Remove what runs that were killed have left
    Gc(GcArgs),
    /// Print the version
    Version,
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  kilnbox completions bash > /etc/bash_completion.d/kilnbox")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The template and what decides its meaning.
#[derive(Args, Clone, Debug)]
pub(crate) struct TemplateArgs {
    /// The template, a JSON file; `-` is standard input
    #[arg(value_name = "TEMPLATE", value_hint = ValueHint::FilePath)]
    pub(crate) template: PathBuf,

    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE", action = ArgAction::Append, allow_hyphen_values = true)]
    pub(crate) vars: Vec<String>,

    /// Set variables from a JSON file; a later one wins
    #[arg(long = "var-file", value_name = "FILE", action = ArgAction::Append, value_hint = ValueHint::FilePath)]
    pub(crate) var_files: Vec<PathBuf>,

    /// Only the builds of these names
    #[arg(long, value_name = "NAMES", action = ArgAction::Append, value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Not the builds, and not the post-processors, of these names
    #[arg(long, value_name = "NAMES", action = ArgAction::Append, value_delimiter = ',')]
    pub(crate) except: Vec<String>,

    /// The language of a template whose name does not say it
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = ConfigType::Json)]
    pub(crate) config_type: ConfigType,
}

/// The template's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfigType {
    /// Packer's JSON
    Json,
    /// Packer's HCL2
    Hcl2,
}

/// `kilnbox build`
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  kilnbox build template.json
  kilnbox build -var 'version=1.2' -var-file=site.json template.json
  kilnbox build -only=web,db -parallel-builds=1 template.json
  kilnbox build --log-format json template.json > events.jsonl
  generate-template | kilnbox build -")]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,

    /// Pause after each step of a builder; builds run one after the other
    #[arg(long)]
    pub(crate) debug: bool,

    /// Overwrite what is in the way of a build
    #[arg(long)]
    pub(crate) force: bool,

    /// What to do when a build does not succeed
    #[arg(long, value_name = "ACTION", value_enum, default_value_t = OnError::Cleanup)]
    pub(crate) on_error: OnError,

    /// Most builds at the same time; 0 is no limit
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) parallel_builds: i64,

    /// Begin every line with the time
    #[arg(long)]
    pub(crate) timestamp_ui: bool,

    /// How to print what happens
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text,
          conflicts_with = "machine_readable")]
    pub(crate) log_format: LogFormat,

    /// Show log records of steps; more often shows more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Let kilnbox.toml grant what it asks for, this once, without `kilnbox trust`
    #[arg(long)]
    pub(crate) trust: bool,
}

/// `-on-error`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Remove what the build made
    Cleanup,
    /// Leave everything, to be looked at; `kilnbox gc` removes it later
    Abort,
    /// Ask
    Ask,
    /// Run the error-cleanup provisioner, then leave everything
    RunCleanupProvisioner,
}

/// How to print events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per event
    Json,
}

/// `kilnbox validate`
#[derive(Args, Clone, Debug)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,

    /// Check the shape alone: no variables, no options
    #[arg(long)]
    pub(crate) syntax_only: bool,

    /// Let kilnbox.toml grant what it asks for, this once, without `kilnbox trust`
    #[arg(long)]
    pub(crate) trust: bool,
}

/// `kilnbox inspect`
#[derive(Args, Clone, Debug)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,
}

/// `kilnbox plugin`
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Show what a component is, what it may do and which options it takes
    #[command(
        after_help = "Examples:\n  kilnbox plugin inspect shell\n  kilnbox plugin inspect ./hardening.wasm"
    )]
    Inspect(PluginInspectArgs),
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

/// `kilnbox trust`
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustArgs {
    /// The folder of the template
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,

    /// Accept without being asked
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// `kilnbox gc`
#[derive(Args, Clone, Debug)]
pub(crate) struct GcArgs {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_that_packer_has() {
        let line = [
            "kilnbox",
            "build",
            "--var",
            "a=-b",
            "--var=c=d,e",
            "--only=x,y",
            "--only",
            "z",
            "--color=false",
            "--parallel-builds=-1",
            "--on-error=run-cleanup-provisioner",
            "-vv",
            "-",
        ];
        let Ok(Cli {
            command: Command::Build(args),
            output,
            ..
        }) = Cli::try_parse_from(line)
        else {
            panic!("must be read as `build`");
        };
        assert_eq!(args.template.vars, ["a=-b", "c=d,e"]);
        assert_eq!(args.template.only, ["x", "y", "z"]);
        assert_eq!(
            (args.on_error, args.parallel_builds, args.verbose),
            (OnError::RunCleanupProvisioner, -1, 2)
        );
        assert!(!output.color);
    }
}
