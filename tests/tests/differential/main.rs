//! The differential suite: every template in `tests/differential` is run by Packer and by Kilnbox, and all that a user or
//! a script could notice is compared: exit codes, what is said, files on the instance, files beside the template.
//!
//! A case is data ([`case`]). Both programs run it on the same ground ([`ground`]), what they did becomes lines
//! ([`facts`]), and lines that are not equal, in order, are a mismatch ([`compare`]), unless the case itself or
//! [`known`] names them together with the row of `docs/packer-differences.md` that says why. All cases run; the report
//! shows every mismatch at once.

mod case;
mod compare;
mod facts;
mod ground;
mod known;
mod lines;

use std::{collections::BTreeSet, fs};

use kilnbox_tests::{Kilnbox, Packer, SshBed, repository, side_by_side};

use case::Case;
use ground::Ground;

/// The topics of `docs/packer-differences.md`: the first cell of each row.
fn topics() -> BTreeSet<String> {
    let page =
        fs::read_to_string(repository().join("docs/packer-differences.md")).expect("the page is there");
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .map(|topic| topic.trim().to_owned())
        .collect()
}

/// In a module, so that `make test` can leave out all of it by name, and say so, where no Packer can be installed.
mod compared_with_packer {
    use super::*;

    #[test]
    fn every_template_does_the_same() {
        let cases = Case::all();
        let (bed, packer, kilnbox) = (SshBed::start(), Packer::new(), Kilnbox::new());
        let problems = side_by_side(&cases, |case| {
            compare::both(case, &Ground::new(case, &bed), &packer, &kilnbox)
        });
        // Its log says nothing about what differs.
        drop(bed);
        assert!(
            problems.is_empty(),
            "{} of {} templates do not do the same:\n\n{}",
            problems.len(),
            cases.len(),
            problems.join("\n")
        );
        kilnbox.left_nothing();
    }

    #[test]
    fn every_difference_has_its_row() {
        let topics = topics();
        let cases = Case::all();
        let named = cases
            .iter()
            .flat_map(|case| case.differs.iter().map(|differs| differs.topic.as_str()))
            .chain(known::TOPICS);
        let missing: BTreeSet<&str> = named.filter(|topic| !topics.contains(*topic)).collect();
        assert!(
            missing.is_empty(),
            "no row of docs/packer-differences.md begins with {missing:#?}"
        );
    }

    #[test]
    fn every_kind_of_step_is_among_at_least_eighty_templates() {
        let cases = Case::all();
        assert!(cases.len() >= 80, "{} templates", cases.len());
        let used: BTreeSet<String> = cases.iter().flat_map(Case::components).collect();
        for wanted in [
            "builder null over ssh",
            "builder null",
            "builder file",
            "provisioner shell",
            "provisioner file",
            "provisioner shell-local",
            "provisioner sleep",
            "provisioner breakpoint",
            "provisioner ansible-local",
            "error-cleanup-provisioner shell",
            "post-processor manifest",
            "post-processor checksum",
            "post-processor compress",
            "post-processor artifice",
            "post-processor shell-local",
        ] {
            assert!(used.contains(wanted), "no template has `{wanted}`: {used:#?}");
        }
    }
}
