//! What the steps of one build share: the options, the way to AWS, and what earlier steps found or made.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_ec2::types::{Image, Instance};
use kilnbox_engine::{BuildContext, RuntimeTemplates, StepError};
use kilnbox_ssh::InstanceSlot;

use crate::{
    Failure,
    access::{Accounts, Keys, Place, Reach, Role},
    options::{AccessConfig, Config, Secret, Tag, Template},
    resource::{MadeImage, Tags},
    watch::Wait,
};

/// One build of `amazon-ebs`.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) config: Config,
    pub(crate) templates: Arc<dyn RuntimeTemplates>,
    pub(crate) accounts: Arc<Accounts>,
    /// Answers with the caller's public address.
    pub(crate) checkip: String,
    /// What the communicator is told of the instance.
    pub(crate) slot: InstanceSlot,
    state: Mutex<State>,
}

/// What is known so far.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) place: Option<Arc<Place>>,
    pub(crate) source: Option<Image>,
    pub(crate) vpc: Option<String>,
    pub(crate) subnet: Option<String>,
    pub(crate) zone: Option<String>,
    pub(crate) key_name: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) profile: Option<String>,
    /// The token the instance is asked for with.
    pub(crate) token: Option<String>,
    pub(crate) instance: Option<Instance>,
    /// The image that is only there to be copied.
    pub(crate) intermediary: Option<MadeImage>,
    /// Those that are the result.
    pub(crate) images: Vec<MadeImage>,
}

impl Build {
    pub(crate) fn new(
        config: Config,
        templates: Arc<dyn RuntimeTemplates>,
        accounts: Arc<Accounts>,
        checkip: String,
        slot: InstanceSlot,
    ) -> Self {
        Self {
            config,
            templates,
            accounts,
            checkip,
            slot,
            state: Mutex::default(),
        }
    }

    /// What is known so far. Not to be held while waiting.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the build runs; the first call looks for credentials.
    pub(crate) async fn place(&self) -> Result<Arc<Place>, StepError> {
        let known = self.state().place.clone();
        if let Some(place) = known {
            return Ok(place);
        }
        let place = self.accounts.reach(&self.reach(), &self.keys()).await?;
        self.state().place = Some(place.clone());
        Ok(place)
    }

    /// The same account elsewhere.
    pub(crate) fn region(&self, from: &Place, region: &str) -> Arc<Place> {
        self.accounts.region(from, region, &self.keys())
    }

    fn keys(&self) -> Keys {
        let access = &self.config.access;
        let text = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        Keys {
            access_key: text(&access.access_key),
            secret_key: text(&access.secret_key),
            token: text(&access.token),
            mfa_code: text(&access.mfa_code),
        }
    }

    fn reach(&self) -> Reach {
        let AccessConfig {
            region,
            custom_endpoint_ec2,
            profile,
            shared_credentials_file,
            assume_role,
            max_retries,
            ..
        } = self.config.access.clone();
        Reach {
            region,
            endpoint: custom_endpoint_ec2,
            profile,
            credentials_file: shared_credentials_file.map(|path| path.to_string_lossy().into_owned()),
            role: assume_role.map(|role| Role {
                arn: role.role_arn,
                external_id: role.external_id,
                session_name: role.session_name,
                policy: role.policy,
                policy_arns: role.policy_arns,
                seconds: role.duration.map(|duration| duration.as_secs()),
                tags: role.tags,
            }),
            retries: max_retries,
            delay: self.config.polling.delay,
        }
    }

    /// The instance, and its id.
    pub(crate) fn instance(&self) -> Result<(Instance, String), StepError> {
        let instance = self.state().instance.clone().ok_or_else(|| missing("instance"))?;
        let id = instance.instance_id().unwrap_or_default().to_owned();
        Ok((instance, id))
    }

