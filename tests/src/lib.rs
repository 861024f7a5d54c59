//! The test bed of the end-to-end suites.
//!
//! The suites in `tests/` run the `kilnbox` binary as a user would and look at what came of it. This library gives them
//! the real programs around it: an OpenSSH server whose "instance" is a folder of this machine ([`SshBed`]), Packer as
//! the peer ([`Packer`]), EC2 in moto's memory ([`ec2`]), a registry of components ([`registry`]), and eyes for files
//! ([`Tree`]) and processes ([`processes`]). Every bed has folders, ports and keys of its own, so that suites run side by
//! side. Every wait has a deadline.

mod archive;
pub mod ec2;
mod kilnbox;
mod large;
mod packer;
pub mod processes;
mod program;
pub mod registry;
mod relay;
mod side_by_side;
mod ssh_bed;
mod terminal;
mod tree;
mod usage;
mod wait;

pub use archive::Image;
pub use kilnbox::{Kilnbox, guest, repository};
pub use large::{LARGE_PROVISIONERS, large_template};
pub use packer::Packer;
pub use program::{Finished, Running};
pub use relay::relay;
pub use side_by_side::side_by_side;
pub use ssh_bed::SshBed;
pub use terminal::Terminal;
pub use tree::{Node, Tree};
pub use usage::Usage;
pub use wait::until;

/// Stops a test that cannot mean anything without root.
#[track_caller]
pub fn needs_root(why: &str) {
    assert!(
        nix::unistd::geteuid().is_root(),
        "this test needs root: {why}; `make test` runs the tests through sudo",
    );
}
