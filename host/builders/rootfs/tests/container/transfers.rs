//! Files on their way in and out, and links that lie in wait.

use std::fs;

use anyhow::{Result, ensure};
use cap_std::{ambient_authority, fs::Dir};
use kilnbox_engine::{Communicator, CommunicatorError, NoProgress, Upload};

use super::bed::{Bed, Test};

pub(crate) const TESTS: &[Test] = &[
    ("files_go_in_and_out", || Box::pin(files_go_in_and_out())),
    ("trees_go_in_and_out", || Box::pin(trees_go_in_and_out())),
    ("planted_links_stay_inside", || {
        Box::pin(planted_links_stay_inside())
    }),
    ("links_out_of_a_tree_are_refused", || {
        Box::pin(links_out_are_refused())
    }),
    ("input_signals_and_dropping", || {
        Box::pin(input_signals_and_dropping())
    }),
];

async fn files_go_in_and_out() -> Result<()> {
    let bed = Bed::host().await?;
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let upload = Upload {
        content: &mut content.as_slice(),
        size: None,
        mode: Some(0o750),
    };
    let path = "/tmp/a name with 'quotes' $HOME\n";
    ensure!(bed.inside.upload(path, upload, &NoProgress).await? == 1_200_000);
    ensure!(bed.good("stat -c %a /tmp/a*").await?.trim() == "750");
    let mut back = Vec::new();
    bed.inside.download(path, &mut back, &NoProgress).await?;
    ensure!(back == content);
    bed.inside.remove(path).await?;
    bed.inside.remove(path).await?;
    let missing = bed.inside.download(path, &mut back, &NoProgress).await;
    ensure!(
        matches!(missing, Err(CommunicatorError::Remote { .. })),
        "{missing:?}"
    );
    let nowhere = Upload {
        content: &mut content.as_slice(),
        size: None,
        mode: None,
    };
    let nowhere = bed
        .inside
        .upload("/no/such/folder/file", nowhere, &NoProgress)
        .await;
    ensure!(
        matches!(nowhere, Err(CommunicatorError::Remote { .. })),
        "{nowhere:?}"
    );
    Ok(())
}

async fn trees_go_in_and_out() -> Result<()> {
    let bed = Bed::host().await?;
    let local = tempfile::tempdir()?;
    fs::create_dir_all(local.path().join("in/deep/er"))?;
    fs::write(local.path().join("in/deep/er/file"), "content")?;
    std::os::unix::fs::symlink("er/file", local.path().join("in/deep/link"))?;
    let from = Dir::open_ambient_dir(local.path().join("in"), ambient_authority())?;
    bed.inside
        .upload_tree("/opt/new/tree", &from, "in", &NoProgress)
        .await?;
    ensure!(bed.good("cat /opt/new/tree/deep/link").await? == "content");
    fs::create_dir(local.path().join("out"))?;
    let to = Dir::open_ambient_dir(local.path().join("out"), ambient_authority())?;
    ensure!(
        bed.inside
            .download_tree("/opt/new/tree", &to, &NoProgress)
            .await?
            == 7
    );
    ensure!(fs::read_to_string(local.path().join("out/deep/link"))? == "content");
    Ok(())
}

async fn planted_links_stay_inside() -> Result<()> {
    let bed = Bed::host().await?;
    let outside = tempfile::tempdir()?;
    let target = outside.path().join("target");
    fs::write(&target, "of the host")?;
    let shown = target.display();
    bed.good(&format!(
        "ln -s {shown} /tmp/trap && ln -s /../../../..{shown} /tmp/trap2"
    ))
    .await?;
    for trap in ["/tmp/trap", "/tmp/trap2"] {
        let upload = Upload {
            content: &mut b"of the step".as_slice(),
            size: None,
            mode: None,
        };
        let _refused_or_inside = bed.inside.upload(trap, upload, &NoProgress).await;
        let mut back = Vec::new();
        let _refused_or_inside = bed.inside.download(trap, &mut back, &NoProgress).await;
        ensure!(!String::from_utf8_lossy(&back).contains("of the host"));
    }
    ensure!(fs::read_to_string(&target)? == "of the host");
    Ok(())
}

async fn links_out_are_refused() -> Result<()> {
    let bed = Bed::host().await?;
    bed.good("mkdir /opt/t && ln -s /etc /opt/t/out").await?;
    let local = tempfile::tempdir()?;
    let to = Dir::open_ambient_dir(local.path(), ambient_authority())?;
    let result = bed.inside.download_tree("/opt/t", &to, &NoProgress).await;
    ensure!(matches!(result, Err(CommunicatorError::Hostile(_))), "{result:?}");
    Ok(())
}

async fn input_signals_and_dropping() -> Result<()> {
    use kilnbox_engine::{Command, Exit, Output};
    let bed = Bed::host().await?;
    let mut cat = bed
        .inside
        .start(Command {
            stdin: true,
            ..Command::line("cat")
        })
        .await?;
    ensure!(cat.write_stdin("hello".into()).await? == 5);
    ensure!(cat.next().await? == Output::Stdout("hello".into()));
    cat.close_stdin().await?;
    ensure!(cat.next().await? == Output::Exited(Exit::Code(0)));
    let mut sleeping = bed.inside.start(Command::line("echo up; exec sleep 600")).await?;
    sleeping.next().await?;
    sleeping.signal("INT").await?;
    ensure!(sleeping.next().await? == Output::Exited(Exit::Signal("INT".to_owned())));
    let mut dropped = bed.inside.start(Command::line("echo $$; exec sleep 601")).await?;
    let Output::Stdout(pid) = dropped.next().await? else {
        anyhow::bail!("no process id")
    };
    let pid = String::from_utf8(pid.to_vec())?;
    drop(dropped);
    bed.good(&format!(
        "for i in $(seq 200); do kill -0 {} 2>/dev/null || exit 0; sleep 0.05; done; exit 1",
        pid.trim()
    ))
    .await?;
    Ok(())
}
