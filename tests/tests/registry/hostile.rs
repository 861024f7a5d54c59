//! Registries that lie, send people on, say nothing, or never end. Nothing of theirs is kept.

use std::{
    fs,
    time::{Duration, Instant},
};

use kilnbox_tests::{
    Finished,
    registry::{Registry, Reply, Request, Web},
};
use serde_json::{Value as Json, json};

use crate::{
    component::{component, digest},
    desk::{Desk, tool},
};

/// A component as a registry has it.
#[derive(Clone)]
pub(crate) struct Artifact {
    layer: Vec<u8>,
    config: Vec<u8>,
    manifest: Vec<u8>,
}

impl Artifact {
    /// With what the registry is to tell of its imports.
    fn told(layer: Vec<u8>, imports: &[&str]) -> Self {
        let config = json!({
            "created": "2026-11-01T10:00:00Z", "author": null, "architecture": "wasm", "os": "wasip2",
            "layerDigests": [digest(&layer)],
            "component": {"exports": [], "imports": imports, "target": null},
        });
        Self::of(layer, &config)
    }

    fn of(layer: Vec<u8>, config: &Json) -> Self {
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": digest(&config), "size": config.len(),
            },
            "layers": [{"mediaType": "application/wasm", "digest": digest(&layer), "size": layer.len()}],
        });
        Self {
            layer,
            config,
            manifest: manifest.to_string().into_bytes(),
        }
    }

    /// What an honest registry answers.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let path = request.path.as_str();
        if path.contains("/tags/list") {
            Reply::ok(r#"{"name": "acme/tool", "tags": ["1.0.0"]}"#)
        } else if path.ends_with("/manifests/1.0.0") {
            Reply::ok(self.manifest.clone())
        } else if path.ends_with(&digest(&self.config)) {
            Reply::ok(self.config.clone())
        } else if path.ends_with(&digest(&self.layer)) {
            Reply::ok(self.layer.clone())
        } else {
            Reply::status(404)
        }
    }

    fn is_layer(&self, request: &Request) -> bool {
        request.path.ends_with(&digest(&self.layer))
    }
}

const TYPES: &str = "kilnbox:plugin/types@1.0.0";
const UI: &str = "kilnbox:plugin/ui@1.0.0";

pub(crate) fn honest() -> Artifact {
    Artifact::told(component("tool", "1.0.0", &["ui"]), &[TYPES, UI])
}

/// A user who asks this server, and does not wait for long.
pub(crate) fn facing(web: &Web) -> Desk {
    let desk = Desk::new(&tool("registry.example", "^1"));
    desk.configure(&format!(
        "[mirrors]\n\"registry.example\" = \"http://{}\"\n[network]\nstall = \"1s\"\ntotal = \"20s\"\n",
        web.host()
    ));
    desk
}

/// `init` is refused, quickly, and leaves neither bytes nor a lock.
fn refused(desk: &Desk) -> Finished {
    let begun = Instant::now();
    let run = desk.run(&["init"]).exited(1);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(desk.stored(), Vec::<std::path::PathBuf>::new());
    assert!(!desk.at().join("kilnbox.lock").exists());
    run
}

#[test]
fn the_server_of_these_tests_can_be_honest() {
    let artifact = honest();
    let web = Web::start(move |request| artifact.answer(request));
    let desk = facing(&web);
    desk.run(&["init"]).succeeded();
    desk.run(&["build", "template.json"]).succeeded();
}

#[test]
fn imports_that_are_not_told_are_refused() {
    let registry = Registry::start();
    let desk = Desk::with_tool(&registry, "^1");
    let lie = Artifact::told(component("tool", "1.0.0", &["ui", "connection"]), &[TYPES, UI]);
    registry.put_blob("acme/tool", &lie.layer, &digest(&lie.layer));
    registry.put_blob("acme/tool", &lie.config, &digest(&lie.config));
    registry.put_manifest("acme/tool", "1.0.0", &lie.manifest);
    let run = desk.ask(&registry, &["init"]).exited(1);
    insta::assert_snapshot!("hidden_import", desk.words(&run));
    assert_eq!(desk.stored(), Vec::<std::path::PathBuf>::new());
    assert!(!desk.at().join("kilnbox.lock").exists());
}

#[test]
fn imports_that_are_told_and_not_there_are_refused() {
    let lie = Artifact::told(component("tool", "1.0.0", &[]), &[TYPES, UI]);
    let web = Web::start(move |request| lie.answer(request));
    let desk = facing(&web);
    insta::assert_snapshot!("invented_import", desk.words(&refused(&desk)));
}

#[test]
fn other_bytes_than_the_manifest_says_are_refused() {
    let artifact = honest();
    let web = Web::start(move |request| match artifact.is_layer(request) {
        true => {
            let mut other = artifact.layer.clone();
            *other.last_mut().unwrap() ^= 1;
            Reply::ok(other)
        }
        false => artifact.answer(request),
    });
    let desk = facing(&web);
    insta::assert_snapshot!("other_bytes", desk.words(&refused(&desk)));
}

