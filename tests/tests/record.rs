//! `--record`: what was done to each image is told, whole and right, in the published form, and nothing beyond.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use kilnbox_tests::{Finished, Kilnbox, SshBed, guest, needs_root, repository};
use serde_json::{Value as Json, json};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// A user with a server to build on.
struct Desk {
    bed: SshBed,
    kilnbox: Kilnbox,
}

impl Desk {
    fn new() -> Self {
        Self {
            bed: SshBed::start(),
            kilnbox: Kilnbox::new(),
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.bed.local().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    /// A path on the instance.
    fn there(&self, name: &str) -> String {
        self.bed.instance().join(name).display().to_string()
    }

    fn build(&self, template: &Json, flags: &[&str]) -> Finished {
        self.write("template.json", &template.to_string());
        let mut arguments = vec!["build", "-color=false", "--record=record.intoto.jsonl"];
        arguments.extend(flags);
        arguments.push("template.json");
        self.kilnbox.run(&self.bed.local(), &arguments)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.bed.local().join("record.intoto.jsonl")).expect("there is a record")
    }

    /// The statements, each of which the published form must fit, by the build they are of.
    fn statements(&self) -> BTreeMap<String, Json> {
        let schema = fs::read_to_string(repository().join("tests/schemas/provenance.schema.json"));
        let schema: Json = serde_json::from_str(&schema.expect("it is there")).expect("it is JSON");
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .expect("it is a schema");
        let lines = self.text();
        assert!(lines.ends_with('\n'), "a line has its end");
        let statements = lines.lines().map(|line| {
            let statement: Json = serde_json::from_str(line).expect("a line is JSON");
            let wrong: Vec<_> = validator
                .iter_errors(&statement)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{wrong:#?}\n{statement:#}");
            let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
            (text(&parameters["build"]).to_owned(), statement)
        });
        statements.collect()
    }

    /// The one statement.
    fn statement(&self) -> Json {
        let mut all = self.statements();
        assert_eq!(all.len(), 1);
        all.pop_first().expect("there is one").1
    }
}

#[track_caller]
fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The steps of a statement of one kind.
fn steps<'s>(statement: &'s Json, kind: &str) -> Vec<&'s Json> {
    let steps = statement["predicate"]["runDetails"]["kilnbox_steps"].as_array();
    let steps = steps.expect("there are steps").iter();
    steps.filter(|step| step["kind"] == kind).collect()
}

/// The acts of one kind of a step.
fn acts<'s>(step: &'s Json, act: &str) -> Vec<&'s Json> {
    let acts = step["acts"].as_array().expect("there are acts").iter();
    acts.filter(|told| told["act"] == act).collect()
}

/// What the system's own program says of a file.
fn sha256sum(path: &Path) -> String {
    let run = Command::new("sha256sum")
        .arg(path)
        .output()
        .expect("coreutils are there");
    assert!(run.status.success(), "{}", path.display());
    String::from_utf8_lossy(&run.stdout)[..64].to_owned()
}

/// What the command of in-toto's specification says of a folder, written so that it takes names with spaces.
fn dir_hash(folder: &Path) -> String {
    let script = "find . -type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum";
    let run = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .output();
    String::from_utf8_lossy(&run.expect("a shell is there").stdout)[..64].to_owned()
}

/// Whether the digest of a resource of this name is among the dependencies.
fn depends_on(statement: &Json, name: &str, digest: &Json) -> bool {
    let all = statement["predicate"]["buildDefinition"]["resolvedDependencies"].as_array();
    let mut all = all.expect("there are dependencies").iter();
    all.any(|found| found["name"] == name && found["digest"] == *digest)
}

