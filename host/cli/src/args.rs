//! The command line, as clap reads it after [`crate::argv`] has made Packer's spelling into clap's.
//!
//! Flags that Packer has keep their names and meaning (`reference/packer.md` §1); the rest is Kilnbox's own. What a
//! user reads in `--help` stands here and nowhere else.

mod init;
mod plugin;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use init::InitArgs;
pub(crate) use plugin::{
    PluginAuditArgs, PluginCheckArgs, PluginCommand, PluginDocsArgs, PluginInspectArgs, PluginKind,
    PluginLanguage, PluginListArgs, PluginNewArgs, PluginPruneArgs, PluginPublishArgs, PluginRecordArgs,
    PluginVendorArgs, TrialArgs,
};

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
  kilnbox console template.json
  kilnbox plugin inspect shell

Flags may be written with one dash, as Packer's users do.";

fn after_long_help() -> String {
    let mut text = format!("{EXAMPLES}\n\nEnvironment variables:\n");
    for variable in crate::env_vars::ALL {
        text.push_str(&format!("  {:<20} {}\n", variable.name, variable.does));
    }
    text.push_str(
        "\nExit codes:\n  0    done\n  1    a build did not succeed, or the template is wrong\n  \
         2    the command line is wrong\n  3    `fmt -check` found a file laid out differently\n  130  a third signal ended the program; `kilnbox gc` cleans up\n",
    );
    text
}

/// Flags of every command stand apart from a command's own.
const HOW_IT_SPEAKS: &str = "Output";

/// How the program speaks.
#[derive(Args, Clone, Debug)]
pub(crate) struct OutputArgs {
    /// Print Packer's comma-separated lines for programs
    #[arg(long, global = true, help_heading = HOW_IT_SPEAKS)]
    pub(crate) machine_readable: bool,

    /// Colour what goes to a terminal
    #[arg(long, global = true, help_heading = HOW_IT_SPEAKS, value_name = "BOOL", default_value = "true", default_missing_value = "true",
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
    /// Try template expressions with the variables of a template
    Console(ConsoleArgs),
    /// Print a template with old options of Packer brought up to date
    #[command(after_long_help = fixers())]
    Fix(FixArgs),
    /// Lay out JSON templates and variable files in one way
    Fmt(FmtArgs),
    /// Find, download and lock the plugins that kilnbox.toml names
    Init(InitArgs),
    /// Look at provisioners and post-processors, try them, publish them
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
    /// Of Packer, and not built yet
    #[command(name = "hcl2_upgrade", hide = true)]
    Hcl2Upgrade(NotBuiltArgs),
    /// Of Packer, and not built yet
    #[command(hide = true)]
    VerifyAttestation(NotBuiltArgs),
}

/// What a command that is not built would be told; any of it is taken, so that the answer is that it is not built.
#[derive(Args, Clone, Debug)]
pub(crate) struct NotBuiltArgs {
    #[arg(hide = true, allow_hyphen_values = true, trailing_var_arg = true)]
    rest: Vec<OsString>,
}

/// The template and what decides its meaning.
#[derive(Args, Clone, Debug)]
pub(crate) struct TemplateArgs {
    /// The template, a JSON file; `-` is standard input
    #[arg(value_name = "TEMPLATE", value_hint = ValueHint::FilePath)]
    pub(crate) template: PathBuf,

    #[command(flatten)]
    pub(crate) given: VariableArgs,

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

/// What the user says about variables.
#[derive(Args, Clone, Debug)]
pub(crate) struct VariableArgs {
    /// Set a variable
    #[arg(long = "var", value_name = "NAME=VALUE", action = ArgAction::Append, allow_hyphen_values = true)]
    pub(crate) vars: Vec<String>,

    /// Set variables from a JSON file; a later one wins
    #[arg(long = "var-file", value_name = "FILE", action = ArgAction::Append, value_hint = ValueHint::FilePath)]
    pub(crate) var_files: Vec<PathBuf>,
}

/// Flags of Packer about HCL2 and HCP, taken so that its command lines work, and without a meaning for JSON.
#[derive(Args, Clone, Debug)]
pub(crate) struct IgnoredArgs {
    #[arg(long, hide = true)]
    warn_on_undeclared_var: bool,
    #[arg(long, hide = true)]
    no_warn_undeclared_var: bool,
    #[arg(long, hide = true)]
    ignore_prerelease_plugins: bool,
    #[arg(long, hide = true)]
    use_sequential_evaluation: bool,
    #[arg(long, hide = true)]
    evaluate_datasources: bool,
    #[arg(long, hide = true)]
    skip_enforcement: bool,
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
  kilnbox build --log-dir logs template.json
  kilnbox build --log-format json template.json > events.jsonl
  kilnbox build --record images.intoto.jsonl template.json
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
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// Write a log file per build into this folder, complete and with times, readable by you alone
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) log_dir: Option<PathBuf>,

