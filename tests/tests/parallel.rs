//! Many builds at once on one server, and what Ctrl-C leaves of them: nothing.

use std::{fs, thread, time::Duration};

use kilnbox_tests::{Kilnbox, Running, SshBed, Tree, processes, until};
use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};

const BUILDS: usize = 20;

/// The builds share one machine of two cores with the server and with other suites.
const ALL_RUNNING: Duration = Duration::from_secs(90);

/// What a cancelled run may take to clean up on the instance.
const CLEANED_UP: Duration = Duration::from_secs(60);

/// A template of twenty `null` builds on `bed`, written beside it.
fn write_template(bed: &SshBed, provisioners: &Json) {
    let builders: Vec<_> = (0..BUILDS)
        .map(|number| {
            let mut builder = bed.builder();
            builder["name"] = json!(format!("number-{number}"));
            builder
        })
        .collect();
    let template = json!({ "builders": builders, "provisioners": provisioners });
    fs::write(bed.local().join("template.json"), template.to_string()).expect("a template can be written");
}

/// Starts the template of which every build, once it runs a script, makes a file and then waits.
fn start_waiting_builds(bed: &SshBed, kilnbox: &Kilnbox) -> Running {
    let scripts = bed.instance().join("scripts");
    fs::create_dir(&scripts).expect("a folder can be made");
    write_template(
        bed,
        &json!([{
            "type": "shell",
            "remote_folder": scripts,
            "inline": [format!("touch {}/$PACKER_BUILD_NAME", bed.instance().display()), "sleep 600"],
            // Twenty builds share the folder, so the random number of the default name might meet itself.
            "remote_file": "script_{{build_name}}.sh",
        }]),
    );
    let build = kilnbox.start(&bed.local(), &["build", "-color=false", "template.json"]);
    until("twenty scripts to run", ALL_RUNNING, || {
        (fs::read_dir(bed.instance()).expect("the bed made it").count() == BUILDS + 1).then_some(())
    });
    assert_eq!(
        fs::read_dir(&scripts).expect("it was made").count(),
        BUILDS,
        "temporary scripts before the end"
    );
    build
}

/// Asserts that neither here nor on the instance anything is left but what the scripts themselves made.
fn nothing_is_left(bed: &SshBed, kilnbox: &Kilnbox) {
    until("the commands on the instance to end", CLEANED_UP, || {
        bed.commands().is_empty().then_some(())
    });
    assert_eq!(
        Tree::read(&bed.instance().join("scripts")).names(),
        Vec::<String>::new(),
        "on the instance"
    );
    let binary = Kilnbox::binary();
    let template = bed.local();
    let ours: Vec<_> = processes::with_command_line(binary.to_str().expect("a plain path"))
        .into_iter()
        .filter(|(id, _)| fs::read_link(format!("/proc/{id}/cwd")).is_ok_and(|folder| folder == template))
        .collect();
    assert!(ours.is_empty(), "processes here: {ours:#?}");
    assert_eq!(
        Tree::read(&bed.local()).names(),
        ["template.json"],
        "beside the template"
    );
    kilnbox.left_nothing();
}

#[test]
fn twenty_builds_on_one_server() {
    let bed = SshBed::start();
    let kilnbox = Kilnbox::new();
    write_template(
        &bed,
        &json!([
            { "type": "shell", "inline": [format!("echo $PACKER_BUILD_NAME > {}/$PACKER_BUILD_NAME", bed.instance().display())] },
            { "type": "file", "content": "{{build_name}}", "destination": format!("{}/{{{{build_name}}}}-file", bed.instance().display()) },
        ]),
    );
    let run = kilnbox
        .run(&bed.local(), &["build", "-color=false", "template.json"])
        .succeeded();
    let tree = Tree::read(&bed.instance());
    assert_eq!(tree.files().len(), 2 * BUILDS, "{}\n{tree:#?}", run.both());
    for number in 0..BUILDS {
        run.stdout
            .lines()
            .find(|line| line.starts_with(&format!("Build 'null.number-{number}' finished after ")))
            .unwrap_or_else(|| panic!("build {number} did not finish:\n{}", run.both()));
    }
    assert_eq!(run.stderr, "", "standard error of a run without an error");
    kilnbox.left_nothing();
}

#[test]
fn interrupt_leaves_nothing() {
    let bed = SshBed::start();
    let kilnbox = Kilnbox::new();
    let build = start_waiting_builds(&bed, &kilnbox);
    build.signal(Signal::SIGINT);
    let run = build.finish_within(CLEANED_UP).exited(1);
    run.says("Cleanly cancelled builds after being interrupted.");
    nothing_is_left(&bed, &kilnbox);
}

#[test]
fn terminate_leaves_nothing() {
    let bed = SshBed::start();
    let kilnbox = Kilnbox::new();
    let build = start_waiting_builds(&bed, &kilnbox);
    build.signal(Signal::SIGTERM);
    build.finish_within(CLEANED_UP).exited(1);
    nothing_is_left(&bed, &kilnbox);
}

#[test]
fn second_interrupt_hurries_and_leaves_nothing_here() {
    let bed = SshBed::start();
    let kilnbox = Kilnbox::new();
    let build = start_waiting_builds(&bed, &kilnbox);
    build.signal(Signal::SIGINT);
    thread::yield_now();
    build.signal(Signal::SIGINT);
    build.finish_within(CLEANED_UP).exited(1);
    kilnbox.left_nothing();
}

#[test]
fn parallel_builds_one_at_a_time() {
    let bed = SshBed::start();
    let kilnbox = Kilnbox::new();
    let log = bed.instance().join("log");
    write_template(
        &bed,
        &json!([{ "type": "shell", "inline": [format!("echo start >> {0}; echo end >> {0}", log.display())] }]),
    );
    kilnbox
        .run(
            &bed.local(),
            &["build", "-color=false", "-parallel-builds=1", "template.json"],
        )
        .succeeded();
    let lines = fs::read_to_string(log).expect("the scripts wrote it");
    assert_eq!(lines, "start\nend\n".repeat(BUILDS));
}