#[test]
fn commands_and_files_are_told_with_the_digests_that_arrived() {
    let desk = Desk::new();
    desk.write("motd", "Built with Kilnbox.\n");
    desk.write("setup.sh", "#!/bin/sh\necho set up\n");
    for name in ["a", "b/c", "b/with space"] {
        desk.write(&format!("tree/{name}"), name);
    }
    let template = json!({
        "variables": { "release": "7" },
        "builders": [desk.bed.builder()],
        "provisioners": [
            { "type": "shell", "script": "setup.sh", "env": { "MODE": "quiet" } },
            { "type": "file", "source": "motd", "destination": desk.there("motd") },
            { "type": "file", "source": "tree/", "destination": desk.there("tree") },
            { "type": "file", "direction": "download", "source": desk.there("motd"), "destination": "back" },
            { "type": "file", "direction": "download", "source": desk.there("tree/"), "destination": "treeback/" },
            { "type": "file", "content": "release {{user `release`}}\n", "destination": desk.there("release") },
        ],
        "post-processors": [{ "type": "manifest" }],
    });
    let run = desk.build(&template, &[]).succeeded();
    let statement = desk.statement();
    assert_eq!(statement["predicateType"], PROVENANCE, "{}", run.both());

    let steps_of = steps(&statement, "provisioner");
    assert_eq!(steps_of.len(), 6);
    // The script: read for its line ends, sent under another name, made executable, run, removed.
    let shell = steps_of[0];
    let sent = acts(shell, "upload")[0];
    let script = sha256sum(&desk.bed.local().join("setup.sh"));
    let read = acts(shell, "read")[0];
    assert_eq!(
        (text(&read["path"]), &read["content"]["sha256"]),
        ("setup.sh", &json!(script))
    );
    assert_eq!(
        (text(&sent["content"]["sha256"]), text(&sent["mode"])),
        (&*script, "0755")
    );
    let ran = acts(shell, "command")[0];
    assert!(text(&ran["line"]).contains(text(&sent["to"])), "{ran}");
    assert_eq!((&ran["exit"], ran["took"].is_f64()), (&json!(0), true));
    assert_eq!(acts(shell, "remove")[0]["path"], sent["to"]);
    assert!(depends_on(&statement, "setup.sh", &json!({ "sha256": script })));

    let motd = sha256sum(&desk.bed.instance().join("motd"));
    let up = acts(steps_of[1], "upload")[0];
    assert_eq!(up["content"], json!({ "size": 20, "sha256": motd }));
    assert_eq!(
        (text(&up["from"]), text(&up["to"])),
        ("motd", &*desk.there("motd"))
    );

    let tree = dir_hash(&desk.bed.instance().join("tree"));
    let up = &acts(steps_of[2], "upload")[0]["tree"];
    assert_eq!(
        (&up["dir_hash"], &up["files"], &up["links"]),
        (&json!(tree), &json!(3), &json!(0))
    );
    for entry in up["entries"].as_array().expect("a list") {
        let there = desk.bed.instance().join("tree").join(text(&entry["path"]));
        assert_eq!(text(&entry["sha256"]), sha256sum(&there));
    }
    assert!(depends_on(&statement, "tree/", &json!({ "dirHash": tree })));

    let down = acts(steps_of[3], "download")[0];
    assert_eq!(down["content"]["sha256"], motd);
    assert_eq!(
        (text(&down["from"]), text(&down["to"])),
        (&*desk.there("motd"), "back")
    );
    let down = acts(steps_of[4], "download")[0];
    assert_eq!(down["tree"]["dir_hash"], tree, "{down:#}");

    let made = acts(steps_of[5], "upload")[0];
    let release = sha256sum(&desk.bed.instance().join("release"));
    assert_eq!(made["content"]["sha256"], release);
    assert!(made.get("from").is_none(), "no file of the user's: {made}");

    // A local file written by a post-processor, and the components.
    let manifest = acts(steps(&statement, "post-processor")[0], "output")[0];
    assert_eq!(text(&manifest["to"]), "packer-manifest.json");
    let written = sha256sum(&desk.bed.local().join("packer-manifest.json"));
    assert_eq!(manifest["content"]["sha256"], written);
    for (step, imports) in [(shell, "exec"), (steps_of[1], "download")] {
        let component = &step["component"];
        let name = text(&step["name"]);
        assert!(depends_on(
            &statement,
            name,
            &json!({ "sha256": component["sha256"] })
        ));
        let capabilities = component["capabilities"].as_array().expect("a list");
        assert!(capabilities.contains(&json!(imports)), "{component}");
        assert_eq!(
            (&component["source"], &component["grants"]),
            (&json!("kilnbox"), &json!([]))
        );
    }
    let template = sha256sum(&desk.bed.local().join("template.json"));
    assert!(depends_on(
        &statement,
        "template.json",
        &json!({ "sha256": template })
    ));
    let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
    assert_eq!(parameters["variables"], json!({ "release": "7" }));
    desk.kilnbox.left_nothing();
}

