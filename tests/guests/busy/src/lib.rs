//! A provisioner that does one of each thing that Kilnbox's own do not, and asks for what it was not given.
//!
//! The suite `record` checks that all of it is told.

use kilnbox_guest::{
    AssetPath, Error, ErrorCode, Instance, Job, JsonSchema, Provisioner, assets,
    exec::{Command, Event},
    types::Exit,
    upload::{TemporaryFile, Writer},
};
use serde::Deserialize;

/// Where to do it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// A folder of the instance.
    folder: String,
    /// A file to give to a command.
    file: AssetPath,
}

/// The provisioner.
#[derive(Debug)]
pub struct Busy;

impl Provisioner for Busy {
    type Options = Options;
    const NAME: &'static str = "busy";

    fn run(Options { folder, file }: Options, on: &Instance, _job: &Job) -> Result<(), Error> {
        match assets::open("/etc/shadow") {
            Err(refused) if refused.code == ErrorCode::Denied => {}
            _ => return Err(Error::new("was let read what nobody named")),
        }

        let given = Command::new(&format!(
            "cat > {folder}/from-bytes; echo $GREETING > {folder}/greeting"
        ));
        given.env("GREETING", "good morning")?;
        given.stdin(b"on standard input\n");
        given.run(on)?;

        let given = Command::new(&format!("cat > {folder}/from-file"));
        given.stdin_asset(&assets::open(&file)?);
        given.run(on)?;

        let followed = Command::new(&format!("cat > {folder}/from-parts"));
        followed.stdin_open();
        let followed = followed.spawn(on)?;
        for mut part in [&b"in "[..], b"parts\n"] {
            while !part.is_empty() {
                let taken = followed.write_stdin(part)?;
                part = part
                    .get(usize::try_from(taken).unwrap_or(part.len())..)
                    .unwrap_or_default();
            }
        }
        followed.close_stdin()?;
        while !matches!(followed.next()?, Event::Exited(_)) {}

        let writer = Writer::open(on, &format!("{folder}/written"), Some(0o600))?;
        for part in ["one\n", "two\n"] {
            writer.write(part.as_bytes())?;
        }
        writer.finish()?;

        let temporary = TemporaryFile::register(on, &format!("{folder}/temporary"));
        Command::new(&format!("touch {}", temporary.path())).run(on)?;
        drop(temporary);

        match Command::new("exit 3").run(on)?.exit() {
            Exit::Code(3) => Ok(()),
            other => Err(Error::new(format!("ended otherwise: {other:?}"))),
        }
    }
}

kilnbox_guest::provisioner!(Busy);
