//! Templates that are large, and templates that are built to explode, through the program: the first are checked, the
//! second refused, and neither takes much memory.
//!
//! What the limits are is in `host/template/src/limits.rs`, and every one is tested there. How fast a large template is
//! checked is in the benchmark.

use std::fs;

use kilnbox_tests::{Finished, Kilnbox, LARGE_PROVISIONERS, large_template};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Map, Value as Json, json};
use tempfile::TempDir;

/// The most that `validate` may use at its peak, in KiB.
const MOST: i64 = 256 * 1024;

/// Validates a template, and asserts that no `validate` of this test has ever used more memory than it may.
fn validate(template: &str) -> Finished {
    let kilnbox = Kilnbox::new();
    let folder = TempDir::with_prefix("kilnbox-test-limits-").expect("a temporary folder can be made");
    fs::write(folder.path().join("template.json"), template).expect("a template can be written");
    let run = kilnbox.run(folder.path(), &["validate", "template.json"]);
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)
        .expect("the kernel counts")
        .max_rss();
    assert!(
        peak <= MOST,
        "{} MiB of memory at the peak\n{}",
        peak / 1024,
        run.stderr
    );
    run
}

/// A template of one step.
fn of_step(inline: impl Into<Json>) -> String {
    template(json!({}), json!([{ "type": "shell", "inline": [inline.into()] }]))
}

fn template(variables: Json, provisioners: Json) -> String {
    json!({
        "variables": variables,
        "builders": [{ "type": "null", "communicator": "none" }],
        "provisioners": provisioners,
    })
    .to_string()
}

#[test]
fn five_megabytes_of_two_thousand_provisioners() {
    let text = large_template(json!({ "type": "null", "communicator": "none" })).to_string();
    assert!(text.len() >= 5_000_000, "{} bytes", text.len());
    validate(&text).succeeded().says("The configuration is valid.");
}

#[test]
fn a_mistake_in_the_last_of_two_thousand_provisioners_is_found() {
    let mut template = large_template(json!({ "type": "null", "communicator": "none" }));
    template["provisioners"][LARGE_PROVISIONERS - 1]["inlin"] = json!(["true"]);
    let run = validate(&template.to_string()).exited(1);
    run.says("unknown option `inlin`").says("did you mean `inline`?");
}

#[test]
fn templates_that_would_explode_are_refused() {
    let doubling: Map<String, Json> = (0..60)
        .map(|at| {
            (
                format!("v{at}"),
                format!("{{{{user `v{0}`}}}}{{{{user `v{0}`}}}}", at + 1).into(),
            )
        })
        .chain([("v60".to_owned(), "x".repeat(100).into())])
        .collect();
    let many = vec!["{{range 90000}}{{end}}"; 100_000];
    for (what, text, told) in [
        (
            "a text repeated a million times",
            of_step("{{range 1000000}}x{{end}}"),
            "takes more than",
        ),
        (
            "nested repetitions",
            of_step("{{range 9000}}{{range 9000}}{{range 9000}}x{{end}}{{end}}{{end}}"),
            "takes more than",
        ),
        (
            "a text that doubles",
            of_step("{{$x := `xx`}}{{range 100}}{{$x = print $x $x}}{{end}}"),
            "produces more than",
        ),
        (
            "a million wide fields",
            of_step("{{range 90000}}{{printf `%99999d` 1}}{{end}}"),
            "produces more than",
        ),
        (
            "deep parentheses",
            of_step(format!("{{{{{}1{}}}}}", "(".repeat(10_000), ")".repeat(10_000))),
            "nested more than 100 deep",
        ),
        (
            "deep blocks",
            of_step(format!(
                "{}{}",
                "{{if true}}".repeat(10_000),
                "{{end}}".repeat(10_000)
            )),
            "nested more than 100 deep",
        ),
        (
            "a block that calls itself",
            of_step("{{block `a` .}}{{template `a`}}{{end}}"),
            "nested more than",
        ),
        (
            "variables that double",
            template(doubling.into(), json!([])),
            "produces more than",
        ),
        (
            "many texts, each within its bounds",
            template(json!({}), json!([{ "type": "shell", "inline": many }])),
            "take too much together",
        ),
        (
            "deep lists",
            format!("{{\"builders\": {}{}}}", "[".repeat(400_000), "]".repeat(400_000)),
            "nesting depth",
        ),
        (
            "millions of values",
            format!("{{\"builders\": [{}0]}}", "0,".repeat(4_000_000)),
            "more than 500000 values",
        ),
    ] {
        let run = validate(&text).exited(1);
        assert!(
            run.stderr.contains(told),
            "{what}: no `{told}` in\n{}",
            run.stderr
        );
        assert!(
            run.stderr.len() < 1_000_000,
            "{what}: {} bytes of message",
            run.stderr.len()
        );
    }
}
