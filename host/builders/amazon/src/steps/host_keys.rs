//! Reads the instance's SSH host keys from its console, where cloud images print them, so that the first connection is
//! to no other machine.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use kilnbox_engine::{BuildContext, BuildStep, StepError};

use crate::{Failure, access::Place, build::Build, limits};

/// What cloud-init prints around the keys.
const BEGIN: &str = "-----BEGIN SSH HOST KEY KEYS-----";
const END: &str = "-----END SSH HOST KEY KEYS-----";

/// `StepHostKeys`, which Packer does not have.
#[derive(Debug)]
pub(crate) struct HostKeys {
    build: Arc<Build>,
}

impl HostKeys {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self { build: build.clone() }
    }

    async fn look(&self, place: &Place, id: &str) -> Result<Vec<String>, Failure> {
        let call = place.ec2.get_console_output().instance_id(id);
        // The newest output is a thing of Nitro; elsewhere the call is refused with it.
        let answer = match call
            .clone()
            .latest(true)
            .send()
            .await
            .map_err(Failure::of("GetConsoleOutput"))
        {
            Err(failure) if failure.code().starts_with("Unsupported") => {
                call.send().await.map_err(Failure::of("GetConsoleOutput"))?
            }
            answer => answer?,
        };
        let text = BASE64_STANDARD
            .decode(answer.output().unwrap_or_default())
            .unwrap_or_default();
        Ok(host_keys(&String::from_utf8_lossy(&text)))
    }
}

/// The keys in a console's output: `type base64 comment`, one a line.
fn host_keys(console: &str) -> Vec<String> {
    // The last block counts: an image that was booted before shows its old keys above.
    let Some((_, block)) = console.rsplit_once(BEGIN) else {
        return Vec::new();
    };
    let Some((block, _)) = block.split_once(END) else {
        return Vec::new();
    };
    block
        .lines()
        .filter_map(|line| {
            // A kernel or a logger may have put words before the key.
            let at = line.find("ssh-").into_iter().chain(line.find("ecdsa-")).min()?;
            let mut words = line.get(at..)?.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

#[async_trait]
impl BuildStep for HostKeys {
    fn name(&self) -> &'static str {
        "StepHostKeys"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let place = self.build.place().await?;
        let (_, id) = self.build.instance()?;
        for left in (0..limits::CONSOLE_LOOKS).rev() {
            match self.look(&place, &id).await {
                Ok(keys) if !keys.is_empty() => {
                    let set = self.build.slot.set_host_keys(&keys);
                    set.map_err(|error| {
                        StepError::new(format!("the SSH host keys on the instance's console: {error}"))
                    })?;
                    cx.events.message(
                        "The console shows the instance's SSH host keys: no other machine is talked to",
                    );
                    return Ok(());
                }
                Ok(_) => {}
                Err(failure) => {
                    cx.events
                        .message(format!("The console cannot be read ({failure})"));
                    break;
                }
            }
            if left > 0 {
                tokio::select! {
                    () = cx.cancel.cancelled() => return Err(StepError::cancelled()),
                    () = tokio::time::sleep(place.instances.delay()) => {}
                }
            }
        }
        cx.events
            .message("The instance's console shows no SSH host key yet");
        self.build.slot.tell_unverified_host_key();
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_the_last_block() {
        let check = |console: &str, expect: &[&str]| assert_eq!(host_keys(console), expect, "{console}");
        check("", &[]);
        check("login:", &[]);
        check(&format!("{BEGIN}\nssh-ed25519 AAAA root@a\n"), &[]);
        check(
            &format!(
                "boot\n{BEGIN}\r\necdsa-sha2-nistp256 BBBB root@a\r\nssh-ed25519 AAAA root@a\r\n{END}\r\nlogin:"
            ),
            &["ecdsa-sha2-nistp256 BBBB", "ssh-ed25519 AAAA"],
        );
        check(
            &format!("{BEGIN}\nssh-rsa OLD r\n{END}\n{BEGIN}\n[ 9.1] cloud-init[7]: ssh-rsa NEW r\n{END}"),
            &["ssh-rsa NEW"],
        );
    }
}
