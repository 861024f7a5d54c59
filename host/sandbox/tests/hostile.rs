//! Guests that do what no guest should, and what becomes of them. The host goes on each time.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up fails the test")]

mod bench;
mod guest;
mod machine;
mod quotas;

use std::time::Duration;

use bench::{Bench, ending, load, reason, sandbox, source};
use guest::Guest;
use kilnbox_engine::{Body, Deed, LoadError, Speaker, StepKind};
use kilnbox_sandbox::{Grants, Limits, Sandbox, Settings};

const FOR_EVER: &str = "(loop $again (br $again)) (unreachable)";

#[tokio::test]
async fn a_plain_guest_runs_and_its_error_is_told() {
    let (_, result) = ending(Guest::default(), Limits::default()).await;
    result.unwrap();
    let (_, result) = ending(
        Guest {
            run: "(i32.const 528)",
            ..Guest::default()
        },
        Limits::default(),
    )
    .await;
    assert_eq!(reason(result), "no good!");
}

#[tokio::test]
async fn an_endless_loop_is_stopped_and_the_host_goes_on() {
    let looping = Guest {
        run: FOR_EVER,
        ..Guest::default()
    };
    let limits = Limits {
        cpu: Duration::from_millis(200),
        ..Limits::default()
    };
    let bench = Bench::new();
    let step = load(&sandbox(looping.build(), limits, None)).await.unwrap();
    for _ in 0..2 {
        let reason = reason(bench.run(&*step).await);
        assert_eq!(reason, "`guest` went over a limit: it may compute for 200ms");
    }
}

#[tokio::test]
async fn a_loop_does_not_hold_up_others_on_the_same_thread() {
    let looping = Guest {
        run: FOR_EVER,
        ..Guest::default()
    };
    let limits = Limits {
        cpu: Duration::from_secs(5),
        ..Limits::default()
    };
    let bench = Bench::new();
    let step = load(&sandbox(looping.build(), limits, None)).await.unwrap();
    let cancel = bench.job.cancel.clone();
    let others = async {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(bench.run(&*step), others);
    // Cancelled after the second of grace, long before its time on the processor was used up.
    assert!(result.unwrap_err().cancelled);
}

#[tokio::test]
async fn an_endless_describe_is_stopped() {
    let looping = Guest {
        describe: FOR_EVER,
        ..Guest::default()
    };
    let limits = Limits {
        question: Duration::from_millis(200),
        ..Limits::default()
    };
    let error = load(&sandbox(looping.build(), limits, None)).await.unwrap_err();
    assert_eq!(error.to_string(), "`guest`: `describe` took longer than 200ms");
}

#[tokio::test]
async fn memory_without_end_is_refused() {
    let growing = Guest {
        run: "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)",
        ..Guest::default()
    };
    let limits = Limits {
        memory: 8 << 20,
        ..Limits::default()
    };
    let (_, result) = ending(growing, limits).await;
    assert_eq!(
        reason(result),
        "`guest` went over a limit: it may use 8 MiB of memory"
    );
}

#[tokio::test]
async fn recursion_without_end_is_stopped() {
    let deep = Guest {
        items: "(func $deep (param i64) (result i64) (i64.add (local.get 0) (call $deep (local.get 0))))",
        run: "(drop (call $deep (i64.const 1))) (i32.const 512)",
        ..Guest::default()
    };
    let (_, result) = ending(deep, Limits::default()).await;
    assert_eq!(
        reason(result),
        "`guest` ran out of stack: it calls itself too deeply"
    );
}

const SAY: &str = r#"(import "kilnbox:plugin/ui@1.0.0" "say" (func $say (param i32 i32)))"#;

#[tokio::test]
async fn a_flood_of_messages_is_suppressed_and_counted() {
    const MESSAGES: u64 = 50_000;
    let flooding = Guest {
        imports: SAY,
        items: r#"(data (i32.const 4096) "flood")"#,
        run: "(loop $again
                (call $say (i32.const 4096) (i32.const 5))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get $i) (i32.const 50000))))
              (i32.const 512)",
        ..Guest::default()
    };
    let limits = Limits {
        messages_per_second: 10,
        message_burst: 20,
        ..Limits::default()
    };
    let (bench, result) = ending(flooding, limits).await;
    result.unwrap();
    let heard = bench.spoken_by(Speaker::Guest).len() as u64;
    let suppressed: u64 = bench
        .spoken_by(Speaker::Host)
        .iter()
        .filter_map(|text| text.split_once(" message")?.0.parse::<u64>().ok())
        .sum();
    assert!((20..5000).contains(&heard), "{heard}");
    assert_eq!(heard + suppressed, MESSAGES);
}

