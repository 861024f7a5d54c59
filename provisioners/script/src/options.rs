//! The options that `shell` and `shell-local` have in common.

use std::collections::BTreeMap;

use kilnbox_guest::{AssetPath, Diagnostic, JsonSchema};
use serde::{Deserialize, Serialize};

/// What to run, and with which variables.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct ScriptOptions {
    /// Lines of a script, which are written to one file and run together.
    pub inline: Option<Vec<String>>,
    // No default in the schema: whether the user wrote it makes a difference.
    /// First line of the file made of `inline`, without `#!`. Otherwise `/bin/sh -e`, or what `inline` begins with.
    pub inline_shebang: Option<String>,
    /// One script.
    pub script: Option<AssetPath>,
    /// Several scripts, run one after the other.
    pub scripts: Option<Vec<AssetPath>>,
    /// Variables for the script, each as `NAME=value`.
    pub environment_vars: Vec<String>,
    /// Variables for the script, by name. They win over `environment_vars`.
    pub env: BTreeMap<String, String>,
    /// How one variable is set: the first `%s` is the name, the second the value. Otherwise `%s='%s' `, and in a file
    /// `export %s='%s'`.
    pub env_var_format: Option<String>,
    /// Exit codes that count as success.
    #[schemars(extend("default" = [0]))]
    pub valid_exit_codes: Vec<i64>,
}

impl ScriptOptions {
    /// The lines of `inline`; an empty list is as good as none.
    pub fn inline(&self) -> Option<&[String]> {
        self.inline.as_deref().filter(|lines| !lines.is_empty())
    }

    /// `script`, where there is text in it.
    pub fn script(&self) -> Option<&AssetPath> {
        self.script.as_ref().filter(|path| !path.is_empty())
    }

    /// `scripts`, which may be empty.
    pub fn scripts(&self) -> &[AssetPath] {
        self.scripts.as_deref().unwrap_or_default()
    }

    /// The files of `script` and `scripts`.
    pub fn files(&self) -> impl Iterator<Item = &AssetPath> {
        self.script().into_iter().chain(self.scripts())
    }
}

/// What is wrong with `environment_vars`.
pub fn environment_problems(options: &ScriptOptions) -> impl Iterator<Item = Diagnostic> {
    options
        .environment_vars
        .iter()
        .enumerate()
        .filter(|(_, pair)| pair.split_once('=').is_none_or(|(name, _)| name.is_empty()))
        .map(|(index, pair)| {
            Diagnostic::error(
                format!("/environment_vars/{index}"),
                format!("Environment variable not in format 'key=value': {pair}"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_needs_a_name_and_a_value() {
        let options = ScriptOptions {
            environment_vars: ["A=1", "B=", "=foo", "foobar"].map(str::to_owned).into(),
            ..ScriptOptions::default()
        };
        let found: Vec<_> = environment_problems(&options)
            .map(|found| (found.at, found.message))
            .collect();
        assert_eq!(
            found,
            [("/environment_vars/2", "=foo"), ("/environment_vars/3", "foobar")].map(|(at, pair)| {
                (
                    at.to_owned(),
                    format!("Environment variable not in format 'key=value': {pair}"),
                )
            })
        );
    }
}
