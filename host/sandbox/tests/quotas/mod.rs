//! What a run may hold open and write, counted by the host.

use kilnbox_engine::{PathAccess, UserPath};
use kilnbox_sandbox::Limits;

use crate::{
    bench::{Bench, ending, load, reason, sandbox},
    guest::Guest,
};

/// Starts the command at 4096 again and again, and never lets go of it.
const SPAWNING: Guest<'_> = Guest {
    imports: r#"
        (import "kilnbox:plugin/exec@1.0.0" "[constructor]command" (func $command (param i32 i32) (result i32)))
        (import "kilnbox:plugin/exec@1.0.0" "[method]command.spawn" (func $spawn (param i32 i32 i32)))
    "#,
    items: r#"(data (i32.const 4096) "sleep 600")"#,
    describe: "",
    run: "(local.set $i (call $command (i32.const 4096) (i32.const 9)))
          (loop $again (call $spawn (local.get $i) (local.get $instance) (i32.const 1024)) (br $again))
          (unreachable)",
    world: "include kilnbox:plugin/provisioner-plugin@1.0.0;",
};

#[tokio::test]
async fn commands_held_open_are_counted() {
    let limits = Limits {
        processes: 5,
        ..Limits::default()
    };
    let (_, result) = ending(SPAWNING, limits).await;
    let error = result.unwrap_err();
    assert_eq!(
        error.message,
        "`guest` went over a limit: it may follow 5 commands at the same time"
    );
    assert!(error.hint.unwrap().ends_with("limits = { processes = 10 }"));
}

/// Replaces the output `out` by 1000 bytes again and again.
const WRITING: Guest<'_> = Guest {
    imports: r#"
        (import "kilnbox:plugin/outputs@1.0.0" "open" (func $open (param i32 i32 i32)))
        (import "kilnbox:plugin/outputs@1.0.0" "[method]output.replace"
            (func $replace (param i32 i32 i32 i32 i32 i32)))
    "#,
    items: r#"(data (i32.const 4096) "out")"#,
    describe: "",
    run: "(call $open (i32.const 4096) (i32.const 3) (i32.const 1024))
          (if (i32.load8_u (i32.const 1024)) (then (unreachable)))
          (local.set $i (i32.load (i32.const 1028)))
          (loop $again
            (call $replace (local.get $i) (i32.const 0) (i32.const 1000) (i32.const 0) (i32.const 0) (i32.const 1024))
            (br $again))
          (unreachable)",
    world: "include kilnbox:plugin/provisioner-plugin@1.0.0;",
};

async fn writing(limits: Limits) -> (String, u64) {
    let mut bench = Bench::new();
    let out = bench.folder.path().join("out");
    bench.job.paths.push(UserPath {
        written: "out".to_owned(),
        resolved: out.clone(),
        access: PathAccess::Output,
        below: None,
    });
    let step = load(&sandbox(WRITING.build(), limits, None)).await.unwrap();
    let why = reason(bench.run(&*step).await);
    let left = std::fs::read_dir(bench.folder.path()).unwrap().count();
    assert_eq!(left, 1, "what was begun is still there");
    (why, std::fs::metadata(out).unwrap().len())
}

#[tokio::test]
async fn bytes_written_to_local_files_are_counted() {
    let limits = Limits {
        written_bytes: 10_500,
        ..Limits::default()
    };
    let (why, there) = writing(limits).await;
    assert_eq!(
        why,
        "`guest` went over a limit: it may write 10.3 KiB to local files"
    );
    assert_eq!(there, 1000, "the last that was allowed is whole");
}

#[tokio::test]
async fn local_files_made_are_counted() {
    let limits = Limits {
        written_files: 3,
        ..Limits::default()
    };
    let (why, _) = writing(limits).await;
    assert_eq!(why, "`guest` went over a limit: it may make 3 local files");
}

/// Puts the output `out` into an archive again and again.
const ARCHIVING: Guest<'_> = Guest {
    imports: r#"
        (import "kilnbox:plugin/outputs@1.0.0" "open" (func $open (param i32 i32 i32)))
        (import "kilnbox:plugin/outputs@1.0.0" "[constructor]archive"
            (func $archive (param i32 i32 i32 i32) (result i32)))
        (import "kilnbox:plugin/outputs@1.0.0" "[method]archive.add" (func $add (param i32 i32 i32 i32 i32)))
    "#,
    items: r#"(data (i32.const 4096) "out") (global $archived (mut i32) (i32.const 0))"#,
    describe: "",
    run: "(call $open (i32.const 4096) (i32.const 3) (i32.const 1024))
          (if (i32.load8_u (i32.const 1024)) (then (unreachable)))
          (local.set $i (i32.load (i32.const 1028)))
          (global.set $archived
            (call $archive (i32.const 4096) (i32.const 0) (i32.const 4096) (i32.const 0)))
          (loop $again
            (call $add (global.get $archived) (local.get $i) (i32.const 4096) (i32.const 3) (i32.const 1024))
            (br $again))
          (unreachable)",
    world: "include kilnbox:plugin/provisioner-plugin@1.0.0;",
};

#[tokio::test]
async fn files_of_an_archive_are_counted() {
    let mut bench = Bench::new();
    bench.job.paths.push(UserPath {
        written: "out".to_owned(),
        resolved: bench.folder.path().join("out"),
        access: PathAccess::Output,
        below: None,
    });
    let limits = Limits {
        archive_entries: 4,
        ..Limits::default()
    };
    let step = load(&sandbox(ARCHIVING.build(), limits, None)).await.unwrap();
    assert_eq!(
        reason(bench.run(&*step).await),
        "`guest` went over a limit: it may put 4 files into an archive"
    );
}