#[tokio::test]
async fn long_messages_are_cut_and_enormous_ones_end_the_guest() {
    let imports = SAY;
    let long = Guest {
        imports,
        run: "(drop (memory.grow (i32.const 2)))
              (memory.fill (i32.const 65536) (i32.const 97) (i32.const 20000))
              (call $say (i32.const 65536) (i32.const 20000)) (i32.const 512)",
        ..Guest::default()
    };
    let (bench, result) = ending(long, Limits::default()).await;
    result.unwrap();
    let [said] = &bench.spoken_by(Speaker::Guest)[..] else {
        panic!("one message")
    };
    assert!(
        said.ends_with("a… (11808 bytes cut)"),
        "{}",
        &said[said.len() - 40..]
    );

    let enormous = Guest {
        imports,
        run: "(drop (memory.grow (i32.const 100)))
              (call $say (i32.const 0) (i32.const 6000000)) (i32.const 512)",
        ..Guest::default()
    };
    let (bench, result) = ending(enormous, Limits::default()).await;
    assert_eq!(
        reason(result),
        "`guest` went over a limit: it may pass 4 MiB to the host in one call"
    );
    assert!(bench.spoken_by(Speaker::Guest).is_empty());
}

const HOST_EXEC: Guest<'_> = Guest {
    imports: r#"(import "kilnbox:plugin/host-exec@1.0.0" "os" (func $os (param i32)))"#,
    items: "",
    describe: "",
    run: "(call $os (i32.const 1024)) (i32.const 512)",
    world: "include kilnbox:plugin/provisioner-plugin@1.0.0; import kilnbox:plugin/host-exec@1.0.0;",
};

#[tokio::test]
async fn what_was_not_granted_is_refused_before_it_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let refused = load(&sandbox(HOST_EXEC.build(), Limits::default(), Some(&cache)))
        .await
        .unwrap_err();
    let LoadError::Denied {
        name,
        capabilities,
        grant,
    } = refused
    else {
        panic!("{refused}")
    };
    assert_eq!(name, "guest");
    assert_eq!(capabilities, ["host-exec"]);
    assert_eq!(grant, "[plugins.guest]\ngrant = [\"host-exec\"]");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0, "it was compiled");

    let granted = source(
        HOST_EXEC.build(),
        Grants::with(["host-exec"]).unwrap(),
        Limits::default(),
    );
    let sandbox = Sandbox::new(vec![granted], Settings::default()).unwrap();
    Bench::new().run(&*load(&sandbox).await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn inspecting_lists_exactly_what_is_imported() {
    let sandbox = Sandbox::new(Vec::new(), Settings::default()).unwrap();
    let seen = sandbox
        .inspect(&source(HOST_EXEC.build(), Grants::default(), Limits::default()))
        .await
        .unwrap();
    assert_eq!(seen.capabilities, ["types", "host-exec"]);
    assert_eq!(seen.to_grant, ["host-exec"]);
    assert_eq!(seen.wasi, [""; 0]);
    assert_eq!((&*seen.name, &*seen.version), ("guest", "1.2.3"));
    assert_eq!(seen.kind, StepKind::Provisioner);
    assert_eq!(seen.size, HOST_EXEC.build().len());
    assert_eq!(seen.sha256.len(), 64);
}

#[tokio::test]
async fn too_large_or_damaged_bytes_are_refused() {
    let limits = Limits {
        component_size: 100,
        ..Limits::default()
    };
    let error = load(&sandbox(Guest::default().build(), limits, None))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`guest`: went over a limit: it may be 100 B large"
    );

    let error = load(&sandbox(b"#!/bin/sh".to_vec(), Limits::default(), None))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "`guest`: not a WebAssembly file");

    let mut damaged = Guest::default().build();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    let error = load(&sandbox(damaged, Limits::default(), None))
        .await
        .unwrap_err();
    assert!(matches!(error, LoadError::Invalid { .. }), "{error}");
}

#[tokio::test]
async fn each_run_has_a_store_of_its_own() {
    // Succeeds only while the global is as it was in the beginning.
    let remembering = Guest {
        items: "(global $runs (mut i32) (i32.const 0))",
        run: "(global.get $runs)
              (global.set $runs (i32.add (global.get $runs) (i32.const 1)))
              (if (result i32) (then (i32.const 528)) (else (i32.const 512)))",
        ..Guest::default()
    };
    let sandbox = sandbox(remembering.build(), Limits::default(), None);
    let step = load(&sandbox).await.unwrap();
    let bench = Bench::new();
    bench.run(&*step).await.unwrap();
    bench.run(&*step).await.unwrap();
}

