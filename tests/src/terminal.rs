//! A terminal with a person at it: a pseudo-terminal whose other side a test types on and reads.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use nix::pty::openpty;

use crate::until;

/// Longest wait for what a program shows or for its end.
const LONGEST: Duration = Duration::from_secs(30);

/// A program on a terminal. Killed when dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    /// Reads until no program holds the terminal.
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a program with the terminal as all three of its streams.
    pub fn start(mut command: Command) -> Self {
        let pair = openpty(None, None).expect("a pseudo-terminal can be made");
        let side = || File::from(pair.slave.try_clone().expect("a descriptor can be copied"));
        let child = command
            .env("TERM", "xterm")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        // Only the program holds its side from here on: reading ends when it does.
        drop(command);
        drop(pair.slave);
        let keyboard = File::from(pair.master);
        let mut shown = keyboard.try_clone().expect("a descriptor can be copied");
        let screen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&screen);
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = shown.read(&mut chunk) {
                sink.lock()
                    .expect("no reader panics")
                    .extend_from_slice(&chunk[..read]);
            }
        });
        Self {
            child,
            keyboard,
            screen,
            reader: Some(reader),
        }
    }

    /// Everything that was shown so far, escape sequences included.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no reader panics")).into_owned()
    }

    /// Waits until `text` was shown `times` times.
    pub fn wait_for(&self, text: &str, times: usize) {
        until(
            &format!("`{text}`, {times} times, on the screen"),
            LONGEST,
            || (self.screen().matches(text).count() >= times).then_some(()),
        );
    }

    /// Types keys.
    pub fn press(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Waits for the program's end.
    pub fn finish(self) -> ExitStatus {
        self.finish_with_screen().0
    }

    /// Waits for the program's end; also returns everything that was shown.
    pub fn finish_with_screen(mut self) -> (ExitStatus, String) {
        let status = until("the program's end", LONGEST, || {
            self.child.try_wait().expect("the program can be waited for")
        });
        if let Some(reader) = self.reader.take() {
            until("the end of what is shown", LONGEST, || {
                reader.is_finished().then_some(())
            });
        }
        (status, self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ended already, or in the way of a test that has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("on the screen:\n{}", self.screen());
        }
    }
}
