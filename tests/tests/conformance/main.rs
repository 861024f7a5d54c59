//! The conformance tables of `tests/conformance/program/`: what the program does, as data.
//!
//! Each file is one section of Packer's behaviour: a command, a post-processor, a part of how builds run. A case holds
//! what there is (a template, files), what is done (a command line, keys, signals), and what must come of it: the exit
//! code, lines, errors with their places, and every file that is made or changed, here and on the instance. All cases
//! of a file are tried, several at a time, and those that fail are shown together.

mod case;
mod ground;
mod judge;
mod pattern;
mod play;
mod reports;
mod table;

use std::{collections::BTreeSet, fs};

use kilnbox_tests::repository;

/// A test for each file.
macro_rules! tables {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            table::check(stringify!($name));
        })*

        const TABLES: &[&str] = &[$(stringify!($name)),*];
    };
}

tables! {
    ansible_local
    artifice
    builds_in_parallel
    checksum
    common_options
    compress
    console
    core_build
    diagnostics
    environment_variables
    fix
    fmt
    hcl2_upgrade
    init
    inspect
    lines_for_people
    lines_for_programs
    manifest
    plugins
    post_processors_not_built
    provision_hook
    secrets_and_the_rest
    shell_local
    step_runner
    the_build_command
    validate
    version
}

#[test]
fn every_table_has_a_test() {
    let folder = repository().join(table::FOLDER);
    let files: BTreeSet<String> = fs::read_dir(folder)
        .expect("the tables are there")
        .map(|entry| entry.expect("a name").file_name().to_string_lossy().into_owned())
        .collect();
    let tested = TABLES.iter().map(|name| table::file_name(name)).collect();
    assert_eq!(files, tested);
}
