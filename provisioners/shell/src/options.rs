//! What the user writes, and Packer's checks of it.

use kilnbox_guest::{Diagnostic, Duration, JsonSchema, RuntimeTemplate};
use kilnbox_script::{ScriptOptions, environment_problems};
use serde::{Deserialize, Serialize};

/// Runs scripts on the instance. `inline`, `script` or `scripts` must be set, and no two of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{
        "type": "shell",
        "inline": ["apt-get update", "apt-get install --yes nginx"],
        "env": { "DEBIAN_FRONTEND": "noninteractive" }
    }])
)]
pub struct Options {
    /// What to run.
    #[serde(flatten)]
    pub script: ScriptOptions,
    /// Whether scripts are uploaded as they are. Otherwise line ends become those of Unix, and the last line gets one.
    pub binary: bool,
    /// The command line, a template of `{{.Vars}}`, the variables, `{{.Path}}`, the script, and `{{.EnvVarFile}}`.
    /// Otherwise
    /// `chmod +x {{.Path}}; {{.Vars}} {{.Path}}`, and with `use_env_var_file`
    /// `chmod +x {{.Path}}; . {{.EnvVarFile}} && {{.Path}}`.
    pub execute_command: Option<RuntimeTemplate>,
    /// Whether the variables go into a file, `{{.EnvVarFile}}`, rather than onto the command line.
    pub use_env_var_file: bool,
    /// Whether the script may end the connection, as by a reboot.
    pub expect_disconnect: bool,
    /// The folder of the instance that scripts are put into.
    #[schemars(extend("default" = "/tmp"))]
    pub remote_folder: Option<String>,
    /// Name of the script on the instance. Otherwise `script_`, a number and `.sh`.
    pub remote_file: Option<String>,
    /// Path of the script on the instance. Otherwise `remote_file` in `remote_folder`.
    pub remote_path: Option<String>,
    /// Whether scripts stay on the instance.
    pub skip_clean: bool,
    /// How long to try again while the instance does not answer, as during a reboot; `0` means the default.
    #[schemars(extend("default" = "5m"))]
    pub start_retry_timeout: Option<Duration>,
    /// How long to wait when all scripts are done.
    #[schemars(extend("default" = "0s"))]
    pub pause_after: Duration,
}

impl Options {
    pub(crate) fn problems(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let single = self.script.script().is_some();
        let several = !self.script.scripts().is_empty();
        let inline = self.script.inline().is_some();
        if single && several {
            problems.push(Diagnostic::error(
                "/scripts",
                "Only one of script or scripts can be specified.",
            ));
        }
        if !single && !several && !inline {
            problems.push(
                Diagnostic::error("", "Either a script file or inline script must be specified.")
                    .hint("add `\"inline\": [\"…\"]` or `\"script\": \"path\"`"),
            );
        }
        if (single || several) && inline {
            problems.push(Diagnostic::error(
                "/inline",
                "Only a script file or an inline script can be specified, not both.",
            ));
        }
        problems.extend(environment_problems(&self.script));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_kind_of_script() {
        let check = |options: &str, expect: &[&str]| {
            let options: Options = serde_json::from_str(options).unwrap();
            let problems: Vec<_> = options
                .problems()
                .into_iter()
                .map(|problem| problem.message)
                .collect();
            assert_eq!(problems, expect);
        };
        check(r#"{"inline": ["true"]}"#, &[]);
        check(r#"{"script": "a.sh"}"#, &[]);
        check(r#"{"scripts": ["a.sh", "b.sh"]}"#, &[]);
        check(r#"{"script": "", "inline": ["true"], "scripts": null}"#, &[]);
        check(
            "{}",
            &["Either a script file or inline script must be specified."],
        );
        check(
            r#"{"inline": []}"#,
            &["Either a script file or inline script must be specified."],
        );
        check(
            r#"{"script": "a", "scripts": ["b"]}"#,
            &["Only one of script or scripts can be specified."],
        );
        check(
            r#"{"script": "a", "inline": ["b"]}"#,
            &["Only a script file or an inline script can be specified, not both."],
        );
        check(
            r#"{"inline": ["b"], "environment_vars": ["x"]}"#,
            &["Environment variable not in format 'key=value': x"],
        );
    }

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }
}
