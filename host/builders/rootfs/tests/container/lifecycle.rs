//! Whole builds: the steps in order, the archive read by another tool, and the archive as a base again.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use kilnbox_builder_rootfs::RootfsBuilder;
use kilnbox_engine::{
    BuildContext, Builder, Command, Events, Exit, Journal, Options, Output, ProvisionHook, Secrets, StepError,
};
use serde_json::{Value as Json, json};

use super::{
    bed::{Test, reachable_executable},
    results::small_base,
};

pub(crate) const TESTS: &[Test] = &[
    (
        "a_build_becomes_an_image_and_a_base_again",
        || Box::pin(a_build()),
    ),
    ("a_view_of_this_machine_becomes_one_layer", || Box::pin(a_view())),
    ("an_output_that_exists_is_refused", || {
        Box::pin(an_output_that_exists())
    }),
];

/// Runs one command line in place of the provisioners.
#[derive(Debug)]
struct Line(&'static str);

#[async_trait]
impl ProvisionHook for Line {
    async fn provision(&self, cx: &BuildContext) -> Result<(), StepError> {
        let mut process = cx.communicator()?.start(Command::line(self.0)).await?;
        let mut text = Vec::new();
        loop {
            match process.next().await? {
                Output::Stdout(chunk) | Output::Stderr(chunk) => text.extend_from_slice(&chunk),
                Output::Exited(Exit::Code(0)) => return Ok(()),
                Output::Exited(exit) => {
                    return Err(StepError::new(format!(
                        "{exit:?}: {}",
                        String::from_utf8_lossy(&text)
                    )));
                }
            }
        }
    }

    async fn provision_cleanup(&self, _: &BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}

fn options(folder: &Path, json: Json) -> Options {
    Options {
        json,
        build_name: "image".to_owned(),
        working_dir: folder.to_owned(),
        template_dir: None,
        force: false,
        templates: Arc::new(kilnbox_engine::NoTemplates),
    }
}

async fn build(folder: &Path, json: Json, line: &'static str) -> Result<String> {
    let state = folder.join("state");
    let builder = RootfsBuilder::new(reachable_executable(), state.clone());
    let lifecycle = builder
        .prepare(&options(folder, json))
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let (events, _collected) = Events::collecting();
    let mut cx = BuildContext {
        events,
        secrets: Secrets::default(),
        journal: Journal::create(&state, "test")?,
        cancel: tokio_util::sync::CancellationToken::new(),
        failed: false,
        debug: false,
        communicator: None,
        generated: Vec::new(),
        artifact: None,
        provision: Arc::new(Line(line)),
    };
    let mut steps = lifecycle.steps();
    let mut result = Ok(());
    let mut started = 0;
    for step in &mut steps {
        started += 1;
        result = step.run(&mut cx).await;
        if result.is_err() {
            break;
        }
    }
    for step in steps.iter_mut().take(started).rev() {
        step.cleanup(&mut cx).await?;
    }
    ensure!(cx.journal.open() == 0, "entries are left in the journal");
    ensure!(
        fs::read_dir(state.join("rootfs"))?.next().is_none(),
        "a work folder is left"
    );
    cx.journal.finish()?;
    result?;
    let artifact = cx.artifact.expect("an artifact");
    ensure!(artifact.builder_id() == "kilnbox.rootfs" && artifact.id().starts_with("sha256:"));
    Ok(artifact.describe())
}

fn inspect(archive: &Path, what: &[&str]) -> Result<Json> {
    let output = std::process::Command::new("skopeo")
        .arg("inspect")
        .args(what)
        .arg(format!("oci-archive:{}", archive.display()))
        .env("HOME", archive.parent().expect("a folder"))
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

async fn a_build() -> Result<()> {
    let (folder, base) = (tempfile::tempdir()?, small_base()?);
    let first = json!({
        "from": base.path(), "output": "one.tar", "tag": "base:1.0", "cmd": ["/bin/sh"],
        "env": { "A": "b" }, "labels": { "made": "here" }, "user": "0",
    });
    let text = build(folder.path(), first, "rm /old && echo one > /one").await?;
    ensure!(text.contains("one.tar") && text.contains("base:1.0"), "{text}");
    let one = folder.path().join("one.tar");
    let seen = inspect(&one, &[])?;
    ensure!(seen["Layers"].as_array().map(Vec::len) == Some(2), "{seen}");
    ensure!(
        seen["Labels"]["made"] == "here" && seen["Env"][0] == "A=b",
        "{seen}"
    );
    ensure!(inspect(&one, &["--config"])?["config"]["Cmd"][0] == "/bin/sh");

    let second = json!({ "from": "one.tar", "output": "two.tar" });
    build(
        folder.path(),
        second,
        "test ! -e /old && test $(cat /one) = one && echo two > /two",
    )
    .await?;
    let seen = inspect(&folder.path().join("two.tar"), &[])?;
    ensure!(
        seen["Layers"].as_array().map(Vec::len) == Some(3) && seen["Env"][0] == "A=b",
        "{seen}"
    );

    let flat = json!({ "from": "two.tar", "output": "flat.tar", "format": "tar" });
    build(folder.path(), flat, "test -e /two").await?;
    let last = json!({ "from": "flat.tar", "output": "last.tar" });
    build(
        folder.path(),
        last,
        "test -e /one && test -e /two && test ! -e /old",
    )
    .await?;
    let failed = build(
        folder.path(),
        json!({ "from": "flat.tar", "output": "none.tar" }),
        "exit 3",
    )
    .await;
    ensure!(failed.is_err() && !folder.path().join("none.tar").exists());
    Ok(())
}

async fn a_view() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // Everything that is the container's own can be changed by anybody.
    let own = "for folder in /etc /opt /root /tmp /var /var/log /home /srv; do echo kiln > $folder/kiln || exit 1; done; \
               echo changed > /etc/passwd && rm /etc/group && ";
    // What belongs to another account of this machine can be changed only by who may map that account.
    let foreign = if nix::unistd::getuid().is_root() {
        "mkdir -p /usr/local/share/kiln && touch /usr/local/share/kiln/x && rm /usr/bin/env"
    } else {
        "test ! -w /usr/bin && ! rm -f /usr/bin/env && ! mkdir -p /usr/local/share/kiln"
    };
    let line: &'static str = Box::leak(format!("{own}{foreign}").into_boxed_str());
    // The output's folders are made.
    build(folder.path(), json!({ "output": "new/deep/host.tar" }), line).await?;
    let archive = folder.path().join("new/deep/host.tar");
    ensure!(
        fs::metadata(&archive)?.len() < 1_000_000,
        "the view itself must not be in the archive"
    );
    let seen = inspect(&archive, &[])?;
    let layer = seen["Layers"][0]
        .as_str()
        .expect("a layer")
        .trim_start_matches("sha256:")
        .to_owned();
    let list = std::process::Command::new("sh")
        .args([
            "-c",
            &format!("tar xOf {} blobs/sha256/{layer} | tar tz", archive.display()),
        ])
        .output()?;
    let list = String::from_utf8(list.stdout)?;
    let mut names = vec![
        "etc/kiln",
        "opt/kiln",
        "root/kiln",
        "tmp/kiln",
        "var/kiln",
        "var/log/kiln",
        "home/kiln",
        "srv/kiln",
        "etc/passwd",
        "etc/.wh.group",
    ];
    if nix::unistd::getuid().is_root() {
        names.extend(["usr/local/share/kiln/x", "usr/bin/.wh.env"]);
    }
    for name in names {
        ensure!(list.lines().any(|line| line == name), "`{name}` is not in {list}");
    }
    ensure!(Path::new("/usr/bin/env").exists());
    Ok(())
}

async fn an_output_that_exists() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("image.tar"), "mine")?;
    let problems = RootfsBuilder::new("/nowhere".into(), folder.path().join("state"))
        .prepare(&options(folder.path(), json!({})))
        .expect_err("refused");
    ensure!(
        problems.iter().any(|problem| problem.at == "/output"),
        "{problems:?}"
    );
    ensure!(!folder.path().join("state").exists());
    Ok(())
}
