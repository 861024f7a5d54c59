//! The step that connects, with what earlier steps learnt of the instance.

use std::{path::Path, time::Instant};

use kilnbox_engine::{
    BuildContext, BuildStep as _, Collected, Events, Journal, ProvisionHook, Secrets, StepError,
};
use kilnbox_ssh::{InstanceSlot, KeyType, StepCleanupTempKeys, StepConnect, generate_key};
use serde_json::Value as Json;

use super::*;

#[derive(Debug)]
struct NoProvisioners;

#[async_trait::async_trait]
impl ProvisionHook for NoProvisioners {
    async fn provision(&self, _: &BuildContext) -> Result<(), StepError> {
        Ok(())
    }
    async fn provision_cleanup(&self, _: &BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}

fn context() -> (BuildContext, Collected) {
    let state = tempfile::tempdir().unwrap();
    let (events, said) = Events::collecting();
    let cx = BuildContext {
        events,
        secrets: Secrets::default(),
        journal: Journal::create(state.path(), "run").unwrap(),
        cancel: Default::default(),
        failed: false,
        debug: false,
        communicator: None,
        generated: Vec::new(),
        artifact: None,
        provision: Arc::new(NoProvisioners),
    };
    (cx, said)
}

/// Runs the step; gives back the context with the communicator, and what was said.
async fn connect(
    bed: &Bed,
    more: Json,
    slot: &InstanceSlot,
) -> Result<(BuildContext, Vec<String>), StepError> {
    let (mut cx, said) = context();
    let mut step = StepConnect::to(bed.options(more), slot.clone());
    step.run(&mut cx).await?;
    Ok((cx, said.texts()))
}

fn public_key(bed: &Bed, name: &str) -> String {
    fs::read_to_string(bed.path(name).with_extension("pub")).unwrap()
}

fn keygen_of(kind: &str, file: &Path) {
    let made = Program::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", "", "-f"])
        .arg(file)
        .status()
        .unwrap();
    assert!(made.success());
}

/// How many logins the server has seen.
fn logins(bed: &Bed) -> usize {
    let log = fs::read_to_string(bed.path("log")).unwrap();
    log.matches("Accepted ").count() + log.matches("Failed ").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_host_key_is_the_only_one_taken() {
    let mut bed = Bed::start();
    let slot = InstanceSlot::default();
    slot.tell_unverified_host_key();
    slot.set_host_keys(&[public_key(&bed, "host")]).unwrap();
    let (cx, said) = connect(&bed, json!({}), &slot).await.unwrap();
    assert!(!said.iter().any(|text| text.contains("host key")), "{said:?}");
    assert_eq!(logins(&bed), 1);

    keygen(&bed.path("other"), "");
    let stranger = InstanceSlot::default();
    stranger.set_host_keys(&[public_key(&bed, "other")]).unwrap();
    let begun = Instant::now();
    let error = connect(&bed, json!({}), &stranger).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5), "it is not tried again");
    let text = error.to_string();
    assert!(text.contains("shows the host key SHA256:"), "{text}");
    assert!(text.contains("somebody may be listening in"), "{text}");
    assert!(error.hint.unwrap().contains("taken over the address"));
    assert_eq!(logins(&bed), 1, "nothing was sent to a stranger");