#[test]
fn a_component_of_somebody_else_is_told_with_all_it_did_and_was_refused() {
    let desk = Desk::new();
    fs::copy(guest("busy"), desk.bed.local().join("busy.wasm")).expect("build.rs built it");
    desk.write("kilnbox.toml", "[plugins.busy]\nsource = \"file:busy.wasm\"\n");
    desk.write("given", "from a file\n");
    let template = json!({
        "builders": [desk.bed.builder()],
        "provisioners": [{ "type": "busy", "folder": desk.there(""), "file": "given" }],
    });
    desk.build(&template, &[]).succeeded();
    let statement = desk.statement();
    let step = steps(&statement, "provisioner")[0];
    assert_eq!(step["thirdParty"], true);
    let wasm = sha256sum(&desk.bed.local().join("busy.wasm"));
    assert_eq!(
        (&step["component"]["sha256"], &step["component"]["source"]),
        (&json!(wasm), &json!("kilnbox.toml"))
    );
    let manifest = sha256sum(&desk.bed.local().join("kilnbox.toml"));
    assert!(depends_on(
        &statement,
        "kilnbox.toml",
        &json!({ "sha256": manifest })
    ));

    let refused = acts(step, "refuse");
    assert_eq!(refused.len(), 1);
    assert!(
        text(&refused[0]["reason"]).contains("`/etc/shadow`"),
        "{refused:?}"
    );

    let commands = acts(step, "command");
    let given = |name: &str| {
        let mut all = commands.iter();
        *all.find(|command| text(&command["line"]).contains(name))
            .expect("it ran")
    };
    for (name, size) in [("from-bytes", 18), ("from-file", 12), ("from-parts", 9)] {
        let stdin = &given(name)["stdin"];
        let digest = sha256sum(&desk.bed.instance().join(name));
        assert_eq!(
            (&stdin["sha256"], &stdin["size"]),
            (&json!(digest), &json!(size)),
            "{name}"
        );
        assert_eq!(given(name)["exit"], 0);
    }
    assert_eq!(given("from-file")["stdin"]["from"], "given");
    // The name and never the value.
    assert_eq!(given("from-bytes")["env"], json!(["GREETING"]));
    assert!(!desk.text().contains("good morning"));
    assert_eq!(given("exit 3")["exit"], 3);

    let written = acts(step, "upload");
    assert_eq!((written.len(), text(&written[0]["mode"])), (1, "0600"));
    assert_eq!(
        written[0]["content"]["sha256"],
        sha256sum(&desk.bed.instance().join("written"))
    );
    assert!(text(&acts(step, "remove")[0]["path"]).ends_with("/temporary"));
}

