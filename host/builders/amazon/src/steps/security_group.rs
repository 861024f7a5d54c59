//! Who may reach the instance: a group for this build alone, unless the user names some.
//!
//! Packer's lets the whole world in. This one admits the address that AWS sees the caller come from, unless the template
//! says otherwise, and says which one that was when nobody could connect.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType};
use aws_smithy_runtime_api::{
    client::{http::HttpConnector as _, orchestrator::HttpRequest},
    http::Request,
};
use kilnbox_engine::{BuildContext, BuildStep, StepError};
use kilnbox_ssh::CommunicatorKind;

use super::{source_ami::filters, undo::undo};
use crate::{
    Failure,
    access::{self, Place},
    build::{Build, unique_name},
    limits,
    options::SshInterface,
    remove::security_groups,
    resource::{Kind, Recorded, TAG_MADE},
};

/// `StepSecurityGroup`.
#[derive(Debug)]
pub(crate) struct SecurityGroup {
    build: Arc<Build>,
    made: Option<Recorded>,
}

impl SecurityGroup {
    pub(crate) fn new(build: &Arc<Build>) -> Self {
        Self {
            build: build.clone(),
            made: None,
        }
    }

    /// The groups that the template names or describes.
    async fn given(&self, cx: &BuildContext, place: &Place) -> Result<Vec<String>, StepError> {
        let run = &self.build.config.run;
        if !run.security_group_ids.is_empty() {
            cx.events.say(format!(
                "Using specified security groups: {}",
                run.security_group_ids.join(", ")
            ));
            return Ok(run.security_group_ids.clone());
        }
        let Some(wanted) = &run.security_group_filter else {
            return Ok(Vec::new());
        };
        let answer = place
            .ec2
            .describe_security_groups()
            .set_filters(Some(filters(wanted)))
            .send()
            .await
            .map_err(Failure::of("DescribeSecurityGroups"))?;
        let ids: Vec<String> = answer
            .security_groups()
            .iter()
            .filter_map(|group| group.group_id().map(str::to_owned))
            .collect();
        if ids.is_empty() {
            return Err(
                StepError::new("no security group matches `security_group_filter`")
                    .hint("check the filters and `region`, or name `security_group_ids`"),
            );
        }
        cx.events
            .message(format!("Found Security Group(s): {}", ids.join(", ")));
        Ok(ids)
    }

    async fn make(&mut self, cx: &BuildContext, place: &Place, name: &str) -> Result<String, StepError> {
        let made = (TAG_MADE.to_owned(), jiff::Timestamp::now().to_string());
        let tags = self.build.run_tags(cx)?.and([made]);
        let vpc = self.build.state().vpc.clone();
        let recorded = self
            .made
            .insert(Recorded::new(cx, Kind::SecurityGroup, place, name)?);
        let call = place
            .ec2
            .create_security_group()
            .group_name(name)
            .description("Temporary group of a Kilnbox build")
            .set_vpc_id(vpc)
            .tag_specifications(tags.specification(ResourceType::SecurityGroup));
        let id = match call.send().await.map_err(Failure::of("CreateSecurityGroup")) {
            Ok(answer) => answer.group_id().map(str::to_owned),
            // A try whose answer was lost has made it: nobody else knows this name.
            Err(failure) if failure.code() == "InvalidGroup.Duplicate" => {
                security_groups(place, name).await?.into_iter().next()
            }
            Err(failure) => return Err(self.build.explain(failure).await),
        };
        let id = id.ok_or_else(|| Failure::incomplete("CreateSecurityGroup", "group"))?;
        recorded.is(&id)?;
        Ok(id)
    }

