//! The builder step that connects.
//!
//! Any builder with an instance puts it after the step that learns the address and before
//! [`kilnbox_engine::StepProvision`]. Its clean-up ends the connection.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, Communicator, StepError, in_go};

use crate::{
    communicator::SshCommunicator,
    credentials::AgentAuth,
    options::{CommunicatorKind, SshOptions},
};

/// Where an earlier step puts the address of its instance.
pub type HostSlot = Arc<OnceLock<String>>;

/// Connects over SSH; does nothing where the communicator is `none`.
#[derive(Debug)]
pub struct StepConnect {
    options: Arc<SshOptions>,
    host: HostSlot,
    communicator: Option<Arc<SshCommunicator>>,
}

impl StepConnect {
    /// Connects to `ssh_host`.
    pub fn new(options: Arc<SshOptions>) -> Self {
        Self::to(options, HostSlot::default())
    }

    /// Connects to `ssh_host` where the user gave one, else to the address that an earlier step put into `host`.
    pub fn to(options: Arc<SshOptions>, host: HostSlot) -> Self {
        Self {
            options,
            host,
            communicator: None,
        }
    }

    async fn connect(&self, cx: &BuildContext, host: &str) -> Result<SshCommunicator, StepError> {
        let connecting = SshCommunicator::connect(host, self.options.clone());
        tokio::select! {
            biased;
            () = cx.cancel.cancelled() => Err(StepError::cancelled()),
            connected = connecting => connected.map_err(|error| {
                StepError::new(error.to_string())
                    .hint("check `ssh_host`, `ssh_port`, `ssh_username` and the key or password; `ssh_timeout` is \
                           how long is waited")
            }),
        }
    }
}

#[async_trait]
impl BuildStep for StepConnect {
    fn name(&self) -> &'static str {
        "StepConnect"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let options = self.options.clone();
        if options.communicator == CommunicatorKind::None {
            return Ok(());
        }
        let Some(host) = options.host.clone().or_else(|| self.host.get().cloned()) else {
            return Err(StepError::new("the address of the instance is not known").hint("set `ssh_host`"));
        };
        if let Some(password) = &options.password {
            cx.secrets.add(password);
        }
        for secret in options.private_key.iter().flat_map(|key| key.secrets()) {
            cx.secrets.add(secret);
        }
        cx.events
            .say(format!("Using SSH communicator to connect: {host}"));
        cx.events.say("Waiting for SSH to become available...");
        let mut communicator = self.connect(cx, &host).await?;
        let pause = options.pause_before_connecting;
        if !pause.is_zero() {
            communicator.close().await;
            cx.events.say("Connected to SSH!");
            cx.events
                .say(format!("Pausing {} before connecting...", in_go(pause)));
            tokio::select! {
                () = cx.cancel.cancelled() => return Err(StepError::cancelled()),
                () = tokio::time::sleep(pause) => {}
            }
            cx.events.say("Waiting for SSH to become available...");
            communicator = self.connect(cx, &host).await?;
        }
        cx.events.say("Connected to SSH!");
        cx.generate("Host", host);
        cx.generate("Port", options.port.to_string());
        cx.generate("User", options.username.clone());
        cx.generate("ConnType", "ssh");
        cx.generate("SSHAgentAuth", (options.agent != AgentAuth::Off).to_string());
        if let Some(file) = &options.private_key_file {
            cx.generate("SSHPrivateKeyFile", file.clone());
        }
        let communicator = Arc::new(communicator);
        self.communicator = Some(communicator.clone());
        cx.communicator = Some(communicator);
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        cx.communicator = None;
        if let Some(communicator) = self.communicator.take() {
            communicator.close().await;
        }
        Ok(())
    }
}