#[test]
fn builds_side_by_side_and_one_that_fails_are_told_apart() {
    let desk = Desk::new();
    let builder = |name: &str| {
        let mut builder = desk.bed.builder();
        builder["name"] = json!(name);
        builder
    };
    let template = json!({
        "builders": [builder("good"), builder("bad")],
        "provisioners": [
            { "type": "shell", "inline": [format!("touch {}-$PACKER_BUILD_NAME", desk.there("made"))] },
            { "type": "shell", "only": ["bad"], "inline": ["exit 7"] },
            { "type": "file", "only": ["bad"], "content": "x", "destination": desk.there("never") },
        ],
    });
    desk.build(&template, &[]).exited(1);
    let statements = desk.statements();
    assert_eq!(statements.keys().collect::<Vec<_>>(), ["null.bad", "null.good"]);
    let (good, bad) = (&statements["null.good"], &statements["null.bad"]);
    let run = |statement: &Json| statement["predicate"]["runDetails"]["metadata"]["invocationId"].clone();
    assert_eq!(run(good), run(bad));

    assert_eq!(good["predicateType"], PROVENANCE);
    assert!(good["predicate"]["runDetails"].get("kilnbox_error").is_none());
    // There is no file: the name is this run's alone, and can be made again from what the record says.
    let subject = &good["subject"][0];
    let parts = [
        text(&run(good)),
        "null.good",
        "fnoeding.null",
        text(&subject["annotations"]["kilnbox_id"]),
    ]
    .map(|part| format!("{part}\n"));
    desk.write("identity", &parts.concat());
    let expected = sha256sum(&desk.bed.local().join("identity"));
    assert_eq!(
        subject["digest"],
        json!({ "kilnboxArtifact": expected }),
        "{subject}"
    );

    assert_ne!(bad["predicateType"], PROVENANCE, "nobody takes it for provenance");
    assert!(text(&bad["predicate"]["runDetails"]["kilnbox_error"]).contains("exit status: 7"));
    assert_eq!(bad["subject"][0]["name"], "template.json");
    let told = steps(bad, "provisioner");
    assert_eq!(told.len(), 2, "what came after the failure did not happen");
    assert_eq!(acts(told[1], "command")[0]["exit"], 7);
    assert!(text(&told[1]["error"]).contains("exit status: 7"));
    for (statement, name) in [(good, "good"), (bad, "bad")] {
        let shell = steps(statement, "provisioner")[0];
        assert_eq!(acts(shell, "command").len(), 1, "{name}");
        assert!(
            text(&acts(shell, "command")[0]["line"]).contains(name),
            "{name}: {shell:#}"
        );
    }
}

