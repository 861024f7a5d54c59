//! The person at the terminal, who answers `-debug`, `-on-error=ask` and steps that were granted `prompt`.
//!
//! Questions go to standard error and answers come from standard input, and only where both are a terminal. One
//! thread reads lines for the whole run, because a read from a terminal cannot be taken back.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    sync::Arc,
};

use async_trait::async_trait;
use kilnbox_engine::{Prompt, Secrets, text};
use tokio::sync::{Mutex, OnceCell, mpsc};

/// Lines typed ahead that are kept.
const TYPED_AHEAD: usize = 16;

/// Asks one question at a time.
#[derive(Debug)]
pub(crate) struct Person {
    lines: OnceCell<Mutex<mpsc::Receiver<String>>>,
    secrets: Secrets,
}

impl Person {
    /// Somebody, if standard input and standard error are a terminal.
    pub(crate) fn at_the_terminal(secrets: &Secrets) -> Option<Arc<dyn Prompt>> {
        let somebody = || Self {
            lines: OnceCell::default(),
            secrets: secrets.clone(),
        };
        (io::stdin().is_terminal() && io::stderr().is_terminal()).then(|| Arc::new(somebody()) as _)
    }

    /// The line typed; none at the end of input.
    async fn answer(&self, asker: &str, question: &str) -> io::Result<Option<String>> {
        let lines = self.lines.get_or_try_init(|| async { start_reading() }).await?;
        let mut lines = lines.lock().await;
        // What was typed before the question is no answer to it.
        while lines.try_recv().is_ok() {}
        let fit = |text| text::fit(text, &self.secrets);
        let question = format!("==> {}: {} ", fit(asker), fit(question));
        show(&question)?;
        Ok(lines.recv().await)
    }
}

fn show(question: &str) -> io::Result<()> {
    let mut err = io::stderr().lock();
    err.write_all(question.as_bytes())?;
    err.flush()
}

fn start_reading() -> io::Result<Mutex<mpsc::Receiver<String>>> {
    let (send, receive) = mpsc::channel(TYPED_AHEAD);
    std::thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if send.blocking_send(line).is_err() {
                    return;
                }
            }
        })?;
    Ok(Mutex::new(receive))
}

#[async_trait]
impl Prompt for Person {
    async fn ask(&self, build: &str, question: &str) -> Option<String> {
        self.answer(build, question).await.ok().flatten()
    }
}
