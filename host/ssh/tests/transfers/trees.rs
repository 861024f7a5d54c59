//! Trees, as one stream where there is a `tar` and file by file where there is none.

use std::{
    fs::{self, Permissions},
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::Path,
    process::Command as Program,
    time::{Duration, SystemTime},
};

use kilnbox_engine::{Communicator, CommunicatorError};

use super::{Reports, contents, download_tree, noise, upload, upload_tree};
use crate::{bed::Bed, dir};

const SFTP: &str = "Subsystem sftp internal-sftp\n";

/// A tree with everything that a tree may have, but names that are no text.
fn plant(folder: &Path) -> u64 {
    let mode =
        |name: &str, mode| fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).unwrap();
    let mut bytes = 0;
    let mut write = |name: &str, content: &[u8]| {
        fs::write(folder.join(name), content).unwrap();
        bytes += content.len() as u64;
    };
    fs::create_dir_all(folder.join("many")).unwrap();
    for number in 0..300_u32 {
        write(&format!("many/{number}"), &noise(number * 10));
    }
    let deep = ["level"; 40].join("/");
    fs::create_dir_all(folder.join(&deep)).unwrap();
    write(&format!("{deep}/file"), b"at the bottom");
    for name in [
        "a b",
        "it's",
        "\"q\"",
        "$HOME",
        "two\nlines",
        "-rf",
        "é",
        "back\\slash",
        "*",
        ".hidden",
    ] {
        fs::create_dir(folder.join(format!("folder {name}"))).unwrap();
        write(name, name.as_bytes());
        write(&format!("folder {name}/{name}"), name.as_bytes());
    }
    write("large", &noise(3_000_000));
    write("empty", b"");
    write("tool", b"#!/bin/sh");
    write("replaced", b"new");
    write("through", b"a file where a link is");
    fs::create_dir_all(folder.join("closed/inside")).unwrap();
    fs::create_dir(folder.join("nothing")).unwrap();
    fs::create_dir(folder.join("folder for link")).unwrap();
    write("closed/inside/secret", b"secret");
    symlink("/etc/passwd", folder.join("out")).unwrap();
    symlink("tool", folder.join("near")).unwrap();
    symlink("no such thing", folder.join("dangling")).unwrap();
    for (name, bits) in [
        ("tool", 0o4755),
        ("closed/inside/secret", 0o400),
        ("closed/inside", 0o500),
        ("closed", 0o555),
        ("nothing", 0o1777),
    ] {
        mode(name, bits);
    }
    let pipe = Program::new("mkfifo").arg(folder.join("pipe")).status();
    assert!(pipe.unwrap().success());
    for (number, name) in ["tool", "large", "many/7", "many", "closed/inside", "closed"]
        .iter()
        .enumerate()
    {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + number as u64);
        fs::File::open(folder.join(name))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    bytes
}

