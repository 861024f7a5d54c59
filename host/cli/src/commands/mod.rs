//! What each command does. A command returns the exit code, or the error to show.

mod build;
mod console;
mod execute;
mod fix;
mod fmt;
mod gc;
mod init;
mod inspect;
mod plugin;
mod trust;
mod validate;
mod version;

use clap::CommandFactory as _;
use tokio::runtime::Runtime;

use crate::{
    args::{Cli, Command},
    error::Error,
    exit_codes, readers,
    report::Report,
    stdout,
};

/// Does what the command line asks for.
pub(crate) fn run(cli: &Cli, report: &Report) -> Result<u8, Error> {
    match &cli.command {
        Command::Build(args) => build::run(args, &cli.output, report),
        Command::Validate(args) => validate::run(args, &cli.output, report),
        Command::Inspect(args) => inspect::run(args, &cli.output),
        Command::Console(args) => console::run(args, &cli.output, report),
        Command::Fix(args) => fix::run(args, report),
        Command::Fmt(args) => fmt::run(args, report),
        Command::Init(args) => init::run(args, report),
        Command::Plugin(command) => plugin::run(command, &cli.output, report),
        Command::Trust(args) => trust::run(args),
        Command::Gc(args) => gc::run(args, &cli.output),
        Command::Version => version::run(&cli.output),
        Command::Completions { shell } => completions(*shell),
        Command::Hcl2Upgrade(_) => Err(not_built("hcl2_upgrade", "a JSON template is read as it is")),
        Command::VerifyAttestation(_) => Err(not_built("verify-attestation", "verify it with Packer")),
    }
}

fn not_built(command: &'static str, hint: &'static str) -> Error {
    Error::NotBuilt { command, hint }
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kilnbox", &mut script);
    stdout::print(&String::from_utf8_lossy(&script))?;
    Ok(exit_codes::SUCCESS)
}

/// The one runtime of the process, for the commands that need one.
fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::System {
            what: "starting the threads of the program",
            source,
        })
}

/// Prints the answer of a command that has no run: as it is, or as a line for programs.
fn answer(text: &str, machine_readable: bool) -> Result<(), Error> {
    if machine_readable {
        let now = jiff::Timestamp::now().as_second();
        stdout::print(&format!("{}\n", readers::record(now, "", "ui", ["say", text])))
    } else {
        stdout::print(&format!("{text}\n"))
    }
}
