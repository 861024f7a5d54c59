//! A program under test: started, watched, and ended by a deadline at the latest.

use std::{
    io::{self, Read, Write as _},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use wait4::Wait4 as _;

use crate::{Usage, processes, until};

/// No run of a suite takes longer; compiling a guest's code on a busy machine is the longest part.
const LONGEST_RUN: Duration = Duration::from_secs(180);

/// A program that runs. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    begun: Instant,
    /// Its end was seen: its number may be another program's by now.
    ended: bool,
    stdout: Stream,
    stderr: Stream,
}

/// What came of a program.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// All it wrote to standard output.
    pub stdout: String,
    /// All it wrote to standard error.
    pub stderr: String,
}

/// What a program has written to one stream, read as it comes.
#[derive(Debug)]
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a program with nothing on its standard input.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::spawn(command)
    }

    /// As [`Self::start`], and nothing is kept of its standard output.
    pub fn start_quiet(mut command: Command) -> Self {
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stderr = Stream::of(child.stderr.take().expect("standard error is piped"));
        Self {
            child,
            begun,
            ended: false,
            stdout: Stream::of(io::empty()),
            stderr,
        }
    }

    /// As [`Self::start`], with both streams as one, in the order they are written: all of it is `stdout`.
    pub fn start_merged(mut command: Command) -> Self {
        let (reader, writer) = io::pipe().expect("a pipe can be made");
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a descriptor can be copied"))
            .stderr(writer);
        let begun = Instant::now();
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        // Only the program holds its side from here on: reading ends when it does.
        drop(command);
        Self {
            child,
            begun,
            ended: false,
            stdout: Stream::of(reader),
            stderr: Stream::of(io::empty()),
        }
    }

    /// Starts a program that reads `text` from a pipe.
    pub fn start_with_input(mut command: Command, text: &str) -> Self {
        command.stdin(Stdio::piped());
        let mut running = Self::spawn(command);
        let mut pipe = running.child.stdin.take().expect("standard input is piped");
        let text = text.to_owned();
        // A program need not read it all, and must not hold up the test with what it does not read.
        thread::spawn(move || drop(pipe.write_all(text.as_bytes())));
        running
    }

    fn spawn(mut command: Command) -> Self {
        let begun = Instant::now();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = Stream::of(child.stdout.take().expect("standard output is piped"));
        let stderr = Stream::of(child.stderr.take().expect("standard error is piped"));
        Self {
            child,
            begun,
            ended: false,
            stdout,
            stderr,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far, standard output first.
    pub fn written(&self) -> String {
        self.stdout.so_far() + &self.stderr.so_far()
    }

    /// Waits until it has written `text`.
    pub fn wait_for(&mut self, text: &str, limit: Duration) {
        until(&format!("`{text}` in the output"), limit, || {
            if self.written().contains(text) {
                return Some(());
            }
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                assert!(
                    self.written().contains(text),
                    "ended with {status} without `{text}`:\n{}",
                    self.written()
                );
            }
            None
        });
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id().cast_signed()), signal).expect("the program can be signalled");
    }

    /// Waits for its end.
    pub fn finish(self) -> Finished {
        self.finish_within(LONGEST_RUN)
    }

    /// Waits for its end, no longer than `limit`.
    pub fn finish_within(self, limit: Duration) -> Finished {
        self.finish_measured(limit).0
    }

    /// Waits for its end, no longer than `limit`, and tells what it used. Memory is looked at while it runs: what the
    /// kernel says at the end is no less than this program itself had when it started the other.
    pub fn finish_measured(mut self, limit: Duration) -> (Finished, Usage) {
        let what = "the program's end";
        let mut peak = 0;
        let end = until(what, limit, || {
            peak = peak.max(processes::peak(self.id()).unwrap_or_default());
            self.child.try_wait4().expect("the program can be waited for")
        });
        let wall = self.begun.elapsed();
        self.ended = true;
        let finished = Finished {
            status: end.status,
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
        };
        let usage = Usage {
            peak,
            ..Usage::new(wall, &end.rusage)
        };
        (finished, usage)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            // In the way of a test that has failed.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if thread::panicking() {
            eprintln!("the program had written:\n{}", self.written());
        }
    }
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut chunk) {
                sink.lock()
                    .expect("no reader panics")
                    .extend_from_slice(&chunk[..read]);
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no reader panics")).into_owned()
    }

    /// What was written up to the end of the program and of all that shares its output.
    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            until(
                "the end of the output, which a leftover process may hold open",
                Duration::from_secs(10),
                || reader.is_finished().then_some(()),
            );
        }
        self.so_far()
    }
}

impl Finished {
    /// Asserts exit code 0.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        self.exited(0)
    }

    /// Asserts an exit code.
    #[track_caller]
    pub fn exited(self, code: i32) -> Self {
        assert_eq!(
            self.status.code(),
            Some(code),
            "exit code, after\n{}",
            self.both()
        );
        self
    }

    /// Asserts that `text` is somewhere in what was written.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.both().contains(text), "`{text}` is not in\n{}", self.both());
        self
    }

    /// Whether `text` is somewhere in what was written, however that is laid out: line breaks, the lines that frames are
    /// made of, and capital letters make no difference.
    pub fn tells(&self, text: &str) -> bool {
        let squeezed = |text: &str| {
            text.to_lowercase()
                .replace(|letter: char| letter.is_whitespace() || letter == '│', "")
        };
        squeezed(&(self.stdout.clone() + &self.stderr)).contains(&squeezed(text))
    }

    /// Both streams, for messages.
    pub fn both(&self) -> String {
        format!(
            "--- standard output\n{}--- standard error\n{}",
            self.stdout, self.stderr
        )
    }
}
