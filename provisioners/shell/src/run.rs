//! The run: variables, then each script uploaded, run and removed.

use kilnbox_guest::{
    Context, Duration, Error, Instance, Job, assets, exec, template, types, types::Exit, ui, upload,
};
use kilnbox_script::{EnvVarFormat, Environment, check_exit_code, exit_code, inline_text};

use crate::{Options, patience::Patience, unix_lines::unix_lines};

/// Of a script: the connection ended, and nobody said that it would.
const UNEXPECTED_DISCONNECT: &str = "Script disconnected unexpectedly. If you expected your script to disconnect, \
    i.e. from a restart, you can try adding `\"expect_disconnect\": true` or `\"valid_exit_codes\": [0, 2300218]` to \
    the shell provisioner parameters.";

/// Numbers in remote names are below this, as in Packer.
const NUMBERS: u32 = 9999;

const START_RETRY_TIMEOUT: Duration = Duration::from_secs(5 * 60);

const SCRIPT_MODE: u32 = 0o755;
const ENV_VAR_FILE_MODE: u32 = 0o600;

/// Largest script whose line ends are converted, in bytes: it is held in memory. Larger ones are archives with a
/// script in front, which the conversion would break.
const TEXT_LIMIT: u64 = 16 * 1024 * 1024;

/// Bytes that one call carries to or from the host, well below its limit.
const PIECE: u32 = 1024 * 1024;

pub(crate) fn run(options: &Options, on: &Instance, job: &Job) -> Result<(), Error> {
    let limit = options
        .start_retry_timeout
        .filter(|limit| !limit.is_zero())
        .unwrap_or(START_RETRY_TIMEOUT);
    let shell = Shell {
        options,
        on,
        job,
        patience: Patience { on, job, limit },
    };

    let default = if options.use_env_var_file {
        EnvVarFormat::FILE
    } else {
        EnvVarFormat::INLINE
    };
    let format = EnvVarFormat::new(options.script.env_var_format.as_deref(), default);
    let vars = Environment::new(job, &options.script.environment_vars, &options.script.env).render(&format);

    let env_var_file = if options.use_env_var_file {
        Some(shell.upload_env_var_file(&vars)?)
    } else {
        None
    };
    let path = options.remote_script(|| job.random(NUMBERS));
    let command = shell.command(
        &vars,
        &path,
        env_var_file.as_ref().map(upload::TemporaryFile::path),
    )?;

    for script in options.script.files() {
        ui::say(&format!("Provisioning with shell script: {script}"));
        shell.run_script(&Script::File(assets::open(script)?), &path, &command)?;
    }
    if let Some(lines) = options.script.inline() {
        ui::say("Provisioning with inline shell script");
        let text = inline_text(lines, options.script.inline_shebang.as_deref());
        shell.run_script(&Script::Text(text), &path, &command)?;
    }
    if let Some(file) = env_var_file.filter(|_| !options.skip_clean) {
        shell.remove(&file)?;
    }

    if !options.pause_after.is_zero() {
        ui::say(&format!(
            "Pausing {} after this provisioner...",
            options.pause_after
        ));
        job.sleep(options.pause_after.as_millis())?;
    }
    Ok(())
}

/// What is to be put on the instance.
enum Script {
    File(assets::Asset),
    Text(String),
}

struct Shell<'a> {
    options: &'a Options,
    on: &'a Instance,
    job: &'a Job,
    patience: Patience<'a>,
}

