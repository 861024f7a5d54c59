//! Scripts on the host, for both `shell-local`s.
//!
//! Needs the capability `host-exec`. Where the user leaves `execute_command` alone, the variables go into the
//! environment of the program and not onto its command line, where every process of the machine could read them.

use kilnbox_guest::{
    Context, Diagnostic, Error, Job, JsonSchema, RuntimeTemplate, assets,
    host_exec::{self, Program},
    template, ui,
};
use serde::{Deserialize, Serialize};

use crate::{
    EnvVarFormat, Environment, ScriptOptions, check_exit_code, environment_problems, exit_code, inline_text,
};

/// The systems that `only_on` may name.
const SYSTEMS: [&str; 6] = ["darwin", "freebsd", "linux", "openbsd", "solaris", "windows"];

const TOO_MANY: &str = "You may only specify one of the following options: Command, Inline, Script or Scripts. \
    Please consolidate these options in your config.";

/// Runs scripts on this machine, not on the instance. `inline`, `script`, `scripts` or `command` must be set, and no
/// two of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{ "type": "shell-local", "inline": ["git rev-parse HEAD > revision"] }])
)]
pub struct LocalOptions {
    /// What to run.
    #[serde(flatten)]
    pub script: ScriptOptions,
    /// One line to run. It is older than `inline`, which does the same.
    pub command: Option<String>,
    /// The program and its arguments, templates of `{{.Vars}}`, the variables, and of `{{.Script}}` or `{{.Command}}`,
    /// the script. Otherwise the script runs by `/bin/sh`, with the variables in its environment.
    pub execute_command: Vec<RuntimeTemplate>,
    /// Systems that it runs on, of `darwin`, `freebsd`, `linux`, `openbsd`, `solaris` and `windows`; all where there are
    /// none.
    pub only_on: Vec<String>,
    /// The end of the name of the file made of `inline`.
    pub tempfile_extension: String,
    /// Whether paths of scripts are written as Windows' Linux subsystem has them. Not with `inline` or `command`.
    pub use_linux_pathing: bool,
}

impl LocalOptions {
    /// Packer's checks.
    pub fn problems(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let command = self.command().is_some();
        let inline = self.script.inline().is_some();
        let kinds = [
            ("/inline", inline),
            ("/script", self.script.script().is_some()),
            ("/scripts", !self.script.scripts().is_empty()),
            ("/command", command),
        ];
        let written: Vec<&str> = kinds
            .into_iter()
            .filter_map(|(at, written)| written.then_some(at))
            .collect();
        match written.as_slice() {
            [] => problems.push(Diagnostic::error(
                "",
                "Command, Inline, Script and Scripts options cannot all be empty.",
            )),
            [_] => {}
            [.., last] => problems.push(Diagnostic::error(*last, TOO_MANY)),
        }
        for (index, system) in self.only_on.iter().enumerate() {
            if !SYSTEMS.contains(&system.as_str()) {
                let supported = SYSTEMS.join(", ");
                problems.push(Diagnostic::error(
                    format!("/only_on/{index}"),
                    format!("Invalid OS specified in only_on: '{system}'\nSupported OS names: {supported}"),
                ));
            }
        }
        if self.use_linux_pathing && (command || inline) {
            problems.push(Diagnostic::error(
                "/use_linux_pathing",
                "Packer is unable to use the Command and Inline features with the Windows Linux Subsystem. Please \
                 use the Script or Scripts options instead",
            ));
        }
        problems.extend(environment_problems(&self.script));
        problems
    }

    /// Runs what the user wrote. `shell` stands before an `execute_command` of one item.
    pub fn run(&self, job: &Job, shell: &[&str]) -> Result<(), Error> {
        let os = host_exec::os();
        if !self.only_on.is_empty() && !self.only_on.contains(&os) {
            ui::say("Skipping shell-local due to runtime OS");
            return Ok(());
        }
        let windows = os == "windows";
        let run = Run {
            options: self,
            environment: Environment::new(job, &self.script.environment_vars, &self.script.env),
            format: EnvVarFormat::new(
                self.script.env_var_format.as_deref(),
                self.default_format(windows),
            ),
            shell,
            windows,
        };
        for script in self.script.files() {
            ui::say(&format!("Running local shell script: {script}"));
            let path = host_exec::asset_path(&assets::open(script)?);
            run.script(&if self.use_linux_pathing {
                linux_path(&path)?
            } else {
                path
            })?;
        }
        if let Some(lines) = self.lines() {
            ui::say("Running local inline shell script");
            let text = inline_script(lines, self.script.inline_shebang.as_deref(), windows);
            let file = host_exec::Script::create(text.as_bytes(), &self.extension(windows))
                .context("Error preparing shell script")?;
            run.script(&file.path())?;
        }
        Ok(())
    }

    fn command(&self) -> Option<&String> {
        self.command.as_ref().filter(|command| !command.is_empty())
    }

    fn lines(&self) -> Option<&[String]> {
        self.script
            .inline()
            .or_else(|| self.command().map(std::slice::from_ref))
    }

    fn default_format(&self, windows: bool) -> &'static str {
        if windows && !self.use_linux_pathing {
            EnvVarFormat::WINDOWS
        } else {
            EnvVarFormat::INLINE
        }
    }

    fn extension(&self, windows: bool) -> String {
        match self.tempfile_extension.trim_start_matches('.') {
            "" if windows => ".cmd".to_owned(),
            "" => String::new(),
            extension => format!(".{extension}"),
        }
    }
}

