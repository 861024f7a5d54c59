//! What a step must not be able to do.

use anyhow::{Result, ensure};
use kilnbox_builder_rootfs::Isolation;
use kilnbox_engine::Exit;

use super::bed::{Bed, Test};

pub(crate) const TESTS: &[Test] = &[
    ("runs_a_command_as_root_inside", || Box::pin(runs_a_command())),
    ("cannot_read_homes_or_shadow", || {
        Box::pin(cannot_read_homes_or_shadow())
    }),
    ("cannot_read_the_environment_of_the_host", || {
        Box::pin(cannot_read_the_environment())
    }),
    (
        "cannot_reach_the_network",
        || Box::pin(cannot_reach_the_network()),
    ),
    ("cannot_make_devices_or_mounts", || {
        Box::pin(cannot_make_devices_or_mounts())
    }),
    (
        "cannot_write_proc_or_sys",
        || Box::pin(cannot_write_proc_or_sys()),
    ),
    ("cannot_write_the_base", || Box::pin(cannot_write_the_base())),
];

async fn runs_a_command() -> Result<()> {
    let started = std::time::Instant::now();
    let bed = Bed::host().await?;
    println!("started in {:?} as {:?}", started.elapsed(), bed.isolation);
    ensure!(bed.good("id -u").await?.trim() == "0");
    ensure!(bed.good("hostname").await?.trim() == "kiln");
    ensure!(bed.run("echo out; echo err >&2; exit 7").await?.0 == Exit::Code(7));
    ensure!(bed.run("kill -TERM $$").await?.0 == Exit::Signal("TERM".to_owned()));
    ensure!(
        bed.good("sleep 60 & echo on").await?.trim() == "on",
        "a background process must not hold the step"
    );
    let outside = nix::unistd::getuid().as_raw();
    match bed.isolation {
        Isolation::Mapped { first } => ensure!(outside == 0 && first >= 100_000),
        Isolation::Single { uid } => ensure!(uid == outside && uid != 0),
        Isolation::Capabilities => anyhow::bail!("this kernel can map ids, and the container does not"),
    }
    Ok(())
}

async fn cannot_read_homes_or_shadow() -> Result<()> {
    let bed = Bed::host().await?;
    for folder in ["/root", "/home"] {
        ensure!(
            bed.good(&format!("ls -A {folder}")).await?.is_empty(),
            "{folder} is not empty"
        );
    }
    for file in [
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/machine-id",
        "/etc/ssh/ssh_host_rsa_key",
    ] {
        bed.refused(&format!("cat {file}")).await?;
    }
    ensure!(
        bed.good("ls /")
            .await?
            .split_whitespace()
            .all(|name| name != "work" && name != "w")
    );
    bed.good("test -s /etc/passwd && test -d /usr/bin && test -s /var/lib/dpkg/status")
        .await?;
    Ok(())
}

async fn cannot_read_the_environment() -> Result<()> {
    let bed = Bed::host().await?;
    let seen = bed.run("cat /proc/*/environ; cat /proc/*/cmdline; env").await?.1;
    for name in ["CARGO", "RUST", "TMPDIR="] {
        ensure!(!seen.contains(name), "`{name}` is seen inside: {seen}");
    }
    bed.refused("cat /proc/1/environ | grep -q .").await?;
    bed.refused("ls /proc/1/root/ && ls -l /proc/1/fd/3").await?;
    bed.refused("head -c 4 /proc/1/exe").await?;
    Ok(())
}

async fn cannot_reach_the_network() -> Result<()> {
    let bed = Bed::host().await?;
    let interfaces = bed.good("tail -n +3 /proc/net/dev | cut -d: -f1").await?;
    ensure!(interfaces.split_whitespace().eq(["lo"]), "{interfaces}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    bed.refused(&format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}'"))
        .await?;
    bed.refused("bash -c 'exec 3<>/dev/tcp/1.1.1.1/53'").await?;
    Ok(())
}

async fn cannot_make_devices_or_mounts() -> Result<()> {
    let bed = Bed::host().await?;
    bed.refused("mknod /tmp/disk b 254 0").await?;
    bed.refused("mknod /dev/mem c 1 1").await?;
    bed.refused("mount -t tmpfs none /mnt").await?;
    bed.refused("mount --bind / /mnt").await?;
    bed.refused("umount /proc").await?;
    bed.refused("unshare -Ur true").await?;
    bed.refused("unshare -m true").await?;
    bed.refused("nsenter -t 1 -m true").await?;
    Ok(())
}

async fn cannot_write_proc_or_sys() -> Result<()> {
    let bed = Bed::host().await?;
    for file in [
        "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
    ] {
        bed.refused(&format!("echo x > {file}")).await?;
    }
    bed.refused("touch /sys/x").await?;
    ensure!(bed.good("ls -A /sys").await?.is_empty());
    bed.refused("head -c 1 /proc/kcore | grep -q .").await?;
    Ok(())
}

async fn cannot_write_the_base() -> Result<()> {
    let bed = Bed::host().await?;
    let marker = format!("kilnbox-test-{}", std::process::id());
    bed.good(&format!(
        "mkdir -p /usr/share && echo x > /usr/{marker} && echo x > /etc/{marker} && cat /usr/{marker}"
    ))
    .await?;
    for folder in ["/usr", "/etc"] {
        ensure!(!std::path::Path::new(folder).join(&marker).exists());
    }
    Ok(())
}