#[test]
fn credentials_do_not_follow_to_another_host() {
    let artifact = honest();
    let elsewhere = {
        let artifact = artifact.clone();
        Web::start(move |_| Reply::ok(artifact.layer.clone()))
    };
    let address = format!("http://{}/signed", elsewhere.host());
    let web = Web::start(move |request| {
        if request.header("authorization").is_none() {
            let challenge = vec![("WWW-Authenticate", "Basic realm=\"test\"".to_owned())];
            return Reply::Whole(401, challenge, Vec::new());
        }
        match artifact.is_layer(request) {
            true => Reply::redirect(address.clone()),
            false => artifact.answer(request),
        }
    });
    let desk = facing(&web);
    let folder = desk.at().join("docker");
    fs::create_dir(&folder).unwrap();
    let auth = |host: &str| format!(r#""{host}": {{"auth": "bWU6c2VjcmV0"}}"#);
    // Both hosts are known: only who is asked may be told.
    let config = format!(
        r#"{{"auths": {{{}, {}}}}}"#,
        auth(&web.host()),
        auth(&elsewhere.host())
    );
    fs::write(folder.join("config.json"), config).unwrap();
    let mut command = desk.command(&["init"]);
    command.env("DOCKER_CONFIG", &folder);
    kilnbox_tests::Running::start(command).finish().succeeded();

    let asked = elsewhere.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), None, "{asked:?}");
    assert!(
        web.asked()
            .iter()
            .any(|request| request.header("authorization").is_some())
    );
}

#[test]
fn redirects_without_an_end_are_not_followed() {
    let artifact = honest();
    let web = Web::start(
        move |request| match artifact.is_layer(request) || request.path.contains("again") {
            true => Reply::redirect("/again".to_owned()),
            false => artifact.answer(request),
        },
    );
    let desk = facing(&web);
    insta::assert_snapshot!("redirects", desk.words(&refused(&desk)));
    assert!(web.asked().len() < 12, "{:?}", web.asked().len());
}

#[test]
fn a_registry_that_stalls_is_left() {
    let artifact = honest();
    let web = Web::start(move |request| match artifact.is_layer(request) {
        true => Reply::Stalls(artifact.layer[..10].to_vec()),
        false => artifact.answer(request),
    });
    let desk = facing(&web);
    insta::assert_snapshot!("stalls", desk.words(&refused(&desk)));
}

#[test]
fn a_registry_that_drips_is_left() {
    let artifact = honest();
    let web = Web::start(move |request| match artifact.is_layer(request) {
        true => Reply::Drips,
        false => artifact.answer(request),
    });
    let desk = facing(&web);
    let config = format!(
        "[mirrors]\n\"registry.example\" = \"http://{}\"\n[network]\ntotal = \"2s\"\n",
        web.host()
    );
    desk.configure(&config);
    insta::assert_snapshot!("drips", desk.words(&refused(&desk)));
}

#[test]
fn nobody_is_sent_from_https_to_http() {
    let elsewhere = Web::start(|_| Reply::ok("anything"));
    let registry = Registry::sending_on(&format!("http://{}/", elsewhere.host()));
    let desk = Desk::with_tool(&registry, "^1");
    desk.publish(&registry, "1.0.0", &[]).succeeded();
    let run = desk.ask(&registry, &["init"]).exited(1);
    insta::assert_snapshot!("to_http", desk.words(&run));
    assert!(elsewhere.asked().is_empty(), "{:?}", elsewhere.asked());
}

/// What a registry sends instead of an answer of each kind.
fn endless(path: &'static str, announced: Option<u64>) -> (Web, Desk) {
    let artifact = honest();
    let web = Web::start(move |request| {
        let meant = match path {
            "layer" => artifact.is_layer(request),
            path => request.path.contains(path),
        };
        match meant {
            true => Reply::Endless(announced),
            false => artifact.answer(request),
        }
    });
    let desk = facing(&web);
    (web, desk)
}

#[test]
fn ten_gigabytes_are_refused_before_they_arrive() {
    let (_web, desk) = endless("layer", Some(10 << 30));
    insta::assert_snapshot!("ten_gigabytes", desk.words(&refused(&desk)));
}

#[test]
fn bytes_without_an_end_are_refused_where_they_should_end() {
    for (path, name) in [
        ("layer", "endless_component"),
        ("/manifests/", "endless_manifest"),
        ("/tags/", "endless_tags"),
    ] {
        let (_web, desk) = endless(path, None);
        insta::assert_snapshot!(name, desk.words(&refused(&desk)));
    }
}

#[test]
fn a_component_that_is_announced_too_large_is_not_asked_for() {
    let mut artifact = honest();
    let size = artifact.layer.len();
    let manifest = String::from_utf8(artifact.manifest).unwrap();
    let manifest = manifest.replace(&format!("\"size\":{size}"), "\"size\":10737418240");
    artifact.manifest = manifest.into_bytes();
    let web = {
        let artifact = artifact.clone();
        Web::start(move |request| artifact.answer(request))
    };
    let desk = facing(&web);
    insta::assert_snapshot!("announced_too_large", desk.words(&refused(&desk)));
    assert!(!web.asked().iter().any(|request| artifact.is_layer(request)));
}

#[test]
fn tags_without_an_end_are_refused() {
    let artifact = honest();
    let web = Web::start(move |request| match request.path.contains("/tags/list") {
        true => {
            let tags: Vec<String> = (0..1000).map(|number| format!("1.0.{number}")).collect();
            let next = vec![(
                "Link",
                "</v2/acme/tool/tags/list?last=x>; rel=\"next\"".to_owned(),
            )];
            Reply::Whole(200, next, json!({ "tags": tags }).to_string().into_bytes())
        }
        false => artifact.answer(request),
    });
    let desk = facing(&web);
    insta::assert_snapshot!("too_many_tags", desk.words(&refused(&desk)));
}

#[test]
fn plain_http_is_spoken_only_where_the_user_said_so() {
    let artifact = honest();
    let web = Web::start(move |request| artifact.answer(request));
    let desk = Desk::new(&tool(&web.host(), "^1"));
    let run = desk.run(&["init"]).exited(1);
    assert!(run.stderr.contains("cannot be reached"), "{}", run.stderr);
    assert!(web.asked().is_empty(), "{:?}", web.asked());
}
