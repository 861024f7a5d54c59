//! Output as lines that can be compared: without what differs from run to run, and with the lines of each build
//! together, since builds that run at the same time mix theirs.

use std::{mem, sync::LazyLock};

use regex::Regex;

/// What differs from run to run, and what is put in its place.
static FLEETING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (
            r"(finished|errored|completed) after \d+ [a-z]+(?: \d+ [a-z]+)?",
            "$1 after A WHILE",
        ),
        (r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d): ", "TIME: "),
        (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
        (r"(build_time\W+)\d+", "${1}TIME"),
        (r"/[^ :]*/packer-shell\d+", "A TEMPORARY FILE"),
        (r"(packer-provisioner-ansible-local)\d+", "${1}NUMBER"),
    ]
    .map(|(pattern, instead)| (Regex::new(pattern).expect("a pattern"), instead))
    .into()
});

/// The name of the build that a line is of.
static OF_A_BUILD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:TIME: )?(?:(?:==>|   ) ([^:( ]+)(?: \([^)]*\))?:|Build '([^']*)')").expect("a pattern")
});

/// The line that the closing lists begin with.
const END: &str = "==> Wait completed after";

/// What a program said in one run.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The builds' lines, build by build.
    pub(crate) builds: Vec<String>,
    /// The closing lists.
    pub(crate) closing: Vec<Section>,
    /// Records of `-machine-readable` that are not for people.
    pub(crate) records: Vec<String>,
}

/// A closing list.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Section {
    pub(crate) title: String,
    /// Entries, each with the lines that go on with it.
    pub(crate) entries: Vec<String>,
}

/// `line` without what differs from run to run.
pub(crate) fn normal(line: &str) -> String {
    let mut normal = line.trim_end().to_owned();
    for (pattern, instead) in FLEETING.iter() {
        normal = pattern.replace_all(&normal, *instead).into_owned();
    }
    normal
}

impl Said {
    /// Output for people.
    pub(crate) fn by_lines(output: &str) -> Self {
        let lines: Vec<String> = output.lines().map(normal).collect();
        let end = lines
            .iter()
            .position(|line| line.contains(END))
            .unwrap_or(lines.len());
        let (mut builds, closing) = lines.split_at(end);
        while let [before @ .., last] = builds
            && last.is_empty()
        {
            builds = before;
        }
        Self {
            builds: build_by_build(builds),
            closing: sections(closing),
            records: Vec::new(),
        }
    }

    /// `-machine-readable`: what is for people, as above, and everything else build by build.
    pub(crate) fn by_records(output: &str) -> Self {
        let (mut for_people, mut kinds, mut records) = (String::new(), Vec::new(), Vec::new());
        for line in output.lines() {
            // The first field is the time.
            let fields: Vec<String> = line.split(',').skip(1).map(unescaped).collect();
            match fields.as_slice() {
                [_, category, kind, text] if category == "ui" => {
                    if !for_people.contains(END) {
                        kinds.push(kind.clone());
                    }
                    for_people.push_str(text);
                    for_people.push('\n');
                }
                fields => records.push(normal(&fields.join(","))),
            }
        }
        // Packer lists the builds in a random order; those of one build keep theirs.
        records.sort_by_key(|record| record.split(',').next().map(str::to_owned));
        records.push(format!("kinds of lines: {}", kinds.join(" ")));
        Self {
            records,
            ..Self::by_lines(&for_people)
        }
    }

    /// One after the other, as what a run has said.
    pub(crate) fn into_lines(self) -> Vec<String> {
        let mut lines = self.builds;
        for section in self.closing {
            lines.push(section.title);
            lines.extend(section.entries);
        }
        lines.extend(self.records);
        lines
    }
}

fn unescaped(field: &str) -> String {
    field
        .replace("%!(PACKER_COMMA)", ",")
        .replace("\\r", "\r")
        .replace("\\n", "\n")
}

/// The lines by build, in their order; those of no build belong to the one before.
fn build_by_build(lines: &[String]) -> Vec<String> {
    let mut name = String::new();
    let mut named: Vec<(String, &String)> = lines
        .iter()
        .map(|line| {
            if let Some(found) = OF_A_BUILD.captures(line) {
                name = found
                    .get(1)
                    .or(found.get(2))
                    .map_or("", |name| name.as_str())
                    .to_owned();
            }
            (name.clone(), line)
        })
        .collect();
    named.sort_by(|(one, _), (two, _)| one.cmp(two));
    named.into_iter().map(|(_, line)| line.clone()).collect()
}

fn sections(lines: &[String]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open = Section::default();
    for line in lines {
        let text = line.trim_start_matches("TIME: ");
        if text.starts_with("==> ") {
            sections.push(mem::replace(
                &mut open,
                Section {
                    title: line.clone(),
                    entries: Vec::new(),
                },
            ));
        } else if text.starts_with("--> ") || open.entries.is_empty() {
            open.entries.push(line.clone());
        } else if let Some(last) = open.entries.last_mut() {
            last.push('\n');
            last.push_str(line);
        }
    }
    sections.push(open);
    for section in &mut sections {
        for entry in &mut section.entries {
            entry.truncate(entry.trim_end().len());
        }
        section.entries.retain(|entry| !entry.is_empty());
    }
    sections.retain(|section| *section != Section::default());
    sections
}
