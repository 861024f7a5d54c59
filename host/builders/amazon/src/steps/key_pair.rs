//! Who may log in: a key pair for this build alone, unless the user has one.
//!
//! The private half is made here and never leaves this process; AWS gets the public half.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use aws_sdk_ec2::{primitives::Blob, types::ResourceType};
use kilnbox_engine::{BuildContext, BuildStep, StepError};
use kilnbox_ssh::{GeneratedKey, generate_key};

use super::undo::undo;
use crate::{
    Failure,
    access::Place,
    build::{Build, unique_name},
    limits, options,
    remove::key_pairs,
    resource::{Kind, Recorded},
};

/// `StepKeyPair`.
#[derive(Debug)]
pub(crate) struct KeyPair {
    build: Arc<Build>,
    made: Option<Recorded>,
    /// Where `-debug` left the private key.
    debug_file: Option<PathBuf>,
}

impl KeyPair {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: None,
            debug_file: None,
        }
    }

    async fn import(
        &mut self,
        cx: &BuildContext,
        place: &Place,
        name: &str,
        key: &GeneratedKey,
    ) -> Result<(), StepError> {
        let tags = self.build.run_tags(cx)?;
        let recorded = self.made.insert(Recorded::new(cx, Kind::KeyPair, place, name)?);
        let call = place
            .ec2
            .import_key_pair()
            .key_name(name)
            .public_key_material(Blob::new(key.public_openssh.as_bytes()))
            .tag_specifications(tags.specification(ResourceType::KeyPair));
        match call.send().await.map_err(Failure::of("ImportKeyPair")) {
            Ok(answer) => recorded.is(answer.key_pair_id().unwrap_or(name)),
            // A try whose answer was lost may have made it.
            Err(failure) if failure.code() == "InvalidKeyPair.Duplicate" => {
                let ours = key_pairs(place, &recorded.resource().run, name).await?;
                match ours.first() {
                    Some(pair) => recorded.is(pair.key_pair_id().unwrap_or(name)),
                    None => Err(failure.into()),
                }
            }
            Err(failure) => Err(self.build.explain(failure).await),
        }
    }

    fn save_for_debug(&mut self, cx: &BuildContext, key: &GeneratedKey) -> Result<(), StepError> {
        let file = PathBuf::from(format!("ec2_{}.pem", self.build.config.build_name));
        cx.events
            .say(format!("Saving key for debug purposes: {}", file.display()));
        let written = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut to| to.write_all(key.private.text.as_bytes()));
        written.map_err(|error| StepError::new(format!("`{}`: {error}", file.display())))?;
        self.debug_file = Some(file);
        Ok(())
    }
}

#[async_trait]
impl BuildStep for KeyPair {
    fn name(&self) -> &'static str {
        "StepKeyPair"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let build = self.build.clone();
        let (wanted, kind) = match &build.config.key_pair {
            options::KeyPair::Existing(name) => {
                cx.events.say("Using existing SSH private key");
                build.state().key_name = Some(name.clone());
                return Ok(());
            }
            options::KeyPair::None => {
                if build.config.ssh.private_key.is_some() {
                    cx.events.say("Using existing SSH private key");
                }
                return Ok(());
            }
            options::KeyPair::Temporary { name, kind } => (name, *kind),
        };
        let name = wanted.clone().unwrap_or_else(unique_name);
        let place = build.place().await?;
        cx.events.say(format!("Creating temporary keypair: {name}"));
        let comment = name.clone();
        // RSA takes seconds of a core.
        let key = tokio::task::spawn_blocking(move || generate_key(kind, &comment))
            .await
            .map_err(|error| StepError::new(error.to_string()))?
            .map_err(|error| StepError::new(format!("making a key: {error}")))?;
        for secret in key.private.secrets() {
            cx.secrets.add(secret);
        }
        self.import(cx, &place, &name, &key).await?;
        if cx.debug {
            self.save_for_debug(cx, &key)?;
        }
        build.slot.set_private_key(key.private);
        build.state().key_name = Some(name);
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if let Some(file) = self.debug_file.take() {
            fs::remove_file(&file)
                .map_err(|error| StepError::new(format!("`{}`: {error}", file.display())))?;
        }
        if self.made.is_none() {
            return Ok(());
        }
        cx.events.say("Deleting temporary keypair...");
        let place = self.build.place().await?;
        undo(Kind::KeyPair, &place, &mut self.made).await
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
