//! Tests of pauses, timeouts, retries and missing communicators.

use std::time::Duration;

use super::fakes::{Act, Bed, component, error};

#[tokio::test]
async fn provisioners_without_a_communicator_are_refused_but_for_shell_local() {
    let mut bed = Bed::new();
    let log = bed.log.clone();
    bed.build("a", &[("Provision", Act::Succeed)]).provisioners = vec![
        component("shell-local", Act::Succeed, &log),
        component("shell", Act::Succeed, &log),
    ];
    let (summary, log, _) = bed.run().await;
    assert_eq!(log, ["shell-local"]);
    assert!(
        error(&summary, 0).starts_with("no communicator found"),
        "{}",
        error(&summary, 0)
    );
}

#[tokio::test]
async fn a_failed_provisioner_is_tried_again_and_its_last_error_counts() {
    for (act, retries, tries, expect) in [
        (Act::FailFirst(2), 2, 3, None),
        (Act::Fail, 2, 3, Some("broken 3")),
        (Act::Fail, 0, 1, Some("broken 1")),
        (Act::Panic, 1, 2, Some("internal error, please report it: oh")),
    ] {
        let mut bed = Bed::new();
        let mut step = component("shell-local", act, &bed.log);
        step.max_retries = retries;
        step.pause_before = Some(Duration::from_millis(1));
        bed.build("a", &[("Provision", Act::Succeed)]).provisioners = vec![step];
        let (summary, log, collected) = bed.run().await;
        assert_eq!(log.len(), tries, "{act:?}");
        assert_eq!(
            summary.builds[0].result.as_ref().err().map(String::as_str),
            expect
        );
        let said = collected.texts();
        assert_eq!(
            said.iter()
                .filter(|text| *text == "Pausing 1ms before the next provisioner...")
                .count(),
            tries
        );
        if retries == 2 {
            assert!(
                said.contains(
                    &"Provisioner failed with \"broken 1\", retrying with 2 trie(s) left".to_owned()
                )
            );
        }
        assert_eq!(
            said.contains(&"retry limit reached.".to_owned()),
            expect.is_some() && retries > 0
        );
    }
}

#[tokio::test]
async fn a_timeout_ends_a_step_that_hangs_and_each_try_has_its_own() {
    let mut bed = Bed::new();
    let mut step = component("shell-local", Act::Hang, &bed.log);
    step.timeout = Some(Duration::from_millis(10));
    step.max_retries = 1;
    let cleanup = component("shell-local", Act::Succeed, &bed.log);
    let build = bed.build("a", &[("Provision", Act::Succeed)]);
    build.provisioners = vec![step];
    build.error_cleanup = Some(cleanup);
    let (summary, log, collected) = bed.run().await;
    assert_eq!(error(&summary, 0), "timed out after 10ms");
    assert_eq!(
        log.len(),
        3,
        "two tries and the error-cleanup provisioner: {log:?}"
    );
    let said = collected.texts();
    assert_eq!(
        said.iter()
            .filter(|text| *text == "Cancelling provisioner after a timeout...")
            .count(),
        2
    );
}
