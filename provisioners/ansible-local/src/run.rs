//! The run: everything into the staging folder, then `ansible-galaxy`, then the playbooks, in Packer's order.

use kilnbox_guest::{Context, Error, Instance, Job, assets, ui};

use crate::{
    Options,
    commands::{Commands, Told},
    galaxy::Requirements,
    options::written,
    places::{self, Place, base},
    staging::Staging,
};

/// Begins the name of an inventory that is made here; Packer's, with a number after it.
const INVENTORY: &str = "packer-provisioner-ansible-local";

pub(crate) fn run(options: &Options, on: &Instance, job: &Job) -> Result<(), Error> {
    ui::say("Provisioning with Ansible...");
    let staging = Staging::new(options, on, job);
    let outcome = stage(options, &staging, job).and_then(|staged| {
        play(options, &staging, &staged, &Told::by(job)).context("Error executing Ansible")
    });
    staging.end(outcome)
}

/// What the commands need to know of the staging folder: paths on the instance.
struct Staged {
    playbooks: Vec<String>,
    inventory: String,
    galaxy: Option<Galaxy>,
}

struct Galaxy {
    file: String,
    requirements: Requirements,
}

fn stage(options: &Options, staging: &Staging<'_>, job: &Job) -> Result<Staged, Error> {
    match written(&options.playbook_dir) {
        Some(folder) => {
            ui::message("Uploading Playbook directory to Ansible staging directory...");
            staging
                .fill(folder)
                .context("Error uploading playbook_dir directory")?;
        }
        None => {
            ui::message("Creating Ansible staging directory...");
            staging.make().context("Error creating staging directory")?;
        }
    }
    let playbooks = match written(&options.playbook_file) {
        Some(file) => {
            ui::message("Uploading main Playbook file...");
            let path = staging.upload_file(file, base(file));
            vec![path.context("Error uploading main playbook")?]
        }
        None => playbook_files(options, staging)?,
    };
    let galaxy = written(&options.galaxy_file).map(|file| {
        ui::message("Uploading galaxy file...");
        let requirements = Requirements::read(&assets::open(file)?)?;
        let file = staging.upload_file(file, base(file))?;
        Ok::<_, Error>(Galaxy { file, requirements })
    });
    let galaxy = galaxy.transpose().context("Error uploading galaxy file")?;
    ui::message("Uploading inventory file...");
    let inventory = match written(&options.inventory_file) {
        Some(file) => staging.upload_file(file, base(file)),
        None => {
            let name = format!("{INVENTORY}{}", job.random(u32::MAX));
            staging.write_file(&inventory(&options.inventory_groups), &name)
        }
    };
    let inventory = inventory.context("Error uploading inventory file")?;
    folders(options, staging)?;
    Ok(Staged {
        playbooks,
        inventory,
        galaxy,
    })
}

fn playbook_files(options: &Options, staging: &Staging<'_>) -> Result<Vec<String>, Error> {
    let files: Vec<&str> = options.playbook_files.iter().map(|file| &**file).collect();
    let places = places::playbooks(written(&options.playbook_dir), &files);
    for (file, place) in files.iter().zip(&places) {
        let Place::Upload(path) = place else { continue };
        ui::message(&format!("Uploading playbook file: {file}"));
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        staging
            .folder(folder)
            .and_then(|()| staging.upload_file(file, path))
            .with_context(|| format!("Error uploading playbook: {file}"))?;
    }
    Ok(places.iter().map(|place| staging.at(place.path())).collect())
}

fn folders(options: &Options, staging: &Staging<'_>) -> Result<(), Error> {
    for (name, source) in [
        ("group_vars", &options.group_vars),
        ("host_vars", &options.host_vars),
    ] {
        let Some(source) = written(source) else { continue };
        ui::message(&format!("Uploading {name} directory..."));
        staging
            .upload_folder(source, name)
            .with_context(|| format!("Error uploading {name} directory"))?;
    }
    let kinds = [
        ("Uploading role directories...", "roles", &options.role_paths),
        (
            "Uploading collection directories...",
            "collections",
            &options.collection_paths,
        ),
        (
            "Uploading additional Playbooks...",
            "playbooks",
            &options.playbook_paths,
        ),
    ];
    for (headline, name, sources) in kinds {
        if sources.is_empty() {
            continue;
        }
        ui::message(headline);
        if name == "playbooks" {
            staging
                .folder(name)
                .context("Error creating playbooks directory")?;
        }
        for source in sources {
            staging
                .upload_folder(source, &format!("{name}/{}", base(source)))
                .with_context(|| format!("Error uploading {name}"))?;
        }
    }
    Ok(())
}

fn play(options: &Options, staging: &Staging<'_>, staged: &Staged, told: &Told) -> Result<(), Error> {
    let commands = Commands {
        options,
        staging: staging.path(),
    };
    let mut requirements = Requirements::default();
    if let Some(galaxy) = &staged.galaxy {
        requirements = galaxy.requirements;
        for line in commands.install(&galaxy.file, requirements)? {
            ui::message(&format!("Executing Ansible Galaxy: {line}"));
            staging
                .run(&line, commands.galaxy())
                .context("Error executing Ansible Galaxy")?;
        }
    }
    for playbook in &staged.playbooks {
        let line = commands.playbook(playbook, &staged.inventory, requirements, told)?;
        ui::message(&format!("Executing Ansible: {line}"));
        staging.run(&line, commands.ansible())?;
    }
    Ok(())
}

/// An inventory of the instance alone, in every group.
fn inventory(groups: &[String]) -> String {
    if groups.is_empty() {
        return "127.0.0.1".to_owned();
    }
    groups
        .iter()
        .map(|group| format!("[{group}]\n127.0.0.1\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instance_is_in_every_group() {
        assert_eq!(inventory(&[]), "127.0.0.1");
        assert_eq!(
            inventory(&["web".to_owned(), "db".to_owned()]),
            "[web]\n127.0.0.1\n[db]\n127.0.0.1\n"
        );
    }
}