    // For the whole build, whatever happens in it.
    bed.change_host_key();
    let communicator = cx.communicator.unwrap();
    let error = communicator
        .reconnect(Duration::from_secs(20))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the platform says that the instance has"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_several_keys_is_asked_for_one_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ecdsa", "rsa"] {
        keygen_of(kind, &folder.path().join(kind));
    }
    // The server would rather show the Ed25519 key, which comes first in everybody's lists.
    let both = Bed::with(&format!(
        "HostKey {}\nHostKey {}\n",
        folder.path().join("ecdsa").display(),
        folder.path().join("rsa").display()
    ));
    for kind in ["ecdsa", "rsa"] {
        let slot = InstanceSlot::default();
        slot.set_host_keys(&[fs::read_to_string(folder.path().join(kind).with_extension("pub")).unwrap()])
            .unwrap();
        connect(&both, json!({}), &slot).await.unwrap();
    }
    let one = Bed::start();
    let slot = InstanceSlot::default();
    slot.set_host_keys(&[fs::read_to_string(folder.path().join("rsa.pub")).unwrap()])
        .unwrap();
    let error = connect(&one, json!({}), &slot).await.unwrap_err().to_string();
    assert!(error.contains("shows host keys for ssh-ed25519 alone"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_key_is_told_once_and_only_where_it_is_asked_for() {
    let bed = Bed::start();
    let told = |said: &[String]| {
        said.iter()
            .filter(|text| text.contains("not known beforehand"))
            .count()
    };
    let slot = InstanceSlot::default();
    let more = json!({ "pause_before_connecting": "10ms" });
    let (_, said) = connect(&bed, more.clone(), &slot).await.unwrap();
    assert_eq!(told(&said), 0, "{said:?}");
    slot.tell_unverified_host_key();
    let (_, said) = connect(&bed, more, &slot).await.unwrap();
    assert_eq!(told(&said), 1, "{said:?}");
    let shown = Program::new("ssh-keygen")
        .arg("-lf")
        .arg(bed.path("host"))
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let fingerprint = shown.split_whitespace().nth(1).unwrap();
    assert!(
        said.iter().any(|text| text.contains(fingerprint)),
        "{fingerprint} in {said:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_key_logs_in_besides_the_users() {
    let bed = Bed::start();
    keygen(&bed.path("useless"), "");
    for kind in [KeyType::Ed25519, KeyType::Rsa { bits: 2048 }] {
        let key = generate_key(kind, "kilnbox_test").unwrap();
        fs::write(bed.path("authorized"), format!("{}\n", key.public_openssh)).unwrap();
        for file in [json!(""), json!(bed.path("useless"))] {
            let slot = InstanceSlot::default();
            slot.set_host("127.0.0.1");
            slot.set_private_key(key.private.clone());
            let more = json!({ "ssh_host": "", "ssh_private_key_file": file, "ssh_handshake_attempts": 1 });
            let (cx, _) = connect(&bed, more, &slot).await.unwrap();
            let communicator = cx.communicator.unwrap();
            let lent = communicator.connection().unwrap().private_key.unwrap();
            assert_eq!(
                lent == key.private.text,
                file == json!(""),
                "the user's own key comes first"
            );
            let shown = format!("a {} b", key.private.text.lines().nth(1).unwrap());
            assert!(
                !cx.secrets
                    .redact(&shown)
                    .contains(key.private.text.lines().nth(1).unwrap())
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_says_what_else_may_be_wrong() {
    let mut bed = Bed::start();
    bed.stop();
    let slot = InstanceSlot::default();
    slot.set_hint("the temporary security group lets in 192.0.2.7/32 alone");
    let error = connect(&bed, json!({ "ssh_timeout": "2s" }), &slot)
        .await
        .unwrap_err();
    let hint = error.hint.unwrap();
    assert!(hint.starts_with("check `ssh_host`"), "{hint}");
    assert!(hint.ends_with("lets in 192.0.2.7/32 alone"), "{hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_temporary_key_is_removed_by_its_comment() {
    let bed = Bed::start();
    let key = generate_key(KeyType::Ed25519, "kilnbox.test/[1]").unwrap();
    let others = "ssh-ed25519 AAAA kilnboxxtest/[1]\nssh-ed25519 AAAA kilnbox.test/[1] later\n";
    fs::create_dir(bed.path(".ssh")).unwrap();
    let file = bed.path(".ssh/authorized_keys");
    let full = format!("{}\n{others}", key.public_openssh);
    let slot = InstanceSlot::default();
    slot.set_private_key(key.private);
    for (asked, expect) in [(false, full.as_str()), (true, others), (true, others)] {
        fs::write(&file, if asked { &full } else { expect }).unwrap();
        let options = bed.options_of_instance(json!({ "ssh_clear_authorized_keys": asked }));
        let (mut cx, said) = context();
        StepConnect::new(options.clone()).run(&mut cx).await.unwrap();
        StepCleanupTempKeys::new(options, slot.clone())
            .run(&mut cx)
            .await
            .unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), expect);
        assert!(!bed.path(".ssh/authorized_keys.bak").exists());
        assert!(
            !said.texts().iter().any(|text| text.contains("may still let in")),
            "{:?}",
            said.texts()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_key_that_stays_is_a_warning() {
    let bed = Bed::start();
    let key = generate_key(KeyType::Ed25519, "kilnbox_test").unwrap();
    fs::create_dir(bed.path(".ssh")).unwrap();
    let file = bed.path(".ssh/authorized_keys");
    fs::write(&file, &key.public_openssh).unwrap();
    // `sed` cannot make its new file beside the name of a folder.
    fs::create_dir(bed.path(".ssh/authorized_keys.bak")).unwrap();
    fs::write(bed.path(".ssh/authorized_keys.bak/full"), "").unwrap();
    let slot = InstanceSlot::default();
    slot.set_private_key(key.private);
    let options = bed.options_of_instance(json!({ "ssh_clear_authorized_keys": true }));
    let (mut cx, said) = context();
    StepConnect::new(options.clone()).run(&mut cx).await.unwrap();
    StepCleanupTempKeys::new(options, slot)
        .run(&mut cx)
        .await
        .unwrap();
    assert!(
        said.texts()
            .iter()
            .any(|text| text.contains("the temporary key `kilnbox_test` may still let in: ")),
        "{:?}",
        said.texts()
    );
}