/// What an earlier upload may have left.
fn occupy(folder: &Path) {
    fs::create_dir_all(folder.join("closed")).unwrap();
    fs::write(folder.join("replaced"), "old and longer").unwrap();
    fs::write(folder.join("outside"), "untouched").unwrap();
    symlink("outside", folder.join("through")).unwrap();
    symlink("outside", folder.join("near")).unwrap();
    symlink("closed", folder.join("folder for link")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_without_tar_is_the_tree_with_it() {
    let (with, without) = (Bed::start(), Bed::without_tar(SFTP));
    let from = with.path("from");
    let bytes = plant(&from);
    let mut expected = contents(&from);
    expected.remove(Path::new("pipe"));
    let mut there = Vec::new();
    let mut back = Vec::new();
    for bed in [&with, &without] {
        let ssh = bed.connect().await;
        let to = bed.path("the're/a b");
        occupy(&to);
        let reports = Reports::default();
        let moved = ssh
            .upload_tree(to.to_str().unwrap(), &dir(&from), "from", &reports)
            .await
            .unwrap();
        assert_eq!(moved, bytes);
        reports.check(bytes);
        assert_eq!(fs::read_to_string(to.join("outside")).unwrap(), "untouched");
        fs::remove_file(to.join("outside")).unwrap();
        there.push(contents(&to));

        let copy = bed.path("copy");
        fs::create_dir(&copy).unwrap();
        occupy(&copy);
        fs::remove_file(copy.join("folder for link")).unwrap();
        let reports = Reports::default();
        let moved = ssh
            .download_tree(to.to_str().unwrap(), &dir(&copy), &reports)
            .await
            .unwrap();
        assert_eq!(moved, bytes);
        reports.check(bytes);
        assert_eq!(fs::read_to_string(copy.join("outside")).unwrap(), "untouched");
        fs::remove_file(copy.join("outside")).unwrap();
        back.push(contents(&copy));
    }
    assert_eq!(there[0], expected);
    assert_eq!(there[1], expected);
    // No program of the instance gets rights here, and a sticky directory is an ordinary one.
    for text in expected.values_mut() {
        *text = text.replace(" 4755 ", " 0755 ").replace(" 1777 ", " 0777 ");
    }
    assert_eq!(back[0], expected);
    assert_eq!(back[1], expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn tar_is_asked_for_once() {
    let bed = Bed::without_tar(SFTP);
    let asked = bed.path("asked");
    let program = bed.path("bin/tar");
    fs::write(
        &program,
        format!("#!/bin/sh\necho \"$@\" >> {}\nexit 127\n", asked.display()),
    )
    .unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let from = bed.path("from");
    fs::create_dir(&from).unwrap();
    fs::write(from.join("file"), "content").unwrap();
    let ssh = bed.connect().await;
    for turn in ["one", "two"] {
        upload_tree(&ssh, &bed.path(turn), &from).await.unwrap();
        download_tree(&ssh, &bed.path(turn), &bed.path("back"))
            .await
            .unwrap();
        assert_eq!(contents(&bed.path(turn)), contents(&from));
    }
    assert_eq!(fs::read_to_string(asked).unwrap().lines().count(), 1);
}

/// An account that may do nothing but SFTP: a command's text is not even looked at.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_shell_gets_and_gives_trees() {
    let bed = Bed::with(&format!("{SFTP}ForceCommand internal-sftp\n"));
    let from = bed.path("from");
    let bytes = plant(&from);
    for first in ["upload", "download"] {
        let ssh = bed.connect().await;
        let to = bed.path("to");
        if first == "upload" {
            assert_eq!(upload_tree(&ssh, &to, &from).await.unwrap(), bytes);
        }
        assert_eq!(download_tree(&ssh, &to, &bed.path(first)).await.unwrap(), bytes);
    }
    assert_eq!(contents(&bed.path("upload")), contents(&bed.path("download")));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_neither_tar_nor_sftp_trees_are_refused_by_name() {
    let bed = Bed::without_tar("");
    let ssh = bed.connect().await;
    let here = bed.path("");
    for error in [
        upload_tree(&ssh, &bed.path("to"), &here).await.unwrap_err(),
        download_tree(&ssh, &here, &bed.path("back")).await.unwrap_err(),
    ] {
        assert!(matches!(error, CommunicatorError::Unsupported(_)), "{error:?}");
        assert!(error.to_string().contains("neither `tar` nor SFTP"), "{error}");
    }
    // Files go all the same.
    upload(&ssh, &bed.path("file"), b"content").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sftp_alone_refuses_names_that_are_no_text() {
    let bed = Bed::without_tar(SFTP);
    let ssh = bed.connect().await;
    for (folder, is_link) in [("name", false), ("link", true)] {
        let from = bed.path(folder);
        fs::create_dir(&from).unwrap();
        let odd = std::ffi::OsStr::from_bytes(b"bad\xff");
        if is_link {
            symlink(odd, from.join("points")).unwrap();
        } else {
            fs::write(from.join(odd), "content").unwrap();
        }
        for error in [
            upload_tree(&ssh, &bed.path("to"), &from).await.unwrap_err(),
            download_tree(&ssh, &from, &bed.path("back")).await.unwrap_err(),
        ] {
            assert!(matches!(error, CommunicatorError::NotUtf8(_)), "{error:?}");
            let named = if is_link { "points" } else { "bad" };
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_fails_says_where() {
    for bed in [Bed::start(), Bed::without_tar(SFTP)] {
        let ssh = bed.connect().await;
        let from = bed.path("from");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("taken"), "content").unwrap();
        fs::create_dir_all(bed.path("to/taken/full")).unwrap();
        let error = upload_tree(&ssh, &bed.path("to"), &from).await.unwrap_err();
        assert!(matches!(error, CommunicatorError::Remote { .. }), "{error:?}");
        assert!(error.to_string().contains("taken"), "{error}");

        fs::create_dir_all(bed.path("back/taken/full")).unwrap();
        let error = download_tree(&ssh, &from, &bed.path("back")).await.unwrap_err();
        assert!(matches!(error, CommunicatorError::Local { .. }), "{error:?}");
        assert!(error.to_string().contains("taken"), "{error}");

        for missing in [
            download_tree(&ssh, &bed.path("no such"), &bed.path("back")).await,
            upload_tree(&ssh, &bed.path("from/taken/below"), &from).await,
        ] {
            let error = missing.unwrap_err();
            assert!(matches!(error, CommunicatorError::Remote { .. }), "{error:?}");
        }
    }
}

/// What the user's own folder holds is no way out of it either.
#[tokio::test(flavor = "multi_thread")]
async fn a_local_link_is_not_followed() {
    for bed in [Bed::start(), Bed::without_tar(SFTP)] {
        let ssh = bed.connect().await;
        let from = bed.path("from");
        fs::create_dir_all(from.join("folder")).unwrap();
        fs::write(from.join("folder/file"), "content").unwrap();
        let (to, other) = (bed.path("to"), bed.path("other"));
        fs::create_dir(&other).unwrap();
        fs::create_dir(&to).unwrap();
        symlink(&other, to.join("folder")).unwrap();
        let error = download_tree(&ssh, &from, &to).await.unwrap_err();
        assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
        assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_files_keep_a_session_busy() {
    let bed = Bed::without_tar(SFTP);
    let ssh = bed.connect().await;
    let from = bed.path("from");
    for folder in 0..100 {
        let folder = from.join(folder.to_string());
        fs::create_dir_all(&folder).unwrap();
        for file in 0..20 {
            fs::write(folder.join(file.to_string()), noise(file * 100)).unwrap();
        }
    }
    upload_tree(&ssh, &bed.path("to"), &from).await.unwrap();
    download_tree(&ssh, &bed.path("to"), &bed.path("back"))
        .await
        .unwrap();
    assert_eq!(contents(&bed.path("to")), contents(&from));
    assert_eq!(contents(&bed.path("back")), contents(&from));
}