impl Shell<'_> {
    /// The command line. The defaults are put together here, so that nothing is parsed that nobody wrote.
    fn command(&self, vars: &str, path: &str, env_var_file: Option<String>) -> Result<String, Error> {
        let env_var_file = env_var_file.unwrap_or_default();
        match &self.options.execute_command {
            Some(written) if !written.is_empty() => {
                let data = [
                    ("Vars", vars),
                    ("Path", path),
                    ("EnvVarFile", env_var_file.as_str()),
                ]
                .map(|(field, value)| (field.to_owned(), value.to_owned()));
                template::render("/execute_command", &data).context("Error processing command")
            }
            _ => Ok(default_command(
                self.options.use_env_var_file,
                vars,
                path,
                &env_var_file,
            )),
        }
    }

    fn upload_env_var_file(&self, vars: &str) -> Result<upload::TemporaryFile, Error> {
        let path = format!(
            "{}/varfile_{}.sh",
            self.options.remote_folder(),
            self.job.random(NUMBERS)
        );
        let content = if self.options.binary {
            vars.as_bytes().to_vec()
        } else {
            unix_lines(vars.as_bytes())
        };
        let file = self.temporary(&path);
        self.patience
            .with(|| self.put(&content, &path, ENV_VAR_FILE_MODE))
            .context("Error uploading envVarFile")?;
        Ok(file)
    }

    /// Upload and command are tried together: after a reboot the script may be gone.
    fn run_script(&self, script: &Script, path: &str, command: &str) -> Result<(), Error> {
        let content = self.content(script)?;
        let file = self.temporary(path);
        let exit = self.patience.with(|| {
            match (&content, script) {
                (None, Script::File(asset)) => upload::file(self.on, asset, path, Some(SCRIPT_MODE))?,
                (content, _) => self.put(content.as_deref().unwrap_or_default(), path, SCRIPT_MODE)?,
            };
            Ok(exec::Command::new(command).run(self.on)?.exit())
        })?;
        self.check(&exit)?;
        if self.options.skip_clean {
            return Ok(());
        }
        if matches!(exit, Exit::Lost) {
            self.patience
                .reconnect()
                .context("waiting for the instance to come back")?;
        }
        self.remove(&file)
    }

    /// Writes a remote file, in as many calls as the host's limit on one of them asks for.
    fn put(&self, content: &[u8], path: &str, mode: u32) -> Result<u64, types::Error> {
        if content.len() <= PIECE as usize {
            return upload::bytes(self.on, content, path, Some(mode));
        }
        let writer = upload::Writer::open(self.on, path, Some(mode))?;
        for piece in content.chunks(PIECE as usize) {
            writer.write(piece)?;
        }
        writer.finish()
    }

    /// The bytes to upload; none where the host can take them from the file as it is.
    fn content(&self, script: &Script) -> Result<Option<Vec<u8>>, Error> {
        match script {
            Script::File(_) if self.options.binary => Ok(None),
            Script::File(asset) if asset.size() > TEXT_LIMIT => Err(Error::invalid(format!(
                "`{}` is too large for a text script ({} bytes): add `\"binary\": true`",
                asset.path(),
                asset.size()
            ))),
            Script::File(asset) => Ok(Some(unix_lines(&read(asset)?))),
            Script::Text(text) if self.options.binary => Ok(Some(text.clone().into_bytes())),
            Script::Text(text) => Ok(Some(unix_lines(text.as_bytes()))),
        }
    }

    fn check(&self, exit: &Exit) -> Result<(), Error> {
        match exit {
            Exit::Lost if self.options.expect_disconnect => Ok(()),
            Exit::Lost
                if self
                    .options
                    .script
                    .valid_exit_codes
                    .contains(&kilnbox_script::DISCONNECTED) =>
            {
                Ok(())
            }
            Exit::Lost => Err(Error::new(UNEXPECTED_DISCONNECT)),
            exit => check_exit_code(exit_code(exit), &self.options.script.valid_exit_codes),
        }
    }

    /// A file for the host to remove, unless the user wants to keep it.
    fn temporary(&self, path: &str) -> upload::TemporaryFile {
        let file = upload::TemporaryFile::register(self.on, path);
        if self.options.skip_clean {
            file.keep();
        }
        file
    }

    fn remove(&self, file: &upload::TemporaryFile) -> Result<(), Error> {
        self.patience
            .with(|| file.remove())
            .with_context(|| format!("Error removing temporary script at {}", file.path()))
    }
}

impl Options {
    fn remote_folder(&self) -> &str {
        written(&self.remote_folder).unwrap_or("/tmp")
    }

    fn remote_script(&self, number: impl FnOnce() -> u32) -> String {
        match (written(&self.remote_path), written(&self.remote_file)) {
            (Some(path), _) => path.to_owned(),
            (None, Some(file)) => format!("{}/{file}", self.remote_folder()),
            (None, None) => format!("{}/script_{}.sh", self.remote_folder(), number()),
        }
    }
}

fn written(option: &Option<String>) -> Option<&str> {
    option.as_deref().filter(|text| !text.is_empty())
}

fn default_command(use_env_var_file: bool, vars: &str, path: &str, env_var_file: &str) -> String {
    if use_env_var_file {
        format!("chmod +x {path}; . {env_var_file} && {path}")
    } else {
        format!("chmod +x {path}; {vars} {path}")
    }
}

fn read(asset: &assets::Asset) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    loop {
        let piece = asset
            .read(content.len() as u64, PIECE)
            .context("Error opening shell script")?;
        if piece.is_empty() {
            return Ok(content);
        }
        content.extend(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_command_is_packers() {
        assert_eq!(
            default_command(false, "BAR='foo' ", "/tmp/script_1234.sh", ""),
            "chmod +x /tmp/script_1234.sh; BAR='foo'  /tmp/script_1234.sh"
        );
        assert_eq!(
            default_command(true, "", "/tmp/script_1.sh", "/tmp/varfile_2.sh"),
            "chmod +x /tmp/script_1.sh; . /tmp/varfile_2.sh && /tmp/script_1.sh"
        );
    }

    #[test]
    fn the_remote_path_has_three_sources() {
        let check = |options: &str, expect: &str| {
            let options: Options = serde_json::from_str(options).unwrap();
            assert_eq!(options.remote_script(|| 7), expect);
        };
        check("{}", "/tmp/script_7.sh");
        check(r#"{"remote_folder": "/var/tmp"}"#, "/var/tmp/script_7.sh");
        check(r#"{"remote_file": "a.sh"}"#, "/tmp/a.sh");
        check(r#"{"remote_path": "/opt/x", "remote_file": "a.sh"}"#, "/opt/x");
        check(r#"{"remote_path": "", "remote_folder": ""}"#, "/tmp/script_7.sh");
    }
}
