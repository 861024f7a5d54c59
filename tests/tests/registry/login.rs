//! How a registry learns who one is: what `docker login` keeps goes to whom it belongs, in the form it asks for.

use std::{fs, os::unix::fs::PermissionsExt as _};

use kilnbox_tests::{
    Running,
    registry::{Reply, Request, Web},
};

use crate::{
    desk::Desk,
    hostile::{facing, honest},
};

/// `me` and `secret`, as a password is sent.
const BASIC: &str = "Basic bWU6c2VjcmV0";

fn challenge(how: String) -> Reply {
    Reply::Whole(401, vec![("WWW-Authenticate", how)], Vec::new())
}

/// `init` with this configuration of Docker's.
fn init(desk: &Desk, config: &str) {
    let folder = desk.at().join("docker");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("config.json"), config).unwrap();
    let mut command = desk.command(&["init"]);
    let path = format!("{}:{}", desk.at().display(), std::env::var("PATH").unwrap());
    command.env("DOCKER_CONFIG", &folder).env("PATH", path);
    Running::start(command).finish().succeeded();
}

fn sent(request: &Request) -> Option<&str> {
    request.header("authorization")
}

#[test]
fn the_password_goes_to_the_token_service_and_the_token_to_the_registry() {
    let tokens = Web::start(|request| match sent(request) {
        Some(BASIC) => Reply::ok(r#"{"token": "for-this-repository"}"#),
        _ => Reply::status(401),
    });
    let (artifact, service) = (honest(), tokens.host());
    let web = Web::start(move |request| match sent(request) {
        Some("Bearer for-this-repository") => artifact.answer(request),
        _ => challenge(format!(
            r#"Bearer realm="http://{service}/token",service="of this test",scope="everything""#
        )),
    });
    let desk = facing(&web);
    init(
        &desk,
        &format!(r#"{{"auths": {{"{}": {{"auth": "bWU6c2VjcmV0"}}}}}}"#, web.host()),
    );

    assert!(
        web.asked().iter().all(|request| sent(request) != Some(BASIC)),
        "{:?}",
        web.asked()
    );
    let asked = tokens.asked();
    // What is asked for is what is needed, whatever the registry would like.
    let scope = "scope=repository%3Aacme%2Ftool%3Apull";
    assert!(
        asked.iter().all(|request| request.path.ends_with(scope)),
        "{asked:?}"
    );
}

#[test]
fn a_helper_is_asked_for_the_host_that_asks() {
    let artifact = honest();
    let web = Web::start(move |request| match sent(request) {
        Some(BASIC) => artifact.answer(request),
        _ => challenge("Basic realm=\"test\"".to_owned()),
    });
    let desk = facing(&web);
    let helper = desk.at().join("docker-credential-of-this-test");
    let script = "#!/bin/sh\ncat > asked\necho '{\"ServerURL\": \"\", \"Username\": \"me\", \"Secret\": \"secret\"}'\n";
    fs::write(&helper, script).unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    init(&desk, r#"{"credsStore": "of-this-test"}"#);
    assert_eq!(desk.read("asked"), web.host());
}
