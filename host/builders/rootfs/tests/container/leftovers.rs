//! What is left when Kilnbox is killed: nothing that `gc` does not remove.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use kilnbox_builder_rootfs::{Base, Container, Setup, reclaimers};
use kilnbox_engine::{Command, Communicator};

use super::bed::{Test, runtime};

/// First argument of a program that starts a container and is killed.
pub(crate) const VICTIM: &str = "victim";

pub(crate) const TESTS: &[Test] = &[("a_killed_program_leaves_nothing", || Box::pin(killed()))];

/// Starts a container with a command in it, says the helper's id, and waits to be killed.
pub(crate) fn victim() -> ExitCode {
    let work = std::env::args().nth(2).unwrap();
    runtime().block_on(async {
        let mut container = Container::spawn(&std::env::current_exe().unwrap(), Path::new(&work)).unwrap();
        let setup = Setup {
            base: Base::Host,
            host_network: false,
            hostname: "kiln".to_owned(),
        };
        container.begin(&setup).await.unwrap();
        let inside = container.communicator().unwrap();
        let mut process = inside
            .start(Command::line("mkdir -m 0 /opt/closed; echo; exec sleep 12345"))
            .await
            .unwrap();
        process.next().await.unwrap();
        println!("{}", container.pid().unwrap());
        std::future::pending::<()>().await;
    });
    ExitCode::SUCCESS
}

async fn killed() -> Result<()> {
    let state = tempfile::tempdir()?;
    let work = state.path().join("rootfs/one");
    fs::create_dir_all(&work)?;
    fs::write(work.join(".kilnbox-rootfs"), "")?;
    let mut victim = std::process::Command::new(std::env::current_exe()?)
        .arg(VICTIM)
        .arg(&work)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(victim.stdout.take().expect("a pipe")).read_line(&mut line)?;
    let helper: u32 = line.trim().parse()?;
    ensure!(Path::new(&format!("/proc/{helper}")).exists());
    victim.kill()?;
    victim.wait()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while alive(helper) || sleeping() {
        ensure!(
            Instant::now() < deadline,
            "helper or command outlived the program by 10 s"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    ensure!(!mounts.contains(&*work.to_string_lossy()), "{mounts}");
    let data = serde_json::json!({ "path": work });
    // The state folder by way of a link, as a user may name it.
    let link = state.path().join("link");
    std::os::unix::fs::symlink(state.path(), &link)?;
    let reclaimers = reclaimers(link);
    let folders = reclaimers
        .iter()
        .find(|it| it.kind() == "rootfs-folder")
        .expect("a reclaimer of folders");
    for _ in 0..2 {
        folders.reclaim(&data).await.map_err(anyhow::Error::msg)?;
    }
    ensure!(!work.exists());
    let foreign = serde_json::json!({ "path": state.path() });
    ensure!(folders.reclaim(&foreign).await.is_err());
    Ok(())
}

/// Whether a process exists and is not a zombie that nobody has reaped.
fn alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn sleeping() -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        fs::read(entry.path().join("cmdline")).is_ok_and(|line| line.starts_with(b"sleep\x0012345\0"))
    })
}
