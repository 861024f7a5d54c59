//! The container against this machine's kernel: every promise of isolation, as root and as an ordinary user.
//!
//! The test program starts itself again as the helper, as Kilnbox does. Run as root it runs every test twice, the
//! second time as `nobody`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod container {
    pub(crate) mod bed;
    pub(crate) mod isolation;
    pub(crate) mod leftovers;
    pub(crate) mod lifecycle;
    pub(crate) mod results;
    pub(crate) mod transfers;
}

use std::{env, process::ExitCode};

use container::{bed, isolation, leftovers, lifecycle, results, transfers};

/// Set for the second round.
const AS_USER: &str = "as-user";
/// An account without rights: `nobody`.
const NOBODY: u32 = 65534;

fn main() -> ExitCode {
    let first = env::args().nth(1);
    if first.as_deref() == Some(kilnbox_builder_rootfs::CONTAINER_COMMAND) {
        return kilnbox_builder_rootfs::container_main();
    }
    if first.as_deref() == Some(leftovers::VICTIM) {
        return leftovers::victim();
    }
    let filter = first
        .filter(|it| it != AS_USER && !it.starts_with('-'))
        .or_else(|| env::args().nth(2))
        .unwrap_or_default();
    let tests: Vec<_> = [
        isolation::TESTS,
        transfers::TESTS,
        results::TESTS,
        lifecycle::TESTS,
        leftovers::TESTS,
    ]
    .concat();
    let mut failures = 0;
    let who = if nix::unistd::getuid().is_root() {
        "root"
    } else {
        "user"
    };
    for (name, test) in tests.iter().filter(|(name, _)| name.contains(&filter)) {
        let result = std::panic::catch_unwind(|| bed::runtime().block_on(test()));
        let passed = matches!(result, Ok(Ok(())));
        if let Ok(Err(error)) = result {
            println!("{error:?}");
        }
        println!("test {who}::{name} ... {}", if passed { "ok" } else { "FAILED" });
        failures += u32::from(!passed);
    }
    if nix::unistd::getuid().is_root() && env::args().nth(1).as_deref() != Some(AS_USER) {
        let status = std::process::Command::new("setpriv")
            .args([
                format!("--reuid={NOBODY}"),
                format!("--regid={NOBODY}"),
                "--clear-groups".to_owned(),
            ])
            .arg(bed::reachable_executable())
            .arg(AS_USER)
            .arg(&filter)
            .status();
        failures += u32::from(!status.is_ok_and(|status| status.success()));
    }
    println!("{who}: {failures} failed");
    ExitCode::from(u8::from(failures > 0))
}
