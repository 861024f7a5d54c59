//! Trees over SFTP, from an instance without `tar`: names, depths and lengths that lie.

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use kilnbox_engine::{Communicator, NoProgress};
use tokio::time::timeout;

use super::{
    bed::{Bed, hostile, refuses, says, within},
    packets::{
        Asked, EOF, FILE, FOLDER, LINK, OPENDIR, READ, READDIR, READLINK, data, done, handle, lying, names,
        status,
    },
    server::Behaviour,
};

type Listing = Vec<(Vec<u8>, u32, u64)>;

/// No `tar`, as no other program.
fn without_tar() -> Behaviour {
    Behaviour::default().exec(|running| running.exit(127))
}

/// A server whose folder has this in it, once; `more` answers what it wants to.
async fn listing(listing: Listing, more: impl Fn(&Asked) -> Option<Vec<u8>> + Send + Sync + 'static) -> Bed {
    let listed = Arc::new(Mutex::new(HashSet::new()));
    Bed::start(without_tar().sftp(lying(move |asked| {
        if let Some(answer) = more(asked) {
            return Some(answer);
        }
        match asked.kind {
            // The handle is the path, so that each folder is known.
            OPENDIR => Some(handle(asked.id, asked.name())),
            READDIR if asked.name() == "/data" && listed.lock().unwrap().insert(asked.name().to_owned()) => {
                Some(named(asked, &listing))
            }
            READDIR => Some(status(asked.id, EOF, "")),
            _ => None,
        }
    })))
    .await
}

fn named(asked: &Asked, listing: &Listing) -> Vec<u8> {
    let listed: Vec<_> = listing
        .iter()
        .map(|(name, mode, size)| (name.as_slice(), *mode, *size))
        .collect();
    names(asked.id, &listed)
}

fn one(name: impl AsRef<[u8]>, mode: u32, size: u64) -> Listing {
    vec![(name.as_ref().to_vec(), mode, size)]
}

#[tokio::test]
async fn names_that_are_paths() {
    for (name, shown) in [
        ("../outside", "../outside"),
        ("/etc/passwd", "/etc/passwd"),
        ("a/b", "a/b"),
        ("", ""),
        ("a\0b", "a\\x00b"),
        ("\u{1b}[2J/", "\\x1b[2J/"),
    ] {
        for mode in [FILE, FOLDER, LINK] {
            let bed = listing(one(name, mode, 10), |_| None).await;
            hostile(
                bed.download_tree().await,
                &format!("the name `{shown}` in a listing"),
            );
            assert!(bed.names().is_empty());
        }
    }
}

#[tokio::test]
async fn the_folders_that_every_listing_has_lead_nowhere() {
    let both = [one(".", FOLDER, 0), one("..", FOLDER, 0)].concat();
    let bed = listing(both, |_| None).await;
    assert_eq!(bed.download_tree().await.unwrap(), 0);
    assert!(bed.names().is_empty());
}

#[tokio::test]
async fn names_that_are_no_text() {
    let bed = listing(one(b"bad\xff", FILE, 10), |_| None).await;
    says(
        bed.download_tree().await,
        "`bad\u{fffd}` is not valid UTF-8 and cannot be named to the instance",
    );
}

#[tokio::test]
async fn names_that_are_too_long() {
    let bed = listing(one("n".repeat(5000), FILE, 10), |_| None).await;
    hostile(bed.download_tree().await, "a path of more than 4096 bytes");
    let bed = listing(one("n".repeat(300), FILE, 10), |_| None).await;
    says(
        bed.download_tree().await,
        &format!("`{}`: File name too long (os error 36)", "n".repeat(300)),
    );
}

#[tokio::test]
async fn names_that_act_on_a_terminal_are_names() {
    let bed = listing(one("\u{1b}[2J\n", FILE, 10), |_| None).await;
    assert_eq!(bed.download_tree().await.unwrap(), 10);
    assert_eq!(bed.names(), ["\u{1b}[2J\n"]);
}

