//! Differences that any template shows, each with its row in `docs/packer-differences.md`. What one template alone
//! shows stands in its case.

use std::sync::LazyLock;

use regex::Regex;

use crate::{facts::Who, lines::Said};

const WORDING: &str = "what changed since 1.6.6";
const HEADLINES: &str = "headlines of `inline` scripts";
const LISTS: &str = "closing lists";
const PASSED_ON: &str = "an artifact that a post-processor passes on";
const WHEREABOUTS: &str = "what went wrong";
const KEPT: &str = "post-processors fail";

/// First cells of the rows.
pub(crate) const TOPICS: [&str; 6] = [WORDING, HEADLINES, LISTS, PASSED_ON, WHEREABOUTS, KEPT];

/// [`WORDING`]: in 1.6.6, and in the version that Kilnbox follows.
const WORDS: [(&str, &str); 2] = [
    (".Allowed exit codes are:", ". Allowed exit codes are:"),
    (
        ": Using ssh communicator to connect",
        ": Using SSH communicator to connect",
    ),
];

/// [`HEADLINES`]: with a file's name, and without.
const INLINE: [(&str, &str); 2] = [
    (
        "Provisioning with shell script: A TEMPORARY FILE",
        "Provisioning with inline shell script",
    ),
    (
        "Running local shell script: A TEMPORARY FILE",
        "Running local inline shell script",
    ),
];

/// [`WORDING`]: a build of the type `null` is shown as `web` by 1.6.6, as `null.web` since.
static NAMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)((?:==>|-->|   ) |Build '|^\d+,)(?:null|file)\.").expect("a pattern"));

/// Kilnbox's own lines below an error of the closing list.
static DETAILS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\n    (?:step: |host: |the last lines of its output:|  \| ).*").expect("a pattern")
});

/// [`KEPT`]: what Kilnbox says of an artifact that Packer removes.
const KEPT_HERE: &str = ": kept because of the error: ";

/// The names of builds as 1.6.6 shows them.
pub(crate) fn named_as_in_packer(who: Who, output: &str) -> String {
    match who {
        Who::Packer => output.to_owned(),
        Who::Kilnbox => NAMES.replace_all(output, "$1").into_owned(),
    }
}

/// What is left to compare.
pub(crate) fn without_known_differences(who: Who, mut said: Said) -> Said {
    match who {
        Who::Packer => {
            let newer = |line: &mut String| {
                for (old, new) in WORDS.into_iter().chain(INLINE) {
                    *line = line.replace(old, new);
                }
            };
            said.builds.iter_mut().for_each(newer);
            said.records.iter_mut().for_each(newer);
            for section in &mut said.closing {
                section.entries.iter_mut().for_each(newer);
            }
        }
        Who::Kilnbox => {
            said.builds.retain(|line| !line.contains(KEPT_HERE));
            said.closing.retain(|section| section.title != "==> The builds:");
            for entry in said.closing.iter_mut().flat_map(|section| &mut section.entries) {
                *entry = DETAILS.replace_all(entry, "").into_owned();
            }
        }
    }
    said.closing.sort();
    for section in &mut said.closing {
        // In a random order by Packer.
        section.entries.sort();
        section.entries.dedup();
    }
    said
}
