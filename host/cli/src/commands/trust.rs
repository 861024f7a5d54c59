//! `kilnbox trust`: shows what a project's `kilnbox.toml` grants beyond the default, and remembers the answer.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use kilnbox_registry::{Project, TrustStore};

use crate::{args::TrustArgs, error::Error, exit_codes, folders::Folders, stdout, wire};

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
    let mut text = format!("`{}` grants beyond the default:\n\n", project.path().display());
    let width = project
        .beyond_default()
        .iter()
        .map(|(plugin, _)| plugin.chars().count())
        .max()
        .unwrap_or(0);
    for (plugin, capability) in project.beyond_default() {
        text.push_str(&format!(
            "  {plugin:width$}  {capability:<11}{}\n",
            meaning(capability)
        ));
    }
    text.push('\n');
    text
}

/// What a capability means for the person who grants it.
fn meaning(capability: &str) -> &'static str {
    match capability {
        "host-exec" => "runs programs on this machine, with all your rights; the template says which",
        "connection" => "reads the address and the private key of the instance",
        "prompt" => "asks you questions at the terminal",
        _ => "",
    }
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
