//! The builder `null`: connects to a machine that exists, provisions it and makes nothing.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use kilnbox_engine::{
    Artifact, ArtifactError, BuildContext, BuildStep, Builder, Lifecycle, Options, Problem, StepError,
    StepProvision,
};
use kilnbox_ssh::{CommunicatorKind, SshOptions, StepConnect, schema_properties};
use serde_json::{Value as Json, json};

const ABOUT: &str = "Runs steps on a machine that is already there, and makes no image. `ssh_host`, `ssh_username` and \
    one of `ssh_private_key_file`, `ssh_password` and `ssh_agent_auth` must be set, unless `communicator` is `none`.";

fn example() -> Json {
    json!({
        "type": "null",
        "ssh_host": "192.0.2.7",
        "ssh_username": "root",
        "ssh_agent_auth": true,
    })
}

/// Of the machine and of the artifact.
const ID: &str = "Null";

/// The builder `null` (`reference/packer.md` §7.5).
#[derive(Debug)]
pub struct NullBuilder {
    schema: Json,
}

impl Default for NullBuilder {
    fn default() -> Self {
        Self {
            schema: crate::schema(ABOUT, example(), schema_properties()),
        }
    }
}

impl Builder for NullBuilder {
    fn kind(&self) -> &'static str {
        "null"
    }

    fn schema(&self) -> &Json {
        &self.schema
    }

    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        let (ssh, mut problems) = match SshOptions::prepare(options) {
            Ok(ssh) => (Some(ssh), Vec::new()),
            Err(problems) => (None, problems),
        };
        problems.extend(missing(&options.json));
        match ssh {
            Some(ssh) if problems.is_empty() => Ok(Box::new(NullBuild { ssh: Arc::new(ssh) })),
            _ => Err(problems),
        }
    }
}

/// What the communicator leaves open and this builder cannot do without. Read from the options as they are written,
/// so that these problems come together with the communicator's own.
fn missing(options: &Json) -> Vec<Problem> {
    let given = |name: &str| {
        options
            .get(name)
            .and_then(Json::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let mut problems = Vec::new();
    if !matches!(
        options.get("communicator").and_then(Json::as_str),
        None | Some("" | "ssh")
    ) {
        return problems;
    }
    if !given("ssh_host") {
        problems.push(
            Problem::error(
                "/ssh_host",
                "a Host must be specified, please reference your communicator documentation",
            )
            .hint("set `ssh_host`, or `communicator` to `none`"),
        );
    }
    let agent = options
        .get("ssh_agent_auth")
        .and_then(Json::as_bool)
        .unwrap_or(false);
    let ways: Vec<&str> = [
        ("ssh_agent_auth", agent),
        ("ssh_password", given("ssh_password")),
        ("ssh_private_key_file", given("ssh_private_key_file")),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    match ways.as_slice() {
        [] => problems.push(
            Problem::error(
                "",
                "one authentication method must be specified, please reference your communicator documentation",
            )
            .hint("set `ssh_private_key_file`, `ssh_password` or `ssh_agent_auth`"),
        ),
        [_] => {}
        [.., last] => problems.push(Problem::error(
            format!("/{last}"),
            "only one of ssh_agent_auth, ssh_password, and ssh_private_key_file must be specified",
        )),
    }
    problems
}

#[derive(Debug)]
struct NullBuild {
    ssh: Arc<SshOptions>,
}

impl Lifecycle for NullBuild {
    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        let mut steps: Vec<Box<dyn BuildStep>> = Vec::new();
        if self.ssh.communicator == CommunicatorKind::Ssh {
            steps.push(Box::new(StepConnect::new(self.ssh)));
        }
        steps.push(Box::new(StepProvisionNull(StepProvision)));
        steps.push(Box::new(StepNullArtifact));
        steps
    }
}

/// [`StepProvision`], with Packer's id of what is nobody's: `{{build "ID"}}`.
#[derive(Debug)]
struct StepProvisionNull(StepProvision);

#[async_trait]
impl BuildStep for StepProvisionNull {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        cx.generate("ID", ID);
        self.0.run(cx).await
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        self.0.cleanup(cx).await
    }
}

/// Says that there is nothing.
#[derive(Debug)]
struct StepNullArtifact;

#[async_trait]
impl BuildStep for StepNullArtifact {
    fn name(&self) -> &'static str {
        "StepNullArtifact"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        cx.artifact = Some(Arc::new(NullArtifact));
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Debug)]
struct NullArtifact;

#[async_trait]
impl Artifact for NullArtifact {
    fn builder_id(&self) -> &str {
        "fnoeding.null"
    }

    fn id(&self) -> String {
        ID.to_owned()
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn describe(&self) -> String {
        "Did not export anything. This is the null builder".to_owned()
    }

    async fn destroy(&self) -> Result<(), ArtifactError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(json: Json) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        NullBuilder::default().prepare(&Options {
            json,
            build_name: "null".to_owned(),
            working_dir: std::env::temp_dir(),
            template_dir: None,
            force: false,
            templates: Arc::new(kilnbox_engine::NoTemplates),
        })
    }

    fn steps(json: Json) -> Vec<&'static str> {
        prepare(json)
            .unwrap()
            .steps()
            .iter()
            .map(|step| step.name())
            .collect()
    }

    #[test]
    fn connects_and_provisions() {
        assert_eq!(
            steps(json!({ "ssh_host": "h", "ssh_username": "u", "ssh_password": "secret" })),
            ["StepConnect", "StepProvision", "StepNullArtifact"]
        );
        assert_eq!(
            steps(json!({ "communicator": "none" })),
            ["StepProvision", "StepNullArtifact"]
        );
    }

    #[test]
    fn everything_missing_is_named_at_once() {
        let messages: Vec<String> = prepare(json!({}))
            .unwrap_err()
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        assert_eq!(
            messages,
            [
                "An ssh_username must be specified\n  Note: some builders used to default ssh_username to \"root\".",
                "a Host must be specified, please reference your communicator documentation",
                "one authentication method must be specified, please reference your communicator documentation",
            ]
        );
    }

    #[test]
    fn two_ways_to_log_in_are_refused() {
        let problems = prepare(json!({
            "ssh_host": "h", "ssh_username": "u", "ssh_password": "secret", "ssh_agent_auth": true,
        }))
        .unwrap_err();
        assert_eq!(
            problems[0].message,
            "only one of ssh_agent_auth, ssh_password, and ssh_private_key_file must be specified"
        );
    }

    #[test]
    fn the_schema_is_strict() {
        assert_eq!(
            NullBuilder::default().schema()["additionalProperties"],
            json!(false)
        );
    }
}
