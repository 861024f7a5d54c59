//! The builder step that takes the temporary key off the instance: `ssh_clear_authorized_keys`.
//!
//! It stands behind [`kilnbox_engine::StepProvision`]. What it removes is the line that ends in the key's comment, of
//! the account that was logged in to and of root. Whatever goes wrong is a warning: the image is as good without.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, Command, CommunicatorError, Exit, Output, StepError};
use tokio::time::timeout;

use crate::{instance::InstanceSlot, limits::CLEAR, options::SshOptions, quote, said::said};

/// Removes the slot's key from `authorized_keys`; does nothing unless the user asks for it and there is such a key.
#[derive(Debug)]
pub struct StepCleanupTempKeys {
    options: Arc<SshOptions>,
    slot: InstanceSlot,
}

impl StepCleanupTempKeys {
    /// For the key that an earlier step put into `slot`.
    pub fn new(options: Arc<SshOptions>, slot: InstanceSlot) -> Self {
        Self { options, slot }
    }
}

#[async_trait]
impl BuildStep for StepCleanupTempKeys {
    fn name(&self) -> &'static str {
        "StepCleanupTempKeys"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let key = self.slot.read().private_key;
        let comment = key.map(|key| key.comment()).filter(|comment| !comment.is_empty());
        let Some(comment) = comment.filter(|_| self.options.clear_authorized_keys) else {
            return Ok(());
        };
        if cx.communicator.is_none() {
            return Ok(());
        }
        cx.events
            .say("Trying to remove ephemeral keys from authorized_keys files");
        let removed = tokio::select! {
            biased;
            () = cx.cancel.cancelled() => return Err(StepError::cancelled()),
            removed = timeout(CLEAR, remove(cx, &comment)) => removed,
        };
        let why = match removed {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why,
            Err(_) => format!("not done after {}", humantime::format_duration(CLEAR)),
        };
        cx.events
            .warning(format!("the temporary key `{comment}` may still let in: {why}"));
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}

async fn remove(cx: &BuildContext, comment: &str) -> Result<(), String> {
    let command = command(comment).map_err(|error| error.to_string())?;
    let communicator = cx.communicator().map_err(|error| error.to_string())?;
    let ran = async {
        let mut process = communicator.start(Command::line(command)).await?;
        let mut shown = Vec::new();
        loop {
            match process.next().await? {
                Output::Stdout(bytes) | Output::Stderr(bytes) if shown.len() < SHOWN => shown.extend(bytes),
                Output::Stdout(_) | Output::Stderr(_) => {}
                Output::Exited(exit) => return Ok::<_, CommunicatorError>((exit, shown)),
            }
        }
    };
    match ran.await.map_err(|error| error.to_string())? {
        (Exit::Code(0), _) => Ok(()),
        (exit, shown) => Err(format!(
            "{exit:?}: {}",
            said(String::from_utf8_lossy(&shown).trim())
        )),
    }
}

/// Bytes of a command's complaint.
const SHOWN: usize = 4096;

/// Packer's commands (`reference/packer.md` §6), which touch no file that the key does not stand in. `sudo` is asked
/// for root's file where it answers without a password.
fn command(comment: &str) -> Result<String, CommunicatorError> {
    let line = escaped(comment);
    let (show, delete) = (
        quote::word(&format!("/ {line}$/p"))?,
        quote::word(&format!("/ {line}$/d"))?,
    );
    let of = |file: &str| {
        format!(
            "f={file}; if [ -f \"$f\" ] && [ -n \"$(sed -n {show} \"$f\")\" ]; then sed -i.bak {delete} \"$f\" && \
             rm -f \"$f.bak\"; fi"
        )
    };
    let root = quote::word(&of("/root/.ssh/authorized_keys"))?;
    Ok(format!(
        "{own}; own=$?; if command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1; then sudo -n sh -c {root} \
         || exit; fi; exit $own",
        own = of("\"$HOME/.ssh/authorized_keys\""),
    ))
}

/// The text as a basic regular expression that matches it alone, in `sed`'s slashes.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '\\' | '/' | '.' | '*' | '[' | ']' | '^' | '$') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_no_pattern() {
        assert_eq!(escaped("kilnbox_a-1"), "kilnbox_a-1");
        assert_eq!(escaped(r"a.*[b]/c\d$"), r"a\.\*\[b\]\/c\\d\$");
    }
}