#[tokio::test]
async fn the_second_load_comes_from_the_cache_and_a_damaged_entry_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    let bytes = Guest::default().build();
    let entry = || std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    load(&sandbox(bytes.clone(), Limits::default(), Some(&cache)))
        .await
        .unwrap();
    let (path, whole) = (entry(), std::fs::read(entry()).unwrap());
    let first = std::fs::metadata(&path).unwrap().modified().unwrap();
    load(&sandbox(bytes.clone(), Limits::default(), Some(&cache)))
        .await
        .unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().modified().unwrap(),
        first,
        "it was compiled again"
    );

    std::fs::write(&path, b"damaged").unwrap();
    load(&sandbox(bytes, Limits::default(), Some(&cache)))
        .await
        .unwrap();
    assert_eq!(entry(), path);
    assert!(
        std::fs::read(&path).unwrap().len() * 2 > whole.len(),
        "the damaged entry stayed"
    );
}

/// Registers the remote file `keep-me-not`.
const TEMPORARY: &str = r#"(import "kilnbox:plugin/upload@1.0.0" "[static]temporary-file.register"
    (func $temporary (param i32 i32 i32) (result i32)))"#;
const TEMPORARY_NAME: &str = r#"(data (i32.const 4096) "keep-me-not")"#;

#[tokio::test]
async fn temporary_files_are_removed_after_a_crash() {
    let crashing = Guest {
        imports: TEMPORARY,
        items: TEMPORARY_NAME,
        run: "(drop (call $temporary (local.get $instance) (i32.const 4096) (i32.const 11))) (unreachable)",
        ..Guest::default()
    };
    let bench = Bench::new();
    let file = bench.folder.path().join("keep-me-not");
    std::fs::write(&file, "secret").unwrap();
    let step = load(&sandbox(crashing.build(), Limits::default(), None))
        .await
        .unwrap();
    assert_eq!(reason(bench.run(&*step).await), "`guest` crashed");
    assert!(!file.exists());
}

#[tokio::test]
async fn temporary_files_are_removed_when_the_run_is_dropped() {
    let looping =
        format!("(drop (call $temporary (local.get $instance) (i32.const 4096) (i32.const 11))) {FOR_EVER}");
    let guest = Guest {
        imports: TEMPORARY,
        items: TEMPORARY_NAME,
        run: &looping,
        ..Guest::default()
    };
    let bench = Bench::new();
    let file = bench.folder.path().join("keep-me-not");
    std::fs::write(&file, "secret").unwrap();
    let step = load(&sandbox(guest.build(), Limits::default(), None))
        .await
        .unwrap();
    let dropped = tokio::time::timeout(Duration::from_millis(200), bench.run(&*step)).await;
    assert!(dropped.is_err());
    let removed = async {
        while file.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), removed)
        .await
        .expect("removed");
}

const EXEC: &str = r#"
    (import "kilnbox:plugin/exec@1.0.0" "[constructor]command" (func $command (param i32 i32) (result i32)))
    (import "kilnbox:plugin/exec@1.0.0" "[method]command.stdin" (func $stdin (param i32 i32 i32)))
    (import "kilnbox:plugin/exec@1.0.0" "[method]command.run" (func $exec (param i32 i32 i32)))
"#;

#[tokio::test]
async fn output_of_the_instance_is_the_instances_word() {
    let guest = Guest {
        imports: EXEC,
        items: r#"(data (i32.const 4096) "printf 'one\ntwo'")"#,
        run: "(call $exec (call $command (i32.const 4096) (i32.const 16)) (local.get $instance) (i32.const 1024))
              (i32.const 512)",
        ..Guest::default()
    };
    let (bench, result) = ending(guest, Limits::default()).await;
    result.unwrap();
    assert_eq!(bench.spoken_by(Speaker::Remote), ["one", "two"]);
    assert!(bench.spoken_by(Speaker::Guest).is_empty());
}

#[tokio::test]
async fn a_command_that_answers_before_it_has_read_all_does_not_lock_up() {
    // 1 MiB through `cat`: more than the pipes hold, both ways at once.
    let guest = Guest {
        imports: EXEC,
        items: r#"(data (i32.const 4096) "cat")"#,
        run: "(drop (memory.grow (i32.const 16)))
              (memory.fill (i32.const 65536) (i32.const 10) (i32.const 1048576))
              (local.set $i (call $command (i32.const 4096) (i32.const 3)))
              (call $stdin (local.get $i) (i32.const 65536) (i32.const 1048576))
              (call $exec (local.get $i) (local.get $instance) (i32.const 1024))
              (i32.const 512)",
        ..Guest::default()
    };
    let (bench, result) = tokio::time::timeout(Duration::from_secs(60), ending(guest, Limits::default()))
        .await
        .expect("locked up");
    result.unwrap();
    assert_eq!(bench.spoken_by(Speaker::Remote).len(), 1_048_576);
}

