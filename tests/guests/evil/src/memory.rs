//! What the host keeps on a guest's behalf, as much of it as the guest can make it keep.

use kilnbox_guest::{
    Error, Instance, exec,
    outputs::{self, Archive, Output},
    upload::{TemporaryFile, Writer},
};

/// As much as one call may carry, nearly.
fn long() -> String {
    "n".repeat(3 << 20)
}

pub(crate) fn archives(output: &str) -> Result<(), Error> {
    // As long as a path may be.
    let (output, name) = (outputs::open(output)?, "n".repeat(4096));
    let mut kept = Vec::new();
    loop {
        let archive = Archive::new("tar", "none");
        for _ in 0..10_000 {
            archive.add(&output, &name)?;
        }
        kept.push(archive);
    }
}

pub(crate) fn children(output: &str) -> Result<(), Error> {
    let name = long();
    let mut kept: Vec<Output> = vec![outputs::open(output)?];
    while let Some(last) = kept.last() {
        let next = last.child(&name)?;
        kept.push(next);
    }
    Ok(())
}

pub(crate) fn rendered() -> Result<(), Error> {
    let mut name = long();
    for number in 0..10_000 {
        name.push_str(&number.to_string());
        drop(outputs::open_rendered(
            "/rendered-output",
            &[("Name".to_owned(), name.clone())],
        )?);
    }
    Ok(())
}

pub(crate) fn commands() -> Result<(), Error> {
    let text = long();
    let mut kept = Vec::new();
    loop {
        let command = exec::Command::new("true");
        command.run_as(&text);
        command.env("X", &text)?;
        command.stdin(text.as_bytes());
        kept.push(command);
    }
}

pub(crate) fn temporaries(on: &Instance) {
    let name = long();
    let mut kept = Vec::new();
    loop {
        let file = TemporaryFile::register(on, &name);
        file.keep();
        kept.push(file);
    }
}

/// `folder` is one on the instance.
pub(crate) fn writers(on: &Instance, folder: &str) -> Result<(), Error> {
    let mut kept = Vec::new();
    loop {
        let writer = Writer::open(on, &format!("{folder}/{}", kept.len()), None)?;
        writer.write(&[b'x'; 1000])?;
        kept.push(writer);
    }
}

pub(crate) fn captures(on: &Instance) -> Result<(), Error> {
    let mut kept = Vec::new();
    loop {
        let command = exec::Command::new("head -c 16000000 /dev/zero");
        command.capture(u32::MAX);
        kept.push(command.run(on)?);
    }
}
