//! The builder step that connects.
//!
//! Any builder with an instance puts it after the step that learns the address and before
//! [`kilnbox_engine::StepProvision`]. Its clean-up ends the connection.

use std::sync::Arc;

use async_trait::async_trait;
use kilnbox_engine::{BuildContext, BuildStep, Communicator, StepError, in_go};

use crate::{
    communicator::SshCommunicator,
    credentials::AgentAuth,
    error::ConnectError,
    instance::{Instance, InstanceSlot},
    options::{CommunicatorKind, SshOptions},
};

const CHECK: &str = "check `ssh_host`, `ssh_port`, `ssh_username` and the key or password; `ssh_timeout` is how long is \
    waited";

/// Connects over SSH; does nothing where the communicator is `none`.
#[derive(Debug)]
pub struct StepConnect {
    options: Arc<SshOptions>,
    slot: InstanceSlot,
    communicator: Option<Arc<SshCommunicator>>,
}

impl StepConnect {
    /// Connects to `ssh_host`.
    pub fn new(options: Arc<SshOptions>) -> Self {
        Self::to(options, InstanceSlot::default())
    }

    /// Connects to `ssh_host` where the user gave one, else to the address that an earlier step put into `slot`; with
    /// what else stands there.
    pub fn to(options: Arc<SshOptions>, slot: InstanceSlot) -> Self {
        Self {
            options,
            slot,
            communicator: None,
        }
    }

    async fn connect(
        &self,
        cx: &BuildContext,
        host: &str,
        instance: &Instance,
    ) -> Result<SshCommunicator, StepError> {
        let connecting = SshCommunicator::connect_to(host, self.options.clone(), instance.clone());
        tokio::select! {
            biased;
            () = cx.cancel.cancelled() => Err(StepError::cancelled()),
            connected = connecting => connected.map_err(|error| {
                StepError::new(error.to_string()).hint(hint(&error, instance))
            }),
        }
    }
}

fn hint(error: &ConnectError, instance: &Instance) -> String {
    match (error, &instance.hint) {
        (ConnectError::HostKeyUnknown { .. } | ConnectError::HostKeyChanged { .. }, _) => {
            "check that nothing else has taken over the address, such as another instance or a proxy"
                .to_owned()
        }
        (ConnectError::Timeout { .. }, Some(more)) => format!("{CHECK}; {more}"),
        _ => CHECK.to_owned(),
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
        let instance = self.slot.read();
        let Some(host) = options.host.clone().or_else(|| instance.host.clone()) else {
            return Err(StepError::new("the address of the instance is not known").hint("set `ssh_host`"));
        };
        if let Some(password) = &options.password {
            cx.secrets.add(password);
        }
        let keys = options.private_key.iter().chain(&instance.private_key);
        for secret in keys.flat_map(|key| key.secrets()) {
            cx.secrets.add(secret);
        }
        cx.events
            .say(format!("Using SSH communicator to connect: {host}"));
        cx.events.say("Waiting for SSH to become available...");
        let mut communicator = self.connect(cx, &host, &instance).await?;
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
            communicator = self.connect(cx, &host, &instance).await?;
        }
        cx.events.say("Connected to SSH!");
        if instance.tells_unverified
            && let Some(fingerprint) = communicator.unverified_host_key()
        {
            cx.events.message(format!(
                "The host key {fingerprint} was not known beforehand; it is taken on trust for this build"
            ));
        }
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