#[test]
fn no_secret_and_no_digest_that_helps_to_guess_one() {
    let desk = Desk::new();
    let secret = "correct h0rse/&";
    let template = json!({
        "variables": { "password": null, "address": "https://u:{{user `password`}}@h/", "open": "to all" },
        "sensitive-variables": ["password"],
        "builders": [desk.bed.builder()],
        "provisioners": [
            { "type": "shell", "env": { "PW": "{{user `password`}}" }, "inline": ["true '{{user `password`}}'"] },
            { "type": "shell", "inline": ["true"], "execute_command": "true '{{user `password`}}'; sh {{.Path}}" },
            { "type": "file", "content": "{{user `password`}}", "destination": desk.there("secret") },
        ],
    });
    desk.write("secret.json", &json!({ "password": secret }).to_string());
    let run = desk
        .build(&template, &["-var-file=secret.json", "--log-format=json"])
        .succeeded();
    let statement = desk.statement();
    // As it is, for a URL, for a shell, in base64, in hexadecimal.
    let forms = [
        secret,
        "correct%20h0rse%2F%26",
        "Y29ycmVjdCBoMHJzZS8m",
        "636f727265637420683072",
    ];
    // Digests of the secret and of the file that holds little else.
    desk.write("alone", secret);
    let digests = ["alone", "secret.json"].map(|name| sha256sum(&desk.bed.local().join(name)));
    assert_eq!(
        digests[0],
        sha256sum(&desk.bed.instance().join("secret")),
        "it arrived"
    );
    for told in [desk.text(), run.stdout] {
        for hidden in forms.iter().copied().chain(digests.iter().map(String::as_str)) {
            assert!(!told.contains(hidden), "`{hidden}` in\n{told}");
        }
        assert!(told.contains("<sensitive>"));
    }
    let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
    assert_eq!(parameters["variables"], json!({ "open": "to all" }));
    assert_eq!(parameters["sensitiveVariables"], json!(["address", "password"]));
    assert_eq!(parameters["variableFiles"], json!(["secret.json"]));
    let provisioners = steps(&statement, "provisioner");
    assert_eq!(
        acts(provisioners[2], "upload")[0]["content"],
        json!({ "size": 15, "sensitive": true })
    );
    assert!(
        acts(provisioners[1], "upload")[0]["content"]["sha256"].is_string(),
        "that script holds none"
    );
    let home = desk.bed.local().display().to_string();
    assert!(!desk.text().contains(&home), "nobody wrote where the template is");
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_done() {
    let desk = Desk::new();
    let made = desk.there("made");
    let template = json!({
        "builders": [desk.bed.builder()],
        "provisioners": [{ "type": "shell", "inline": [format!("touch {made}")] }],
    });
    desk.write("template.json", &template.to_string());
    desk.write("folder/file", "");
    std::os::unix::fs::symlink("file", desk.bed.local().join("folder/link")).expect("a link can be made");
    for path in [
        "folder",
        "folder/link",
        "template.json",
        "missing/record",
        "/dev/null",
        "/proc/record",
    ] {
        let arguments = ["build", "--record", path, "template.json"];
        let run = desk.kilnbox.run(&desk.bed.local(), &arguments).exited(1);
        assert!(run.tells(path), "{path}: {}", run.both());
        assert!(!Path::new(&made).exists(), "{path}: built all the same");
    }
    desk.build(&template, &[]).succeeded();
    desk.build(&template, &[]).succeeded();
    assert_eq!(desk.statements().len(), 1, "a second record replaces the first");
    let names: Vec<_> = fs::read_dir(desk.bed.local())
        .expect("it can be read")
        .map(|entry| entry.expect("it can be read").file_name())
        .filter(|name| name.to_string_lossy().contains("record"))
        .collect();
    assert_eq!(names, ["record.intoto.jsonl"], "nothing is left beside it");
}

/// A root file system with a shell, as an archive.
const BASE: &str = r#"
    mkdir -p root tmp bin
    for program in sh chmod; do
        cp -L /bin/$program bin/
        for library in $(ldd /bin/$program | grep -o '/lib[^ ]*'); do
            mkdir -p "./$(dirname $library)"
            cp -L $library ".$library"
        done
    done
    tar -cf "$0" ."#;

#[test]
fn an_image_is_told_by_its_digest_and_what_it_was_made_from() {
    needs_root("`rootfs` starts containers as root here");
    let desk = Desk::new();
    desk.write("root/empty", "");
    let base = desk.bed.local().join("base.tar");
    let made = Command::new("sh")
        .args(["-ec", BASE])
        .arg(&base)
        .current_dir(desk.bed.local().join("root"))
        .status();
    assert!(made.expect("a shell is there").success());
    let template = json!({
        "builders": [{ "type": "rootfs", "from": "base.tar", "output": "image.tar" }],
        "provisioners": [{ "type": "shell", "inline": ["echo made > /made"] }],
    });
    desk.build(&template, &[]).succeeded();
    let statement = desk.statement();
    let image = sha256sum(&desk.bed.local().join("image.tar"));
    let subject = &statement["subject"][0];
    assert_eq!(
        (&subject["name"], &subject["digest"]),
        (&json!("image.tar"), &json!({ "sha256": image }))
    );
    assert!(
        depends_on(&statement, "base.tar", &json!({ "sha256": sha256sum(&base) })),
        "{statement:#}"
    );
    let shell = steps(&statement, "provisioner")[0];
    assert_eq!(acts(shell, "command")[0]["exit"], 0);
    assert!(acts(shell, "upload")[0]["content"]["sha256"].is_string());
}

#[test]
fn every_act_is_an_event_too_and_without_a_reader_there_is_none() {
    let desk = Desk::new();
    let template = json!({
        "builders": [desk.bed.builder()],
        "provisioners": [{ "type": "shell", "inline": ["true"] }],
    });
    desk.write("template.json", &template.to_string());
    let events = |flags: &[&str]| {
        let mut arguments = vec!["build"];
        arguments.extend(flags);
        arguments.push("template.json");
        desk.kilnbox.run(&desk.bed.local(), &arguments).succeeded().stdout
    };
    let lines = events(&["--log-format=json"]);
    let told: Vec<Json> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .filter(|event: &Json| event["kind"] == "act")
        .collect();
    let acts: Vec<_> = told.iter().map(|event| text(&event["act"])).collect();
    assert_eq!(acts, ["component", "upload", "command", "remove"]);
    for event in &told {
        assert_eq!(
            (&event["step"]["name"], &event["speaker"]),
            (&json!("shell"), &json!("host"))
        );
    }
    // Packer's lines stay Packer's.
    assert!(!events(&["-machine-readable"]).contains("upload"));
}