struct Run<'a> {
    options: &'a LocalOptions,
    environment: Environment,
    format: EnvVarFormat,
    shell: &'a [&'a str],
    windows: bool,
}

impl Run<'_> {
    fn script(&self, path: &str) -> Result<(), Error> {
        let exit = self
            .program(path)?
            .run()
            .with_context(|| format!("Error executing script: {path}"))?
            .exit();
        check_exit_code(exit_code(&exit), &self.options.script.valid_exit_codes)
    }

    fn program(&self, path: &str) -> Result<Program, Error> {
        if !self.options.execute_command.is_empty() {
            let written = self.written(path)?;
            let shell = if written.len() == 1 { self.shell } else { &[] };
            return command_line(shell.iter().map(|word| (*word).to_owned()).chain(written));
        }
        if self.windows {
            let vars = self.environment.render(&self.format);
            return command_line(["cmd", "/V", "/C", &vars, "call", path].map(str::to_owned));
        }
        if self.options.script.env_var_format.is_some() {
            let vars = self.environment.render(&self.format);
            return command_line(["/bin/sh", "-c", &format!("{vars} {path}")].map(str::to_owned));
        }
        let program = Program::new(
            "/bin/sh",
            &["-c".to_owned(), r#""$0""#.to_owned(), path.to_owned()],
        );
        for (name, value) in self.environment.iter() {
            program.env(name, value)?;
        }
        Ok(program)
    }

    fn written(&self, path: &str) -> Result<Vec<String>, Error> {
        let vars = self.environment.render(&self.format);
        let data = [("Vars", vars.as_str()), ("Script", path), ("Command", path)]
            .map(|(field, value)| (field.to_owned(), value.to_owned()));
        (0..self.options.execute_command.len())
            .map(|index| template::render(&format!("/execute_command/{index}"), &data))
            .collect::<Result<_, _>>()
            .context("Error processing command")
    }
}

fn command_line(words: impl IntoIterator<Item = String>) -> Result<Program, Error> {
    let mut words = words.into_iter();
    let path = words
        .next()
        .ok_or_else(|| Error::invalid("`execute_command` names no program"))?;
    Ok(Program::new(&path, &words.collect::<Vec<_>>()))
}

/// Here, unlike in `shell`, the default shebang stands before any first line.
fn inline_script(lines: &[String], shebang: Option<&str>, windows: bool) -> String {
    match shebang.filter(|shebang| !shebang.is_empty()) {
        None if windows => lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect(),
        shebang => inline_text(lines, Some(shebang.unwrap_or(crate::inline::SHEBANG))),
    }
}

/// `C:\path\to` as `/mnt/c/path/to`.
fn linux_path(path: &str) -> Result<String, Error> {
    let path = path.replace('\\', "/");
    match path.split_once(":/") {
        Some((drive, below)) => Ok(format!("/mnt/{}/{below}", drive.to_lowercase())),
        None => Err(Error::invalid(format!(
            "There was an error splitting your absolute path; expected to find a drive following the format ':/' but \
             did not: absolute path: {path}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn exactly_one_kind_of_script() {
        let check = |options: LocalOptions, expect: &[&str]| {
            let problems: Vec<_> = options
                .problems()
                .into_iter()
                .map(|problem| problem.message)
                .collect();
            assert_eq!(problems, expect);
        };
        let inline = ScriptOptions {
            inline: Some(lines(&["true"])),
            ..ScriptOptions::default()
        };
        let command = Some("true".to_owned());
        check(
            LocalOptions {
                script: inline.clone(),
                ..LocalOptions::default()
            },
            &[],
        );
        check(
            LocalOptions {
                command: command.clone(),
                ..LocalOptions::default()
            },
            &[],
        );
        check(
            LocalOptions::default(),
            &["Command, Inline, Script and Scripts options cannot all be empty."],
        );
        check(
            LocalOptions {
                script: inline.clone(),
                command,
                ..LocalOptions::default()
            },
            &[TOO_MANY],
        );
        check(
            LocalOptions {
                script: inline,
                only_on: lines(&["linux", "beos"]),
                ..LocalOptions::default()
            },
            &[
                "Invalid OS specified in only_on: 'beos'\nSupported OS names: darwin, freebsd, linux, openbsd, solaris, \
               windows",
            ],
        );
    }

    #[test]
    fn the_shebang_is_always_there_but_on_windows() {
        assert_eq!(
            inline_script(&lines(&["#!/bin/x", "y"]), None, false),
            "#!/bin/sh -e\n#!/bin/x\ny\n"
        );
        assert_eq!(
            inline_script(&lines(&["y"]), Some("/bin/bash"), true),
            "#!/bin/bash\ny\n"
        );
        assert_eq!(inline_script(&lines(&["y"]), Some(""), true), "y\n");
    }

    #[test]
    fn the_extension_has_one_dot() {
        let check = |extension: &str, windows, expect| {
            let options = LocalOptions {
                tempfile_extension: extension.to_owned(),
                ..LocalOptions::default()
            };
            assert_eq!(options.extension(windows), expect);
        };
        check("", false, "");
        check("", true, ".cmd");
        check("ps1", false, ".ps1");
        check(".ps1", true, ".ps1");
    }

    #[test]
    fn drives_are_mounts() {
        assert_eq!(linux_path(r"C:\Users\a b\x.sh").unwrap(), "/mnt/c/Users/a b/x.sh");
        assert!(linux_path("/tmp/x.sh").is_err());
    }
}
