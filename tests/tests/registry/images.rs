//! Images of containers from a registry, as the base of a `rootfs` build.

use std::{fs, path::Path, process::Command};

use kilnbox_tests::{Running, needs_root, registry::Registry};
use serde_json::{Value as Json, json};

use crate::{component::digest, desk::Desk};

/// An image with one file, as a layout that `skopeo` can push.
fn layout(folder: &Path) {
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &[u8]| {
        let digest = digest(bytes);
        fs::write(blobs.join(digest.trim_start_matches("sha256:")), bytes).unwrap();
        digest
    };
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let content = b"good morning\n";
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    archive
        .append_data(&mut header, "greeting", &content[..])
        .unwrap();
    let layer = archive.into_inner().unwrap();
    let layer_digest = put(&layer);
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let config = json!({
        "architecture": architecture, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
    })
    .to_string();
    let descriptor =
        |kind: &str, digest: &str, size: usize| json!({"mediaType": kind, "digest": digest, "size": size});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("application/vnd.oci.image.config.v1+json", &put(config.as_bytes()), config.len()),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer_digest, layer.len())],
    })
    .to_string();
    let index = json!({
        "schemaVersion": 2,
        "manifests": [descriptor(
            "application/vnd.oci.image.manifest.v1+json", &put(manifest.as_bytes()), manifest.len(),
        )],
    });
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
}

fn skopeo(registry: &Registry, arguments: &[&str]) -> String {
    let mut command = Command::new("skopeo");
    command
        .arg("--insecure-policy")
        .args(arguments)
        .env("SSL_CERT_FILE", registry.authority())
        .env("REGISTRY_AUTH_FILE", registry.docker_config().join("config.json"));
    Running::start(command).finish().succeeded().stdout
}

fn template(from: &str) -> String {
    json!({"builders": [{"type": "rootfs", "from": from, "output": "root.tar", "format": "tar"}]}).to_string()
}

fn greeting(desk: &Desk) -> String {
    let mut archive = tar::Archive::new(fs::File::open(desk.at().join("root.tar")).unwrap());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let found = entries.find(|entry| entry.path().unwrap().ends_with("greeting"));
    std::io::read_to_string(found.expect("the file of the base is there")).unwrap()
}

#[test]
fn an_image_of_a_registry_is_a_base() {
    needs_root("a container is started");
    let registry = Registry::start();
    let desk = Desk::new("[plugins]\n");
    layout(&desk.at().join("layout"));
    let name = format!("{}/acme/base:1", registry.host());
    let (local, remote) = (
        format!("oci:{}/layout", desk.at().display()),
        format!("docker://{name}"),
    );
    // Layers compressed in the newer way, as many registries have them today.
    let push = ["copy", "--quiet", "--dest-compress-format=zstd", &local, &remote];
    skopeo(&registry, &push);

    desk.write("template.json", template(&name));
    desk.ask(&registry, &["build", "template.json"]).succeeded();
    assert_eq!(greeting(&desk), "good morning\n");

    // By its digest it needs no registry any more.
    let manifest: Json = serde_json::from_str(&skopeo(&registry, &["inspect", &remote])).unwrap();
    let pinned = format!("{name}@{}", manifest["Digest"].as_str().unwrap());
    drop(registry);
    desk.write("template.json", template(&pinned));
    desk.run(&["build", "-force", "template.json"]).succeeded();
    assert_eq!(greeting(&desk), "good morning\n");
    desk.kilnbox.left_nothing();
}

#[test]
fn an_image_that_is_not_there_is_told() {
    needs_root("a container would be started");
    let registry = Registry::start();
    let desk = Desk::new("[plugins]\n");
    desk.write(
        "template.json",
        template(&format!("{}/acme/base:1", registry.host())),
    );
    let run = desk.ask(&registry, &["build", "template.json"]).exited(1);
    insta::assert_snapshot!("no_such_image", desk.words(&run));
    desk.kilnbox.left_nothing();
}
