//! The example that `make demo` runs, read afterwards as a user would: with `tar` and with `skopeo`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use kilnbox_tests::{Image, Kilnbox, Running, needs_root, repository};
use serde_json::Value as Json;
use tempfile::TempDir;

/// The example, built once into a folder of its own.
struct Built {
    kilnbox: Kilnbox,
    folder: TempDir,
}

impl Built {
    fn new() -> Self {
        needs_root("an ordinary user's kernel may refuse user namespaces");
        let built = Self {
            kilnbox: Kilnbox::new(),
            folder: TempDir::new().expect("a temporary folder can be made"),
        };
        built.build(&[]).succeeded();
        built
    }

    fn build(&self, flags: &[&str]) -> kilnbox_tests::Finished {
        let output = format!("output={}", self.archive().display());
        let manifest = format!("manifest={}", self.manifest().display());
        let template = repository().join("examples/quickstart/template.json");
        let mut arguments = vec!["build", "-color=false"];
        arguments.extend(flags);
        arguments.extend([
            "-var",
            &output,
            "-var",
            &manifest,
            template.to_str().expect("a plain path"),
        ]);
        // From another folder: the template's own paths are found beside it.
        self.kilnbox.run(self.folder.path(), &arguments)
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("out/quickstart.tar")
    }

    fn manifest(&self) -> PathBuf {
        self.folder.path().join("out/manifest.json")
    }
}

fn skopeo(what: &str, archive: &Path) -> Json {
    let mut command = Command::new("skopeo");
    command.args(["inspect", what, &format!("oci-archive:{}", archive.display())]);
    let answer = Running::start(command).finish().succeeded();
    serde_json::from_str(&answer.stdout).expect("skopeo writes JSON")
}

#[test]
fn archive_holds_what_the_steps_made() {
    let built = Built::new();
    let layer = Image::read(&built.archive()).newest_layer();

    let greeting = &layer["opt/app/greeting"];
    assert_eq!(greeting.content, b"hello from Kilnbox\n");
    assert_eq!((greeting.owner, greeting.mode), (0, 0o644));

    let example = repository().join("examples/quickstart/app/greet");
    let greet = &layer["opt/app/greet"];
    assert_eq!(greet.content, fs::read(example).expect("the example is there"));
    assert_eq!((greet.owner, greet.mode), (0, 0o755));

    assert_eq!(
        layer["usr/local/bin/greet"].target.as_deref(),
        Some(Path::new("/opt/app/greet"))
    );
    assert!(layer["etc/motd"].content.starts_with(b"built by rootfs on "));

    let scripts: Vec<_> = layer.keys().filter(|name| name.starts_with("tmp/")).collect();
    assert!(
        scripts.is_empty(),
        "scripts of the steps are in the image: {scripts:?}"
    );
    built.kilnbox.left_nothing();
}

#[test]
fn archive_is_one_that_skopeo_reads() {
    let built = Built::new();
    let about = skopeo("--raw", &built.archive());
    assert_eq!(about["schemaVersion"], 2);
    let layers = about["layers"].as_array().expect("a manifest has layers");
    assert_eq!(layers.len(), Image::read(&built.archive()).layers());

    let config = skopeo("--config", &built.archive());
    assert_eq!(config["os"], "linux");
    assert_eq!(config["config"]["Cmd"], serde_json::json!(["/opt/app/greet"]));
    assert_eq!(
        config["rootfs"]["diff_ids"].as_array().map(Vec::len),
        Some(layers.len())
    );

    let tagged = format!("{}:quickstart:1", built.archive().display());
    skopeo("--raw", Path::new(&tagged));
}

/// `skopeo copy` checks every digest on the way.
#[test]
fn archive_can_be_copied() {
    let built = Built::new();
    let copy = built.folder.path().join("copy");
    let mut command = Command::new("skopeo");
    command.args(["copy", "--insecure-policy"]);
    command.args([
        format!("oci-archive:{}", built.archive().display()),
        format!("oci:{}:1", copy.display()),
    ]);
    Running::start(command).finish().succeeded();
    assert!(copy.join("index.json").exists());
}

#[test]
fn manifest_names_the_archive() {
    let built = Built::new();
    let text = fs::read_to_string(built.manifest()).expect("the post-processor wrote it");
    let manifest: Json = serde_json::from_str(&text).expect("the manifest is JSON");
    let build = &manifest["builds"][0];
    assert_eq!(
        (&build["name"], &build["builder_type"]),
        (&Json::from("rootfs"), &Json::from("rootfs"))
    );
    assert_eq!(build["files"][0]["name"], "quickstart.tar");
    let size = fs::metadata(built.archive()).expect("the archive is there").len();
    assert_eq!(build["files"][0]["size"], size);
    assert_eq!(build["packer_run_uuid"], manifest["last_run_uuid"]);
    assert_eq!(build["custom_data"], Json::Null);
    let keys: Vec<_> = build.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        [
            "name",
            "builder_type",
            "build_time",
            "files",
            "artifact_id",
            "packer_run_uuid",
            "custom_data"
        ],
        "in Packer's order",
    );
    assert!(
        text.starts_with("{\n  \"builds\": [\n    {\n      \"name\": ") && text.ends_with("\n}"),
        "{text}"
    );
}

#[test]
fn output_is_overwritten_only_by_force() {
    let built = Built::new();
    let before = fs::metadata(built.archive())
        .and_then(|archive| archive.modified())
        .expect("the archive is there");
    built.build(&[]).exited(1).says("-force");
    let after = fs::metadata(built.archive())
        .and_then(|archive| archive.modified())
        .expect("the archive is there");
    assert_eq!(before, after, "a refused build touched the archive");
    built.build(&["-force"]).succeeded();
    built.kilnbox.left_nothing();
}

#[test]
fn the_closing_list_names_the_archive() {
    let built = Built::new();
    let run = built.build(&["-force"]).succeeded();
    let list = run
        .stdout
        .split("==> Builds finished. The artifacts of successful builds are:\n")
        .nth(1);
    let list = list.unwrap_or_else(|| panic!("no closing list in\n{}", run.both()));
    assert!(
        list.starts_with("--> rootfs: ") && list.contains("out/quickstart.tar"),
        "{list}"
    );
}
