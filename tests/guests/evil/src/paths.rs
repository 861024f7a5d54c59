//! Local paths that the user did not mean.

use kilnbox_guest::{Error, Instance, assets, download, exec, outputs, types, ui, upload};

fn outcome<T>(done: Result<T, types::Error>) -> String {
    match done {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{:?}: {}", error.code, error.message),
    }
}

pub(crate) fn open(paths: &[String]) {
    for path in paths {
        ui::say(&format!("reading {path:?}: {}", outcome(assets::open(path))));
        ui::say(&format!("writing {path:?}: {}", outcome(outputs::open(path))));
        ui::say(&format!(
            "matching {path:?}: {}",
            outcome(outputs::matching(path))
        ));
    }
}

pub(crate) fn read(asset: &str) -> Result<(), Error> {
    let content = assets::open(asset).and_then(|asset| asset.read(0, 1000));
    match content {
        Ok(content) => ui::say(&format!("in {asset:?}: {}", String::from_utf8_lossy(&content))),
        Err(error) => ui::say(&format!("reading {asset:?}: {:?}: {}", error.code, error.message)),
    }
    Ok(())
}

pub(crate) fn write(output: &str) {
    let written = outputs::open(output).and_then(|output| output.replace(b"hostile", None));
    ui::say(&format!("writing {output:?}: {}", outcome(written)));
    let executable = outputs::open(output).and_then(|output| output.replace(b"hostile", Some(0o755)));
    ui::say(&format!("as a program: {}", outcome(executable)));
}

/// `name` may have several parts, with `/` between them: each is a child of the one before.
fn child(output: &str, name: &str) -> Result<outputs::Output, types::Error> {
    let mut at = outputs::open(output)?;
    for part in name.split('|') {
        at = at.child(part)?;
    }
    Ok(at)
}

pub(crate) fn below(output: &str, names: &[String]) -> Result<(), Error> {
    for name in names {
        let written = child(output, name).and_then(|output| output.replace(b"hostile", None));
        ui::say(&format!("writing {name:?}: {}", outcome(written)));
        let seen = child(output, name).and_then(|output| output.read(0, 1000));
        let seen = seen.map(|content| String::from_utf8_lossy(&content).into_owned());
        ui::say(&match seen {
            Ok(content) => format!("in {name:?}: {content}"),
            Err(error) => format!("reading {name:?}: {:?}: {}", error.code, error.message),
        });
    }
    Ok(())
}

pub(crate) fn lock(output: &str, names: &[String]) -> Result<(), Error> {
    for name in names {
        let locked = child(output, name).and_then(|output| output.lock());
        ui::say(&format!("locking {name:?}: {}", outcome(locked)));
    }
    Ok(())
}

pub(crate) fn render(template: &str, names: &[String]) {
    ui::say(&format!("the path is {template:?}"));
    for name in names {
        let data = [("Name".to_owned(), name.clone())];
        let opened = outputs::open_rendered("/rendered-output", &data);
        let written = opened.and_then(|output| output.replace(b"hostile", None));
        ui::say(&format!("writing for {name:?}: {}", outcome(written)));
    }
}

/// Each command makes something in the folder it is run in, an empty one on the instance.
pub(crate) fn fetch(on: &Instance, output: &str, commands: &[String]) -> Result<(), Error> {
    let folder = exec::Command::new("mktemp -d");
    folder.capture(1000);
    let folder = String::from_utf8_lossy(&folder.run(on)?.stdout())
        .trim()
        .to_owned();
    for command in commands {
        let made = exec::Command::new(&format!("cd {folder} && {command}"));
        made.run(on)?;
    }
    let fetched = outputs::open(output).and_then(|output| download::directory(on, &folder, &output));
    exec::Command::new(&format!("rm -rf {folder}")).run(on)?;
    ui::say(&format!("fetching into {output:?}: {}", outcome(fetched)));
    Ok(())
}

pub(crate) fn send(on: &Instance, asset: &str) -> Result<(), Error> {
    let folder = exec::Command::new("mktemp -d");
    folder.capture(1000);
    let folder = String::from_utf8_lossy(&folder.run(on)?.stdout())
        .trim()
        .to_owned();
    let sent = assets::open(asset).and_then(|asset| match asset.is_directory() {
        true => upload::directory(on, &asset, &folder),
        false => upload::file(on, &asset, &format!("{folder}/sent"), None),
    });
    ui::say(&format!("sending {asset:?}: {}", outcome(sent)));
    exec::Command::new(&format!("cd {folder} && find . -type f -exec cat {{}} +")).run(on)?;
    exec::Command::new(&format!("rm -rf {folder}")).run(on)?;
    Ok(())
}
