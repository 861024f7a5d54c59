//! The `ansible-local` provisioner: runs `ansible-playbook` on the instance.
//!
//! Playbooks and all that they use are put into a staging folder there, and Ansible runs in it with the connection
//! `local`. What the instance sees is what Packer's `ansible-local` shows it: the same folders, the same command lines
//! in the same order. Where Packer would let a shell read a path, the path is quoted.

mod commands;
mod galaxy;
mod options;
mod places;
mod run;
mod staging;

use kilnbox_guest::{Diagnostic, Error, Instance, Job, Provisioner};

pub use options::Options;

/// The provisioner.
#[derive(Debug)]
pub struct AnsibleLocal;

impl Provisioner for AnsibleLocal {
    type Options = Options;
    const NAME: &'static str = "ansible-local";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        options.problems()
    }

    fn run(options: Options, on: &Instance, job: &Job) -> Result<(), Error> {
        run::run(&options, on, job)
    }
}

kilnbox_guest::provisioner!(AnsibleLocal);
