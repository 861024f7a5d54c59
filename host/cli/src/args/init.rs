//! `kilnbox init`

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueHint};

/// `kilnbox init`
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  kilnbox init
  kilnbox init images/web
  kilnbox init --upgrade
  kilnbox init --upgrade=hardening,monitoring --accept

What is locked stays as it is unless it is upgraded. `build` and `validate` ask no other machine.")]
pub(crate) struct InitArgs {
    /// The folder of kilnbox.toml, or a template in it
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(crate) project: PathBuf,

    /// Take the newest versions that kilnbox.toml allows, of all plugins or of those named
    #[arg(long, value_name = "NAMES", num_args = 0..=1, require_equals = true, value_delimiter = ',',
          default_missing_value = "", action = ArgAction::Append)]
    pub(crate) upgrade: Option<Vec<String>>,

    /// Agree to versions that may do more than the locked ones, or that are older
    #[arg(long)]
    pub(crate) accept: bool,

    /// Of Packer: what is damaged is downloaded again without it
    #[arg(long, hide = true)]
    force: bool,

    /// Of Packer: kilnbox.toml has no variables
    #[arg(long, hide = true, action = ArgAction::Append, allow_hyphen_values = true)]
    var: Vec<String>,

    /// Of Packer: as `-var`
    #[arg(long, hide = true, action = ArgAction::Append)]
    var_file: Vec<PathBuf>,
}