    /// Write into this file what was done to each image, by which step, as an in-toto statement with SLSA provenance
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) record: Option<PathBuf>,

    /// Show log records of steps; more often shows more
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Let kilnbox.toml grant what it asks for, this once, without `kilnbox trust`
    #[arg(long)]
    pub(crate) trust: bool,

    #[command(flatten)]
    ignored: IgnoredArgs,
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
#[command(after_help = "\
Examples:
  kilnbox validate template.json
  kilnbox validate -syntax-only template.json
  kilnbox validate -var-file=site.json -only=web template.json
  generate-template | kilnbox validate -")]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,

    /// Check the shape alone: no variables, no options
    #[arg(long)]
    pub(crate) syntax_only: bool,

    /// Let kilnbox.toml grant what it asks for, this once, without `kilnbox trust`
    #[arg(long)]
    pub(crate) trust: bool,

    #[command(flatten)]
    ignored: IgnoredArgs,
}

/// `kilnbox inspect`
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  kilnbox inspect template.json
  kilnbox inspect -machine-readable template.json")]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,

    #[command(flatten)]
    ignored: IgnoredArgs,
}

/// `kilnbox console`
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  kilnbox console template.json
  echo '{{user `version`}}' | kilnbox console -var version=1.2 template.json
  echo variables | kilnbox console -var-file=site.json template.json

At the prompt, `help` says what can be asked, `variables` lists them, `exit` or Ctrl-D ends.")]
pub(crate) struct ConsoleArgs {
    /// The template whose variables are known; without one, there are those of `-var`
    #[arg(value_name = "TEMPLATE", value_hint = ValueHint::FilePath)]
    pub(crate) template: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) given: VariableArgs,

    /// The language of a template whose name does not say it
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = ConfigType::Json)]
    pub(crate) config_type: ConfigType,

    #[command(flatten)]
    ignored: IgnoredArgs,
}

/// `kilnbox fix`
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  kilnbox fix template.json > fixed.json
  kilnbox fix -validate=false template.json
  kilnbox fix template.json | diff template.json -

`kilnbox fix --help` lists what is fixed.")]
pub(crate) struct FixArgs {
    /// The template, a JSON file; `-` is standard input
    #[arg(value_name = "TEMPLATE", value_hint = ValueHint::FilePath)]
    pub(crate) template: PathBuf,

    /// Refuse to print a template that is still wrong
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = ArgAction::Set,
          value_parser = clap::builder::BoolishValueParser::new(), hide_possible_values = true)]
    pub(crate) validate: bool,

    /// The language of a template whose name does not say it
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = ConfigType::Json)]
    pub(crate) config_type: ConfigType,
}

fn fixers() -> String {
    let mut text = "Examples:\n  kilnbox fix template.json > fixed.json\n  kilnbox fix -validate=false \
                    template.json\n\nWhat is fixed, in this order:\n"
        .to_owned();
    for fixer in kilnbox_template::FIXERS {
        text.push_str(&format!("  {:<26} {}\n", fixer.name, fixer.does));
    }
    text
}

/// `kilnbox fmt`
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  kilnbox fmt template.json
  kilnbox fmt -check -diff .
  kilnbox fmt -recursive templates
  kilnbox fmt - < template.json

Only white space changes. In a folder, the files ending in `.json` that are templates are taken, and those \
ending in `.pkrvars.json`. Exit code 3 is `-check`'s for a file that is laid out differently.")]
pub(crate) struct FmtArgs {
    /// Files and folders; `-` is standard input, laid out to standard output
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,

    /// Write nothing; say which files would change, and exit with 3 if there are any
    #[arg(long)]
    pub(crate) check: bool,

    /// Show what changes
    #[arg(long)]
    pub(crate) diff: bool,

    /// Write files that change; `-write=false` only names them
    #[arg(long, value_name = "BOOL", default_value = "true", default_missing_value = "true",
          num_args = 0..=1, require_equals = true, action = ArgAction::Set,
          value_parser = clap::builder::BoolishValueParser::new(), hide_possible_values = true)]
    pub(crate) write: bool,

    /// Look into folders of folders too
    #[arg(long)]
    pub(crate) recursive: bool,
}

/// `kilnbox trust`
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  kilnbox trust\n  kilnbox trust --yes images/web")]
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
#[command(after_help = "\
Examples:
  kilnbox gc --dry-run
  kilnbox gc
  kilnbox gc --older-than 2h
  kilnbox gc --by-tag --older-than 1day --region eu-west-1 --dry-run")]
pub(crate) struct GcArgs {
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Only what runs left that began this long ago or longer, such as `2h` or `1day`
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) older_than: Option<Duration>,

    /// Look for what was tagged by runs anywhere, not into the journals of this machine: for a journal that is lost
    #[arg(long, requires = "older_than")]
    pub(crate) by_tag: bool,

    /// Look into this region; may be given several times
    #[arg(long, value_name = "REGION", requires = "by_tag", action = ArgAction::Append)]
    pub(crate) region: Vec<String>,

    /// Remove what was found by tag without being asked
    #[arg(long, short, requires = "by_tag")]
    pub(crate) yes: bool,
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
        assert_eq!(args.template.given.vars, ["a=-b", "c=d,e"]);
        assert_eq!(args.template.only, ["x", "y", "z"]);
        assert_eq!(
            (args.on_error, args.parallel_builds, args.verbose),
            (OnError::RunCleanupProvisioner, -1, 2)
        );
        assert!(!output.color);
    }
}
