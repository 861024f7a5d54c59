//! What is captured, and that it can be started from again.

use std::fs;

use anyhow::{Result, ensure};
use kilnbox_builder_rootfs::Base;

use super::bed::{Bed, Test};

pub(crate) const TESTS: &[Test] = &[("changes_become_a_layer", || Box::pin(changes_become_a_layer()))];

async fn changes_become_a_layer() -> Result<()> {
    let base = small_base()?;
    let mut bed = Bed::start(Base::Directory(base.path().to_owned())).await?;
    bed.good("rm /old && mkdir /new && echo hello > /new/file")
        .await?;
    let captured = bed.container.capture(true, true, true).await?;
    let layer = captured.layer.expect("a layer");
    let list = std::process::Command::new("tar")
        .arg("tzvf")
        .arg(bed.work.path().join("layer.tar.gz"))
        .output()?;
    let list = String::from_utf8(list.stdout)?;
    ensure!(
        list.contains(" .wh.old") && list.contains(" new/file") && list.contains("0/0"),
        "{list}"
    );
    ensure!(!list.contains("nobody") && !list.contains("100000"), "{list}");
    ensure!(base.path().join("old").exists() && layer.digest.len() == 64);
    let layers = ["base.tar.gz", "layer.tar.gz"]
        .map(|name| bed.work.path().join(name))
        .to_vec();
    let again = Bed::start(Base::Layers(layers)).await?;
    ensure!(again.good("cat /new/file").await? == "hello\n");
    again.refused("cat /old").await?;
    let mut flat = Bed::start(Base::Layers(vec![bed.work.path().join("flat.tar")])).await?;
    ensure!(flat.good("cat /new/file").await? == "hello\n");
    flat.container.end().await?;
    kilnbox_builder_rootfs::remove_folder(flat.work.path()).expect_err("a folder without its mark");
    ensure!(!flat.work.path().join("upper").exists());
    Ok(())
}

/// A root with a shell and four programs of this machine.
pub(crate) fn small_base() -> Result<tempfile::TempDir> {
    let base = tempfile::tempdir()?;
    fs::write(base.path().join("old"), "old")?;
    for folder in ["bin", "lib64", "root", "tmp"] {
        fs::create_dir(base.path().join(folder))?;
    }
    let script = r#"
        for program in sh rm mkdir cat; do
            cp -L /bin/$program "$0/bin/"
            for library in $(ldd /bin/$program | grep -o '/lib[^ ]*'); do
                mkdir -p "$0$(dirname $library)"
                cp -L $library "$0$library"
            done
        done"#;
    let copied = std::process::Command::new("sh")
        .args(["-ec", script])
        .arg(base.path())
        .status()?;
    ensure!(copied.success());
    Ok(base)
}
