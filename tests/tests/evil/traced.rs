//! A build with a step that probes for everything, seen from the kernel: what the program opens and what it connects to.

use std::{fs, path::Path, process::Command};

use kilnbox_tests::{Running, SshBed};
use regex::Regex;

use crate::{case::Case, ground::Ground, user::User};

/// The one case: it tries files, sockets, names and paths by all the ways that WASI has.
const PROBE: &str = "wasi/everything";

/// All that may be opened; a `*` at the end stands for any rest.
const OPENED: &[&str] = &[
    // The system's libraries, and what the Rust runtime asks the kernel about this process and its share of the
    // machine.
    "/dev/null",
    "/etc/ld.so.cache",
    "/lib/*",
    "/lib64/*",
    "/usr/lib/*",
    "/proc/self/cgroup",
    "/proc/self/maps",
    "/proc/self/status",
    "/proc/self/mountinfo",
    "/proc/sys/vm/overcommit_memory",
    "/sys/fs/cgroup/*",
    "/sys/kernel/mm/transparent_hugepage/*",
    // What the user named.
    "$LOCAL/template.json",
    "$LOCAL/kilnbox.toml",
    "$LOCAL/evil.wasm",
    "$FOLDER/key",
    // The journal, and the compiled component.
    "$HOME/state*",
    "$CACHE*",
];

/// Runs it; panics where the kernel saw more than that.
pub(crate) fn probe(bed: &SshBed, cache: &Path) {
    let ground = Ground::new("traced", bed, User::Root);
    let case = Case::all().into_iter().find(|case| case.title() == PROBE);
    ground.prepare(&case.expect("the case is there"));
    let kilnbox = ground.command(cache, &["build", "-color=false", "template.json"]);
    let trace = ground.outside().join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-y", "-s", "4096", "-e", "signal=none"])
        .args([
            "-e",
            "trace=open,openat,openat2,creat,connect,bind,sendto,sendmsg",
            "-o",
        ])
        .arg(&trace)
        .arg(kilnbox.get_program())
        .args(kilnbox.get_args())
        .current_dir(ground.local())
        .env_clear();
    for (name, value) in kilnbox.get_envs() {
        strace.env(name, value.expect("only set"));
    }
    let run = Running::start(strace).finish().succeeded();
    assert!(ground.marked("good") && ground.marked("after"), "{}", run.both());

    let trace = fs::read_to_string(trace).expect("`scripts/setup test` installs strace");
    let home = ground.kilnbox.state();
    let home = home.parent().expect("it lies in the home").display().to_string();
    let cache = cache.parent().expect("it lies in a folder of its own");
    let told = |path: &str| {
        let path = path
            .replace(&cache.display().to_string(), "$CACHE")
            .replace(&home, "$HOME");
        ground.told(&path)
    };
    let opened: Vec<String> = opened(&trace).iter().map(|path| told(path)).collect();
    let more: Vec<&String> = opened.iter().filter(|path| !may_be_opened(path)).collect();
    assert!(more.is_empty(), "opened besides: {more:#?}");
    for path in ["$LOCAL/evil.wasm", "$FOLDER/key"] {
        assert!(
            opened.iter().any(|opened| opened == path),
            "`{path}` is not seen: {opened:#?}"
        );
    }

    let server = format!(
        "sin_port=htons({}), sin_addr=inet_addr(\"127.0.0.1\")",
        bed.port()
    );
    let is_inet = |line: &&str| line.contains("sa_family=AF_INET");
    let connects: Vec<&str> = trace.lines().filter(|line| line.contains(" connect(")).collect();
    assert!(!connects.is_empty(), "no connection is seen");
    let others: Vec<&&str> = connects.iter().filter(|line| !line.contains(&server)).collect();
    assert!(others.is_empty(), "connected to others: {others:#?}");
    let addressed: Vec<&str> = trace
        .lines()
        .filter(|line| !line.contains(" connect("))
        .filter(is_inet)
        .collect();
    assert!(addressed.is_empty(), "addressed besides: {addressed:#?}");
}

/// Every path that was opened or tried, absolute.
fn opened(trace: &str) -> Vec<String> {
    let call = r#"(?:open|openat|openat2|creat)\((?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)""#;
    let call = Regex::new(call).expect("a pattern");
    let paths = call.captures_iter(trace).map(|found| {
        let base = found.get(1).map_or("", |base| base.as_str());
        let path = Path::new(base).join(&found[2]);
        path.components()
            .collect::<std::path::PathBuf>()
            .display()
            .to_string()
    });
    paths.collect()
}

fn may_be_opened(path: &str) -> bool {
    OPENED.iter().any(|known| match known.strip_suffix('*') {
        Some(begin) => path.starts_with(begin) && !path.contains("/../"),
        None => path == *known,
    })
}
