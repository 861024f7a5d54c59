//! Files of the web: by their digest, or not at all.

use kilnbox_tests::{Finished, Running, registry::Files};

use crate::{
    component::{component, digest},
    desk::Desk,
};

fn project(url: &str, sha256: &str) -> String {
    let sha256 = sha256.trim_start_matches("sha256:");
    format!("[plugins.tool]\nsource = \"{url}\"\nsha256 = \"{sha256}\"\n")
}

fn init(desk: &Desk, files: &Files) -> Finished {
    let mut command = desk.command(&["init"]);
    command.env("KILNBOX_CA_FILE", files.authority());
    Running::start(command).finish()
}

#[test]
fn a_file_of_the_web_is_taken_by_its_digest() {
    let files = Files::start();
    let bytes = component("tool", "1.0.0", &["ui"]);
    let url = files.put("tool.wasm", &bytes);
    let desk = Desk::new(&project(&url, &digest(&bytes)));
    let run = init(&desk, &files).succeeded();
    insta::assert_snapshot!("web", desk.words(&run));
    drop(files);
    desk.run(&["build", "template.json"]).succeeded();
    desk.run(&["init"]).succeeded();
}

#[test]
fn a_file_of_the_web_with_other_bytes_is_refused() {
    let files = Files::start();
    let url = files.put("tool.wasm", &component("tool", "1.0.0", &["ui"]));
    let desk = Desk::new(&project(&url, &digest(b"what its author published")));
    let run = init(&desk, &files).exited(1);
    insta::assert_snapshot!("web_other_bytes", desk.words(&run));
    assert_eq!(desk.stored(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_new_digest_must_not_ask_for_more_unseen() {
    let files = Files::start();
    let (old, new) = (
        component("tool", "1.0.0", &["ui"]),
        component("tool", "1.1.0", &["ui", "prompt"]),
    );
    let url = files.put("tool.wasm", &old);
    let desk = Desk::new(&project(&url, &digest(&old)));
    init(&desk, &files).succeeded();
    files.put("tool.wasm", &new);
    desk.write("kilnbox.toml", project(&url, &digest(&new)));
    let refused = desk.run(&["build", "template.json"]).exited(1);
    insta::assert_snapshot!("web_out_of_date", desk.words(&refused));
    let stopped = init(&desk, &files).exited(1);
    insta::assert_snapshot!("web_asks_for_more", desk.words(&stopped));
}
