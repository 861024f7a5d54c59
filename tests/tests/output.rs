//! What a run says, and to whom: log files, terminals that do not read or go away, and the end of a run.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use kilnbox_tests::{Finished, Kilnbox, Running, needs_root, until};
use nix::{mount, sys::signal::Signal};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// How long a run may take whose terminal nobody reads: ten seconds until it goes on without, ten at its end, and the
/// work itself on a busy machine.
const UNREAD: Duration = Duration::from_secs(60);

/// Lines that fill every pipe and queue.
const MANY: u32 = 20_000;

/// A template whose steps run here, and a user who trusts them.
struct Project {
    kilnbox: Kilnbox,
    folder: TempDir,
}

impl Project {
    fn new(template: &Json) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let project = Self {
            kilnbox: Kilnbox::new(),
            folder,
        };
        project.write("template.json", &template.to_string());
        project.write("kilnbox.toml", "[plugins.shell-local]\ngrant = [\"host-exec\"]\n");
        project
    }

    /// Builds without a machine, each with these local commands.
    fn running(builds: &[(&str, &str)]) -> Self {
        let builders: Vec<Json> = builds
            .iter()
            .map(|(name, _)| json!({ "type": "null", "name": name, "communicator": "none" }))
            .collect();
        let steps: Vec<Json> = builds
            .iter()
            .map(|(name, line)| json!({ "type": "shell-local", "only": [name], "inline": [line] }))
            .collect();
        Self::new(&json!({
            "variables": { "password": "hunter22" },
            "sensitive-variables": ["password"],
            "builders": builders,
            "provisioners": steps,
        }))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file can be written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = self.kilnbox.command(self.folder.path());
        command
            .args(["build", "--trust"])
            .args(flags)
            .arg("template.json");
        command
    }

    /// The same build, started by another program such as `nohup`.
    fn command_under(&self, starter: &[&str]) -> Command {
        let kilnbox = self.command(&[]);
        let mut command = Command::new(starter[0]);
        command
            .args(&starter[1..])
            .arg(kilnbox.get_program())
            .args(kilnbox.get_args())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(
                kilnbox
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        command
    }

    fn build(&self, flags: &[&str]) -> Finished {
        Running::start(self.command(flags)).finish()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

mod log_files {
    use super::*;

    #[test]
    fn one_per_build_complete_and_for_the_owner_alone() {
        let project = Project::running(&[
            (
                "web",
                "echo to web; echo from {{user `password`}}; echo aside >&2",
            ),
            ("a/../db", "echo to db; exit 3"),
        ]);
        let run = project.build(&["--log-dir", "logs/today"]).exited(1);
        assert_eq!(mode(&project.path("logs/today")), 0o700);
        let mut names: Vec<_> = fs::read_dir(project.path("logs/today"))
            .expect("the folder is there")
            .map(|entry| entry.expect("it can be read").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["null.a_.._db.log", "null.web.log"], "{}", run.both());
        for name in &names {
            assert_eq!(mode(&project.path("logs/today").join(name)), 0o600);
        }

        let web = project.read("logs/today/null.web.log");
        for part in [
            "build null.web begins: builder null, run ",
            "step begins: provisioner 1, shell-local",
            "     null.web: to web\n",
            "     null.web: from <sensitive>\n",
            " ==> null.web: aside\n",
            "step ends: provisioner 1, shell-local, after ",
            " Build 'null.web' finished after ",
        ] {
            assert!(web.contains(part), "`{part}` is not in\n{web}");
        }
        assert!(!web.contains("hunter22") && !web.contains("to db"), "{web}");
        for line in web.lines() {
            let time = line.split(' ').next().unwrap_or_default();
            assert_eq!(time.len(), "2026-01-01T00:00:00.000000Z".len(), "{line}");
            assert!(time.ends_with('Z'), "{line}");
        }
        let db = project.read("logs/today/null.a_.._db.log");
        assert!(
            db.contains("step fails: provisioner 1, shell-local, after "),
            "{db}"
        );
        assert!(db.contains("Build 'null.a/../db' errored after "), "{db}");
    }

    #[test]
    fn an_older_log_is_replaced_and_a_link_is_not_followed() {
        let project = Project::running(&[("web", "echo new")]);
        project.write("elsewhere", "mine");
        fs::create_dir(project.path("logs")).expect("a folder can be made");
        std::os::unix::fs::symlink("../elsewhere", project.path("logs/null.web.log"))
            .expect("a link can be made");
        project.build(&["--log-dir=logs"]).succeeded();
        assert_eq!(project.read("elsewhere"), "mine");
        let first = project.read("logs/null.web.log");
        project.build(&["--log-dir=logs"]).succeeded();
        let second = project.read("logs/null.web.log");
        assert_eq!(first.lines().count(), second.lines().count(), "{second}");
        assert_ne!(first, second);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_told_once_and_the_build_goes_on() {
        let project = Project::running(&[("web", "echo web"), ("db", "echo db")]);
        fs::create_dir_all(project.path("logs/null.web.log/in the way")).expect("a folder can be made");
        let run = project.build(&["--log-dir=logs"]).succeeded();
        assert_eq!(
            run.stderr
                .matches("the log file `logs/null.web.log` cannot be written")
                .count(),
            1,
            "{}",
            run.both()
        );
        assert!(project.read("logs/null.db.log").contains("finished after"));
    }

    #[test]
    fn a_full_disk_is_told_once_and_the_build_goes_on() {
        needs_root("a disk of 64 KiB is mounted");
        let project = Project::running(&[("web", &format!("seq 1 {MANY}; echo made > made"))]);
        fs::create_dir(project.path("logs")).expect("a folder can be made");
        let disk = Disk::mount(project.path("logs"), "size=64k");
        let run = project.build(&["--log-dir=logs"]).succeeded();
        drop(disk);
        assert_eq!(
            run.stderr.matches("cannot be written and ends here").count(),
            1,
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("No space left on device"), "{}", run.stderr);
        assert_eq!(project.read("made"), "made\n");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_before_anything_starts() {
        let project = Project::running(&[("web", "echo made > made")]);
        let run = project.build(&["--log-dir=template.json/logs"]).exited(1);
        run.says("writing `template.json/logs`");
        assert!(!project.path("made").exists());
    }

    /// A small disk, gone when dropped.
    struct Disk(PathBuf);

    impl Disk {
        fn mount(at: PathBuf, options: &str) -> Self {
            let none = None::<&str>;
            mount::mount(none, &at, Some("tmpfs"), mount::MsFlags::empty(), Some(options))
                .expect("a disk can be mounted");
            Self(at)
        }
    }

    impl Drop for Disk {
        fn drop(&mut self) {
            let _ = mount::umount2(&self.0, mount::MntFlags::MNT_DETACH);
        }
    }
}

mod terminals {
    use super::*;

    fn noisy() -> Project {
        Project::running(&[("web", &format!("seq 1 {MANY}; echo made > made"))])
    }

    fn whole_log(project: &Project) {
        let log = project.read("logs/null.web.log");
        assert!(
            log.lines().count() > MANY as usize,
            "{} lines",
            log.lines().count()
        );
        assert!(
            log.contains("Build 'null.web' finished after"),
            "the end is missing"
        );
    }

    #[test]
    fn a_pipe_that_nobody_reads_holds_up_no_build() {
        let project = noisy();
        let mut command = project.command(&["--log-dir=logs"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kilnbox can be started");
        let begun = Instant::now();
        let status = until("the end of a run nobody reads", UNREAD, || {
            child.try_wait().expect("it can be waited for")
        });
        assert_eq!(status.code(), Some(0), "after {:?}", begun.elapsed());
        assert_eq!(project.read("made"), "made\n");
        whole_log(&project);
        project.kilnbox.left_nothing();
    }

    #[test]
    fn a_signal_is_heard_while_nobody_reads() {
        let project = Project::running(&[("web", &format!("seq 1 {MANY}; sleep 600"))]);
        let mut command = project.command(&["--log-dir=logs"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kilnbox can be started");
        let log = project.path("logs/null.web.log");
        until("the step's first lines", UNREAD, || {
            fs::read_to_string(&log)
                .ok()?
                .contains("null.web: 1\n")
                .then_some(())
        });
        let id = nix::unistd::Pid::from_raw(child.id().cast_signed());
        nix::sys::signal::kill(id, Signal::SIGINT).expect("it can be signalled");
        let status = until("the end of a cancelled run nobody reads", UNREAD, || {
            child.try_wait().expect("it can be waited for")
        });
        assert_eq!(status.code(), Some(1));
        project.kilnbox.left_nothing();
    }

    #[test]
    fn a_reader_that_comes_back_is_told_what_it_missed_and_how_it_ended() {
        let project = noisy();
        let mut command = project.command(&["--log-dir=logs"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kilnbox can be started");
        let log = project.path("logs/null.web.log");
        until("the end of the build, which nobody has read", UNREAD, || {
            fs::read_to_string(&log)
                .ok()?
                .contains("finished after")
                .then_some(())
        });
        let mut out = String::new();
        let mut err = String::new();
        let mut stdout = child.stdout.take().expect("it is piped");
        let mut stderr = child.stderr.take().expect("it is piped");
        stdout.read_to_string(&mut out).expect("it is text");
        stderr.read_to_string(&mut err).expect("it is text");
        assert!(child.wait().expect("it can be waited for").success());
        assert!(err.contains("line(s) are missing here"), "{err}");
        assert!(out.contains("    null.web: 1\n") && !out.contains(&format!(": {MANY}\n")));
        assert!(
            out.contains("Build 'null.web' finished after"),
            "the end is missing"
        );
        assert!(
            out.contains("==> Builds finished."),
            "the closing list is missing"
        );
    }

    #[test]
    fn a_pipe_that_is_closed_is_survived() {
        for flags in [&["--log-dir=logs"][..], &["--log-dir=logs", "--log-format=json"]] {
            let project = noisy();
            let mut command = project.command(flags);
            let mut child = command
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("kilnbox can be started");
            let mut stdout = child.stdout.take().expect("it is piped");
            stdout.read_exact(&mut [0; 10]).expect("it says something");
            drop(stdout);
            let status = until("its end", UNREAD, || {
                child.try_wait().expect("it can be waited for")
            });
            assert_eq!(status.code(), Some(0));
            assert_eq!(project.read("made"), "made\n");
            whole_log(&project);
        }
    }

    #[test]
    fn a_terminal_that_goes_away_cancels_and_cleans_up() {
        let project = Project::running(&[("web", "echo begun; sleep 600")]);
        // The tests themselves may run under nohup, which a build inherits and respects.
        let command = project.command_under(&["env", "--default-signal=HUP"]);
        let mut run = Running::start(command);
        run.wait_for("begun", UNREAD);
        run.signal(Signal::SIGHUP);
        let run = run.finish().exited(1);
        assert!(
            run.stderr.contains("Cancelling build after receiving hangup"),
            "{}",
            run.both()
        );
        project.kilnbox.left_nothing();
    }

    #[test]
    fn nohup_is_respected() {
        let project = Project::running(&[("web", "echo begun; read line < gate; echo made > made")]);
        nix::unistd::mkfifo(&project.path("gate"), nix::sys::stat::Mode::S_IRWXU)
            .expect("a pipe can be made");
        let command = project.command_under(&["nohup"]);
        let mut run = Running::start(command);
        run.wait_for("begun", UNREAD);
        run.signal(Signal::SIGHUP);
        fs::write(project.path("gate"), "go\n").expect("the step reads");
        run.finish().succeeded();
        assert_eq!(project.read("made"), "made\n");
    }
}

mod the_end {
    use super::*;

    fn without_times(text: &str) -> String {
        let line = |line: &str| match line.split_once(" after ") {
            Some((before, after)) => {
                let rest = after.find([',', ':', '.']).map_or("", |at| &after[at..]);
                format!("{before} after [duration]{rest}")
            }
            None => line.to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_went_wrong_stands_last_with_step_and_lines() {
        let project = Project::running(&[
            ("b", "seq 1 12; echo broken >&2; exit 3"),
            ("a", "sleep 1; echo fine"),
        ]);
        let run = project.build(&[]).exited(1);
        let end = run.stdout.find("\n==> Wait completed").expect("the run ended");
        insta::assert_snapshot!(without_times(run.stdout[end..].trim()), @r"
        ==> Wait completed after [duration]

        ==> The builds:
            null.a: finished after [duration], 1 artifact
            null.b: errored after [duration]

        ==> Builds finished. The artifacts of successful builds are:
        --> null.a: Did not export anything. This is the null builder
        ");
        insta::assert_snapshot!(without_times(&run.stderr), @r"
        Build 'null.b' errored after [duration]: Script exited with non-zero exit status: 3. Allowed exit codes are: [0]

        ==> Some builds didn't complete successfully and had errors:
        --> null.b: Script exited with non-zero exit status: 3. Allowed exit codes are: [0]
            step: provisioner 1, shell-local
            the last lines of its output:
              | 4
              | 5
              | 6
              | 7
              | 8
              | 9
              | 10
              | 11
              | 12
              | broken
        ");
    }

    #[test]
    fn a_single_build_that_succeeded_has_no_list_of_builds() {
        let project = Project::running(&[("a", "echo fine")]);
        let run = project.build(&[]).succeeded();
        assert!(!run.stdout.contains("==> The builds:"), "{}", run.both());
        assert_eq!(run.stderr, "");
    }
}
