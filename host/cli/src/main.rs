//! The `kilnbox` command: reads the command line, wires the crates together, and shows what happens.
//!
//! This is the only crate that knows the terminal, the environment and the exit codes. Read [`args`] for what users
//! can say, [`commands`] for what is done, [`wire`] for what the program is made of, [`readers`] for what is printed.

mod args;
mod argv;
mod capabilities;
mod commands;
mod durations;
mod env_vars;
mod error;
mod exit_codes;
mod folders;
mod images;
mod logging;
mod person;
mod readers;
mod record;
mod report;
mod signals;
mod stdout;
mod table;
mod template_file;
mod wire;

use std::{env, process::ExitCode};

use clap::{CommandFactory as _, Parser as _};

use crate::{args::Cli, report::Report};

fn main() -> ExitCode {
    // The program is also the helper that becomes a container, and the compiler of strangers' components. The first
    // unshares namespaces, which a process with threads cannot do, so this stands before everything else.
    match env::args_os().nth(1) {
        Some(first) if first == kilnbox_builder_rootfs::CONTAINER_COMMAND => {
            return kilnbox_builder_rootfs::container_main();
        }
        Some(first) if first == kilnbox_sandbox::compiler::COMMAND => {
            return kilnbox_sandbox::compiler::main(env::args().skip(2));
        }
        _ => {}
    }
    let argv = argv::normalise(env::args_os(), &Cli::command());
    let code = match Cli::try_parse_from(argv) {
        Ok(cli) => run(&cli),
        Err(answer) => {
            // Help and version are such answers too. Nobody is left to tell when they cannot be printed.
            let _ = answer.print();
            u8::try_from(answer.exit_code()).unwrap_or(exit_codes::USAGE)
        }
    };
    ExitCode::from(code)
}

fn run(cli: &Cli) -> u8 {
    let report = Report::new(cli.output.color, cli.output.machine_readable);
    commands::run(cli, &report).unwrap_or_else(|error| {
        report.failure(&error);
        error.exit_code()
    })
}