#[tokio::test]
async fn names_twice() {
    let twice = [one("a", FILE, 10), one("a", FILE, 10)].concat();
    let bed = listing(twice, |_| None).await;
    // One of the two stays, or that they met is told: never half of each.
    match bed.download_tree().await {
        Ok(bytes) => {
            assert_eq!(bytes, 20);
            assert_eq!(fs::read(bed.path("a")).unwrap(), b"0123456789");
        }
        met => hostile(met, "the name `a` twice"),
    }
    let through = [one("a", LINK, 0), one("a", FOLDER, 0), one("outside", FILE, 10)].concat();
    let up = |asked: &Asked| (asked.kind == READLINK).then(|| names(asked.id, &[(b"..", LINK, 0)]));
    let bed = listing(through, up).await;
    bed.download_tree().await.unwrap_err();
}

#[tokio::test]
async fn folders_in_folders_without_end() {
    let name = "d".repeat(250);
    let listed = Mutex::new(HashSet::new());
    let bed = Bed::start(without_tar().sftp(lying(move |asked| match asked.kind {
        OPENDIR => Some(handle(asked.id, &asked.name().len().to_string())),
        READDIR if listed.lock().unwrap().insert(asked.name().to_owned()) => {
            Some(names(asked.id, &[(name.as_bytes(), FOLDER, 0)]))
        }
        _ => None,
    })))
    .await;
    hostile(bed.download_tree().await, "a path of more than 4096 bytes");
}

#[tokio::test]
async fn a_listing_without_end_fills_no_memory() {
    // Names that are left out, and answers without any.
    for count in [1000, 0] {
        let bed = Bed::start(without_tar().sftp(lying(move |asked| {
            (asked.kind == READDIR).then(|| names(asked.id, &vec![(&[b'n'; 100][..], 0o010_666, 0); count]))
        })))
        .await;
        let ssh = bed.connect().await;
        let target = bed.target();
        let download = ssh.download_tree("/data", &target, &NoProgress);
        assert!(timeout(Duration::from_secs(2), download).await.is_err());
        within(ssh.close()).await;
        bed.check();
        assert!(bed.names().is_empty());
    }
}

#[tokio::test]
async fn sizes_that_lie() {
    let bed = listing(one("a", FILE, u64::MAX), |_| None).await;
    hostile(
        bed.download_tree().await,
        "`/data/a`: a size of 18446744073709551615 bytes",
    );
    for size in [11, 1 << 40] {
        let bed = listing(one("a", FILE, size), |_| None).await;
        refuses(
            bed.download_tree().await,
            "/data/a",
            "became shorter while it was read",
        );
        assert!(bed.names().is_empty(), "half a file stayed");
    }
    let surplus =
        |asked: &Asked| (asked.kind == READ).then(|| data(asked.id, &vec![7; asked.range().1 as usize + 1]));
    let bed = listing(one("a", FILE, 10), surplus).await;
    hostile(bed.download_tree().await, "`/data/a`: more than was asked for");
    assert!(bed.names().is_empty());
}

#[tokio::test]
async fn links_to_nothing_and_to_anywhere() {
    let bed = listing(one("a", LINK, 0), |asked| {
        (asked.kind == READLINK).then(|| names(asked.id, &[]))
    })
    .await;
    hostile(bed.download_tree().await, "`/data/a` is a link to nothing");
    let bed = listing(one("a", LINK, 0), |asked| {
        (asked.kind == READLINK).then(|| names(asked.id, &[(b"/etc/passwd", LINK, 0)]))
    })
    .await;
    bed.download_tree().await.unwrap();
    assert_eq!(fs::read_link(bed.path("a")).unwrap(), Path::new("/etc/passwd"));
}

#[tokio::test]
async fn programs_of_the_instance_get_no_rights() {
    let bed = listing(one("a", 0o107_777, 10), |_| None).await;
    bed.download_tree().await.unwrap();
    let mode = fs::metadata(bed.path("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o777);
}

#[tokio::test]
async fn a_listing_that_is_something_else() {
    let bed = listing(Listing::new(), |asked| {
        (asked.kind == READDIR).then(|| done(asked.id))
    })
    .await;
    refuses(bed.download_tree().await, "/data", "Ok");
    let bed = listing(Listing::new(), |asked| {
        (asked.kind == READDIR).then(|| handle(asked.id, "h"))
    })
    .await;
    hostile(
        bed.download_tree().await,
        "`/data`: an answer that does not fit what was asked",
    );
}
