//! `kilnbox trust`: shows what a project's `kilnbox.toml` grants beyond the default, and remembers the answer.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use kilnbox_registry::{Project, TrustStore};

use crate::{
    args::TrustArgs, capabilities::Power, error::Error, exit_codes, folders::Folders, stdout, table::table,
    wire,
};

/// Asks, and remembers.
pub(crate) fn run(args: &TrustArgs) -> Result<u8, Error> {
    let Some(project) = wire::project(&args.folder)? else {
        stdout::print(&format!(
            "no kilnbox.toml in `{}`: nothing to accept\n",
            args.folder.display()
        ))?;
        return Ok(exit_codes::SUCCESS);
    };
    if project.beyond_default().is_empty() {
        stdout::print(&format!(
            "`{}` grants nothing beyond the default: nothing to accept\n",
            project.path().display()
        ))?;
        return Ok(exit_codes::SUCCESS);
    }
    stdout::print(&listing(&project))?;
    if !args.yes && !ask()? {
        stdout::print("not accepted; nothing was changed\n")?;
        return Ok(exit_codes::FAILURE);
    }
    TrustStore::new(&Folders::find()?.config).accept(&project)?;
    stdout::print("accepted, until this file or one of these plugins changes\n")?;
    Ok(exit_codes::SUCCESS)
}

fn listing(project: &Project) -> String {
    let rows = project.beyond_default().iter().map(|(plugin, capability)| {
        let power = Power::new(capability);
        vec![plugin.clone(), power.name, power.words.to_owned()]
    });
    format!(
        "`{}` grants beyond the default:\n\n{}\n\n",
        project.path().display(),
        table(rows).join("\n")
    )
}

fn ask() -> Result<bool, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::NobodyAnswers);
    }
    let mut err = io::stderr().lock();
    write!(err, "Accept? [y/N] ")
        .and_then(|()| err.flush())
        .map_err(Error::Output)?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|source| Error::System {
            what: "reading the answer",
            source,
        })?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}