    /// How long is waited for something.
    pub(crate) fn wait<'w>(&self, for_what: &'w str, delay: Duration, usual: Duration) -> Wait<'w> {
        let polling = &self.config.polling;
        Wait {
            for_what,
            within: polling.max_attempts.map_or(usual, |attempts| delay * attempts),
        }
    }

    /// A text with what is known of the source filled in.
    pub(crate) fn render(&self, template: &Template) -> Result<String, StepError> {
        self.templates
            .render(&template.at, &self.data())
            .map_err(|reason| {
                StepError::new(format!(
                    "option `{}`: {reason}",
                    template.at.trim_start_matches('/')
                ))
            })
    }

    /// Tags with what is known of the source filled in.
    pub(crate) fn tags(&self, tags: &[Tag]) -> Result<Vec<(String, String)>, StepError> {
        tags.iter()
            .map(|tag| Ok((tag.key.clone(), self.render(&tag.value)?)))
            .collect()
    }

    /// Tags of what is there for as long as the build runs.
    pub(crate) fn run_tags(&self, cx: &BuildContext) -> Result<Tags, StepError> {
        Ok(Tags::of_run(cx.journal.run_id()).and(self.tags(&self.config.run.run_tags)?))
    }

    /// Tags of an image and its snapshots from the moment they exist.
    pub(crate) fn image_tags(&self, cx: &BuildContext) -> Result<Tags, StepError> {
        if self.config.skip_ami_run_tags {
            return Ok(Tags::of_run(cx.journal.run_id()));
        }
        self.run_tags(cx)
    }

    /// `ami_description` with what is known of the source filled in.
    pub(crate) fn description(&self) -> Result<Option<String>, StepError> {
        let text = self.config.ami.ami_description.as_ref();
        text.map(|text| self.render(text)).transpose()
    }

    /// The token the instance is asked for with.
    pub(crate) fn token(&self) -> Result<String, StepError> {
        let token = self.state().token.clone();
        token.ok_or_else(|| missing("token of the instance"))
    }

    /// The data of `reference/packer.md` §7.1.1: of the templates, and of `{{build}}`.
    pub(crate) fn data(&self) -> BTreeMap<String, String> {
        let state = self.state();
        let mut data = BTreeMap::new();
        let mut set = |name: &str, value: Option<&str>| {
            data.insert(name.to_owned(), value.unwrap_or_default().to_owned());
        };
        set(
            "BuildRegion",
            state.place.as_ref().map(|place| place.region.as_str()),
        );
        let source = state.source.as_ref();
        set("SourceAMI", source.and_then(Image::image_id));
        set("SourceAMICreationDate", source.and_then(Image::creation_date));
        set("SourceAMIName", source.and_then(Image::name));
        set("SourceAMIOwner", source.and_then(Image::owner_id));
        set("SourceAMIOwnerName", source.and_then(Image::image_owner_alias));
        for tag in source.map(Image::tags).unwrap_or_default() {
            if let Some(key) = tag.key() {
                set(&format!("SourceAMITags.{key}"), tag.value());
            }
        }
        data
    }

    /// A failure in words; a denial is decoded where the user wants that.
    pub(crate) async fn explain(&self, failure: Failure) -> StepError {
        let place = self.state().place.clone();
        let encoded = failure
            .encoded()
            .filter(|_| self.config.access.decode_authorization_messages);
        let decoded = match (place, encoded) {
            (Some(place), Some(encoded)) => place.decode(encoded).await,
            _ => None,
        };
        match decoded {
            Some(decoded) => {
                let error = StepError::from(failure);
                StepError {
                    message: format!("{}\n{decoded}", error.message),
                    ..error
                }
            }
            None => failure.into(),
        }
    }
}

/// An earlier step should have left this.
pub(crate) fn missing(what: &str) -> StepError {
    StepError::new(format!("the {what} is missing"))
}

/// A name that nobody else has.
pub(crate) fn unique_name() -> String {
    format!("kilnbox_{}", uuid::Uuid::new_v4())
}
