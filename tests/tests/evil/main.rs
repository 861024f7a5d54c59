//! Hostile components on real builds: what each may cost, what it may touch, and what the person is told.
//!
//! A case is data in `tests/evil`, by theme ([`case`]): the component, the template's part, and what must come of it.
//! Each is run through the program, against a real server, with the grants that every plugin has, once as root and once
//! as an account without rights; what is asserted of all of them is in [`play`]. A new case needs no code.
//!
//! `KILNBOX_EVIL=theme/name` runs one case; its snapshot stands beside it.

mod beside;
mod case;
mod component;
mod ground;
mod play;
mod traced;
mod user;

use std::{
    cmp::Reverse,
    env, fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use kilnbox_tests::{SshBed, needs_root, side_by_side, until};
use tempfile::TempDir;

use case::Case;
use user::User;

/// Names one case, or several by how they begin.
const ONE: &str = "KILNBOX_EVIL";
/// Commands of the last case may take this long to end.
const ENDED: Duration = Duration::from_secs(30);

/// Bounds are measured, so nothing else is run meanwhile.
static ALONE: Mutex<()> = Mutex::new(());

/// A folder for compiled code that all cases of a user share.
fn cache(user: User) -> (TempDir, PathBuf) {
    let folder = TempDir::with_prefix("kilnbox-test-cache-").expect("a temporary folder can be made");
    fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it was made here");
    let cache = folder.path().join("compiled");
    fs::create_dir(&cache).expect("a folder can be made");
    fs::set_permissions(&cache, PermissionsExt::from_mode(0o700)).expect("it was made here");
    user.own(&cache);
    (folder, cache)
}

#[test]
fn every_case_as_root_and_as_an_account_without_rights() {
    needs_root("the cases are run as an account without rights, too");
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let one = env::var(ONE).unwrap_or_default();
    let mut cases: Vec<Case> = Case::all();
    cases.retain(|case| case.title().starts_with(&one));
    // The longest first, so that none is left to be waited for alone.
    cases.sort_by_key(|case| Reverse(case.expect.seconds));
    let runs: Vec<(&Case, User)> = cases
        .iter()
        .flat_map(|case| [(case, User::Root), (case, User::Nobody)])
        .collect();
    let bed = SshBed::start();
    let caches = [User::Root, User::Nobody].map(|user| (user, cache(user)));
    let problems = side_by_side(&runs, |(case, user)| {
        let cache = caches
            .iter()
            .find(|(of, _)| of == user)
            .map(|(_, (_, cache))| cache);
        play::play(case, &bed, *user, cache.expect("each has one"))
    });
    until("nothing to run on the instance any more", ENDED, || {
        bed.commands().is_empty().then_some(())
    });
    assert!(
        problems.is_empty(),
        "{} of {} runs went wrong:\n\n{}",
        problems.len(),
        runs.len(),
        problems.join("\n")
    );
    println!(
        "{} hostile components, each as root and as an account without rights",
        cases.len()
    );
}

#[test]
fn eight_at_once_do_not_disturb_a_good_build() {
    needs_root("the steps are run as an account without rights, too");
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let bed = SshBed::start();
    for user in [User::Root, User::Nobody] {
        let (_folder, cache) = cache(user);
        beside::all_at_once(&bed, user, &cache);
    }
}

#[test]
fn a_probing_step_opens_and_reaches_nothing() {
    needs_root("the build is traced");
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (_folder, cache) = cache(User::Root);
    traced::probe(&SshBed::start(), &cache);
}

#[test]
fn there_are_at_least_fifty_cases() {
    let cases = Case::all();
    assert!(cases.len() >= 50, "{} cases", cases.len());
}