#[tokio::test]
async fn a_command_need_not_read_its_input() {
    let guest = Guest {
        imports: EXEC,
        items: r#"(data (i32.const 4096) "exec <&-; echo done")"#,
        run: "(drop (memory.grow (i32.const 16)))
              (local.set $i (call $command (i32.const 4096) (i32.const 19)))
              (call $stdin (local.get $i) (i32.const 65536) (i32.const 1048576))
              (call $exec (local.get $i) (local.get $instance) (i32.const 1024))
              ;; 528, an error, unless the call succeeded
              (select (i32.const 528) (i32.const 512) (i32.load8_u (i32.const 1024)))",
        ..Guest::default()
    };
    let (bench, result) = ending(guest, Limits::default()).await;
    result.unwrap();
    assert_eq!(bench.spoken_by(Speaker::Remote), ["done"]);
}

#[tokio::test]
async fn a_cancelled_command_returns_at_once_and_is_ended() {
    let guest = Guest {
        imports: EXEC,
        items: r#"(data (i32.const 4096) "sleep 600; true")"#,
        run: "(call $exec (call $command (i32.const 4096) (i32.const 15)) (local.get $instance) (i32.const 1024))
              ;; error, code 4: cancelled
              (if (result i32) (i32.and (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 1))
                                        (i32.eq (i32.load8_u (i32.const 1028)) (i32.const 4)))
                (then (i32.const 528)) (else (unreachable)))",
        ..Guest::default()
    };
    let bench = Bench::new();
    let step = load(&sandbox(guest.build(), Limits::default(), None))
        .await
        .unwrap();
    let cancel = bench.job.cancel.clone();
    let started = std::time::Instant::now();
    let (result, ()) = tokio::join!(bench.run(&*step), async { cancel.cancel() });
    assert!(result.unwrap_err().cancelled);
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "the guest was told and ended within its grace"
    );
}

#[tokio::test]
async fn handles_are_counted() {
    let hoarding = Guest {
        imports: EXEC,
        run: "(loop $again (drop (call $command (i32.const 4096) (i32.const 0))) (br $again)) (unreachable)",
        ..Guest::default()
    };
    let (_, result) = ending(
        hoarding,
        Limits {
            handles: 100,
            ..Limits::default()
        },
    )
    .await;
    let error = result.unwrap_err();
    assert_eq!(
        error.message,
        "`guest` went over a limit: it may hold 100 handles at the same time"
    );
    assert_eq!(
        error.hint.unwrap(),
        "`handles` is 100 and may be raised to 65536; in kilnbox.toml, for example:\n\
         [plugins.guest]\nlimits = { handles = 200 }"
    );
}

#[tokio::test]
async fn waiting_for_ever_is_ended_too() {
    let waiting = Guest {
        imports: EXEC,
        items: r#"(data (i32.const 4096) "sleep 600; true")"#,
        run: "(call $exec (call $command (i32.const 4096) (i32.const 15)) (local.get $instance) (i32.const 1024))
              (i32.const 512)",
        ..Guest::default()
    };
    let limits = Limits {
        wall: Duration::from_millis(300),
        ..Limits::default()
    };
    let begun = std::time::Instant::now();
    let (_, result) = ending(waiting, limits).await;
    assert_eq!(reason(result), "`guest` went over a limit: it may take 300ms");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn refusals_are_told_and_those_without_end_are_counted() {
    let asking = Guest {
        imports: r#"(import "kilnbox:plugin/assets@1.0.0" "open" (func $open (param i32 i32 i32)))"#,
        items: r#"(data (i32.const 4096) "/etc/shadow")"#,
        run: "(local.set $i (i32.const 10050))
              (loop $again
                (global.set $heap (i32.const 16384))
                (call $open (i32.const 4096) (i32.const 11) (i32.const 8192))
                (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
              (i32.const 512)",
        ..Guest::default()
    };
    let (bench, result) = ending(asking, Limits::default()).await;
    result.unwrap();
    let acts = bench
        .said
        .events()
        .into_iter()
        .filter_map(|event| match event.body {
            Body::Act(act) => Some(act.deed),
            _ => None,
        });
    let acts: Vec<Deed> = acts.collect();
    let refused = "`/etc/shadow` is no local file that the user named in this step's options";
    let (last, told) = acts.split_last().unwrap();
    assert!(
        told.iter()
            .all(|deed| matches!(deed, Deed::Refuse { reason } if reason == refused)),
        "{:?}",
        told.first()
    );
    assert_eq!(told.len(), 10_000);
    assert!(matches!(last, Deed::More { acts: 50 }), "{last:?}");
}
