//! What a user reads of every mistake in the options of a builder, a step or the communicator: the whole message of
//! `validate`, with its place, its line and the way out.
//!
//! The cases are data, in `tests/configuration-errors`: a file per component, a mistake and a block per case. A file's
//! blocks make one template, each on a line of its own, so that one run tells of all of them, as it must.

use std::{collections::BTreeMap, fs, path::Path};

use kilnbox_tests::{Kilnbox, Tree, repository};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// What a case's block may name.
const FILES: [&str; 3] = ["here.sh", "exists.tar", "tree/leaf"];

/// `shell-local` and `breakpoint` are only looked at where they are granted what they ask for.
const GRANTS: &str =
    "[plugins.shell-local]\ngrant = [\"host-exec\"]\n\n[plugins.breakpoint]\ngrant = [\"prompt\"]\n";

/// A mistake, and the block that makes it.
type Case = (String, Json);

/// A template of one block per case, and the line that each is on.
struct Blocks {
    text: String,
    lines: Vec<usize>,
}

impl Blocks {
    /// `kind` is the beginning of the file's name.
    fn of(kind: &str, cases: &[Case]) -> Self {
        let (list, builders) = match kind {
            "provisioner" => ("provisioners", Some(offline())),
            "post-processor" => ("post-processors", Some(offline())),
            _ => ("builders", None),
        };
        let mut text = String::from("{\n");
        if let Some(builder) = builders {
            text.push_str(&format!("\"builders\": [{builder}],\n"));
        }
        text.push_str(&format!("\"{list}\": [\n"));
        let mut lines = Vec::new();
        for (at, (_, block)) in cases.iter().enumerate() {
            let mut block = block.clone();
            if list == "builders" {
                block["name"] = json!(format!("build-{}", at + 1));
            }
            // An empty line around each, so that a message shows its block alone.
            text.push('\n');
            lines.push(text.lines().count() + 1);
            let comma = if at + 1 < cases.len() { "," } else { "" };
            text.push_str(&format!("{block}{comma}\n"));
        }
        text.push_str("\n]\n}\n");
        Self { text, lines }
    }
}

fn offline() -> Json {
    json!({ "type": "null", "communicator": "none" })
}

/// The messages of standard error, each as it stands there.
fn messages(stderr: &str) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in stderr.lines() {
        match messages.last_mut() {
            Some(message) if !line.starts_with("  × ") && !line.starts_with("  ⚠ ") => {
                message.push_str(line);
                message.push('\n');
            }
            _ => messages.push(format!("{line}\n")),
        }
    }
    messages
}

/// The line of the template that a message points at.
fn line_of(message: &str) -> Option<usize> {
    let place = message.split_once("[template.json:")?.1;
    place.split(':').next()?.parse().ok()
}

/// What `validate` says of every case of a file, in the file's order.
fn told(file: &str, cases: &[Case]) -> String {
    let folder = TempDir::with_prefix("kilnbox-test-mistakes-").expect("a temporary folder can be made");
    for name in FILES {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(path, "true\n").expect("a file can be written");
    }
    fs::write(folder.path().join("kilnbox.toml"), GRANTS).expect("a file can be written");
    let blocks = Blocks::of(kind_of(file), cases);
    fs::write(folder.path().join("template.json"), &blocks.text).expect("a template can be written");
    let before = Tree::read(folder.path()).names();

    let kilnbox = Kilnbox::new();
    let run = kilnbox
        .run(folder.path(), &["validate", "--trust", "template.json"])
        .exited(1);
    assert_eq!(run.stdout, "", "standard output");
    assert_eq!(
        Tree::read(folder.path()).names(),
        before,
        "`validate` changed files"
    );
    kilnbox.left_nothing();

    let here = folder.path().to_str().expect("a plain path");
    let home = kilnbox.command(Path::new("/"));
    let home = home
        .get_envs()
        .find(|(name, _)| *name == "HOME")
        .and_then(|(_, value)| value?.to_str())
        .expect("a home");
    let stderr = run.stderr.replace(here, "[folder]").replace(home, "[home]");
    let mut of_line: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for message in messages(&stderr) {
        let line = line_of(&message).unwrap_or_else(|| panic!("{file}: without a place:\n{message}"));
        of_line.entry(line).or_default().push(message);
    }
    let mut told = String::new();
    for ((mistake, block), line) in cases.iter().zip(&blocks.lines) {
        let messages = of_line
            .remove(line)
            .unwrap_or_else(|| panic!("{file}: nothing is said of {mistake}: {block}\n{stderr}"));
        told.push_str(&format!("# {mistake}\n{}\n", messages.concat()));
    }
    assert!(of_line.is_empty(), "{file}: said of no case: {of_line:#?}");
    told.trim_end().to_owned()
}

/// `post-processor-shell-local` is of a post-processor.
fn kind_of(file: &str) -> &str {
    ["provisioner", "post-processor", "builder", "communicator"]
        .into_iter()
        .find(|kind| file.strip_prefix(kind).is_some_and(|rest| rest.starts_with('-')))
        .unwrap_or_else(|| panic!("`{file}` begins with no kind"))
}

/// As Packer does, before anything is built.
#[test]
fn what_may_be_a_mistake_is_told_too() {
    let folder = TempDir::with_prefix("kilnbox-test-mistakes-").expect("a temporary folder can be made");
    let template = "{\n  \"builders\": [{ \"type\": \"file\", \"target\": \"x\" }]\n}\n";
    fs::write(folder.path().join("template.json"), template).expect("a template can be written");
    let kilnbox = Kilnbox::new();
    let run = kilnbox
        .run(folder.path(), &["validate", "template.json"])
        .succeeded();
    insta::assert_snapshot!(run.stderr);
    let run = kilnbox
        .run(folder.path(), &["build", "template.json"])
        .succeeded();
    assert_eq!(
        run.stderr.matches("target will have no content").count(),
        1,
        "{}",
        run.both()
    );
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let folder = repository().join("tests/configuration-errors");
    let mut files: Vec<String> = fs::read_dir(&folder)
        .expect("the cases are there")
        .map(|entry| entry.expect("it can be read").file_name())
        .filter_map(|name| name.to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    files.sort();
    for file in files {
        let text = fs::read_to_string(folder.join(format!("{file}.json"))).expect("it can be read");
        let cases: Vec<Case> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}.json: {error}"));
        insta::assert_snapshot!(file.clone(), told(&file, &cases));
    }
}