    async fn admit(
        &self,
        place: &Place,
        group: &str,
        port: u16,
        sources: &[String],
    ) -> Result<(), StepError> {
        let port = i32::from(port);
        let (v6, v4): (Vec<&String>, Vec<&String>) = sources.iter().partition(|source| source.contains(':'));
        let v4 = v4
            .into_iter()
            .map(|source| IpRange::builder().cidr_ip(source).build());
        let v6 = v6
            .into_iter()
            .map(|source| Ipv6Range::builder().cidr_ipv6(source).build());
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(port)
            .to_port(port)
            .set_ip_ranges(Some(v4.collect()))
            .set_ipv6_ranges(Some(v6.collect()))
            .build();
        let call = place
            .ec2
            .authorize_security_group_ingress()
            .group_id(group)
            .ip_permissions(permission);
        match call
            .send()
            .await
            .map_err(Failure::of("AuthorizeSecurityGroupIngress"))
        {
            Err(failure) if failure.code() != "InvalidPermission.Duplicate" => {
                Err(self.build.explain(failure).await)
            }
            _ => Ok(()),
        }
    }

    /// Whom the group lets in: what the template says, else the caller.
    async fn sources(&self) -> Result<Vec<String>, StepError> {
        let run = &self.build.config.run;
        if let Some(cidrs) = &run.temporary_security_group_source_cidrs {
            return Ok(cidrs.iter().map(ToString::to_string).collect());
        }
        match run.ssh_interface {
            // From outside the network nobody gets there, and inside it the caller has another address.
            Some(SshInterface::PrivateIp | SshInterface::PrivateDns) => {
                Ok(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
                    .map(str::to_owned)
                    .to_vec())
            }
            _ => {
                let address = public_address(&self.build.checkip).await.map_err(|reason| {
                    StepError::new(format!(
                        "looking up this machine's public address at {}: {reason}",
                        self.build.checkip
                    ))
                    .hint("set `temporary_security_group_source_cidrs`, or KILNBOX_CHECKIP_URL to another such service")
                })?;
                Ok(vec![format!(
                    "{address}/{}",
                    if address.is_ipv6() { 128 } else { 32 }
                )])
            }
        }
    }
}

/// Asks a service that answers with the address it sees the caller come from.
async fn public_address(url: &str) -> Result<IpAddr, String> {
    let mut request: HttpRequest = Request::empty();
    request.set_uri(url).map_err(|error| error.to_string())?;
    let asking = access::connector().call(request);
    let answer = tokio::time::timeout(limits::CHECKIP, asking)
        .await
        .map_err(|_| format!("no answer within {}", humantime::format_duration(limits::CHECKIP)))?
        .map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("status {}", answer.status().as_u16()));
    }
    let body = aws_smithy_types::byte_stream::ByteStream::new(answer.into_body())
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .into_bytes();
    let text = String::from_utf8_lossy(&body);
    text.trim()
        .parse()
        .map_err(|_| "the answer is not an address".to_owned())
}

#[async_trait]
impl BuildStep for SecurityGroup {
    fn name(&self) -> &'static str {
        "StepSecurityGroup"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let place = self.build.place().await?;
        let given = self.given(cx, &place).await?;
        if !given.is_empty() {
            self.build.state().groups = given;
            return Ok(());
        }
        let ssh = self.build.config.ssh.communicator == CommunicatorKind::Ssh;
        let sources = if ssh { self.sources().await? } else { Vec::new() };
        let name = unique_name();
        cx.events.say(format!(
            "Creating temporary security group for this instance: {name}"
        ));
        let id = self.make(cx, &place, &name).await?;
        if ssh {
            let port = self.build.config.ssh.port;
            let list = sources.join(" ");
            cx.events.say(format!(
                "Authorizing access to port {port} from [{list}] in the temporary security groups..."
            ));
            self.admit(&place, &id, port, &sources).await?;
            self.build.slot.set_hint(format!(
                "the temporary security group lets in {list} alone; \
                     `temporary_security_group_source_cidrs` names others"
            ));
        }
        self.build.state().groups = vec![id];
        Ok(())
    }

    async fn cleanup(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        if self.made.is_none() {
            return Ok(());
        }
        cx.events.say("Deleting temporary security group...");
        let place = self.build.place().await?;
        undo(Kind::SecurityGroup, &place, &mut self.made).await
    }

    fn cleanup_limit(&self) -> std::time::Duration {
        limits::CLEANUP
    }
}
