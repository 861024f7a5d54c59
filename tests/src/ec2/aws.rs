//! Where moto does not do as AWS does, and a builder that relies on AWS would stumble or a fault would hide.
//!
//! A call with an idempotency token that came before has no second effect. Names of images are taken once. Tags of
//! images and their snapshots are put on when they are made, and snapshots go with their image where that is asked for. Key
//! pairs are found by their identifiers, too.

use std::{collections::BTreeMap, io};

use super::{
    account::{Account, Replied},
    answer::{refusal, response, texts},
    call::Call,
    http::{Request, Response},
    moto::form,
    plan::Refusal,
};

/// EC2's version, as all clients name it.
const VERSION: &str = "2016-11-15";

/// Does what the call asks for, once for each token.
pub(super) fn perform(account: &Account, call: &Call, request: &Request) -> io::Result<Response> {
    let replay = if call.polls() { None } else { account.token(call) };
    let Some(replay) = replay else {
        return effect(account, call, request);
    };
    // Held while the first is under way: AWS lets the second wait, too.
    let mut replied = replay.lock().expect("no holder panics");
    if let Some(Replied { parameters, answer }) = &*replied {
        return Ok(if *parameters == call.parameters {
            response(200, answer)
        } else {
            let no = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
            refusal(call, &Refusal::new(400, "IdempotentParameterMismatch", no))
        });
    }
    let answer = effect(account, call, request)?;
    if answer.start == 200 {
        *replied = Some(Replied {
            parameters: call.parameters.clone(),
            answer: answer.text(),
        });
    }
    Ok(answer)
}

fn effect(account: &Account, call: &Call, request: &Request) -> io::Result<Response> {
    if call.service != "ec2" {
        return forward(account, call, request);
    }
    if ["CreateImage", "CopyImage", "RegisterImage"].contains(&call.action.as_str())
        && let Some(no) = name_is_taken(account, call)
    {
        return Ok(refusal(call, &no));
    }
    let mut parameters = call.parameters.clone();
    let tags = match call.action.as_str() {
        "CreateImage" | "CopyImage" => take_tags(&mut parameters),
        _ => BTreeMap::new(),
    };
    if call.action == "DeleteKeyPair"
        && let Some(id) = call.parameter("KeyPairId")
    {
        let named = account.ask(
            &call.region,
            "DescribeKeyPairs",
            &[("Filter.1.Name", "key-pair-id"), ("Filter.1.Value.1", id)],
        );
        let name = texts(&named, "keyName").pop().unwrap_or_else(|| id.to_owned());
        parameters.insert("KeyName".to_owned(), name);
    }
    let snapshots = if call.parameter("DeleteAssociatedSnapshots") == Some("true") {
        let image = call.parameter("ImageId").unwrap_or_default();
        texts(
            &account.ask(&call.region, "DescribeImages", &[("ImageId.1", image)]),
            "snapshotId",
        )
    } else {
        Vec::new()
    };
    let mut request = request.clone();
    request.body = form(&call.action, VERSION, &parameters).into_bytes();
    let answer = forward(account, call, &request)?;
    if answer.start == 200 {
        for image in texts(&answer.text(), "imageId") {
            if !tags.is_empty() {
                put_tags(account, &call.region, &image, &tags);
            }
        }
        for snapshot in snapshots {
            account.ask(
                &call.region,
                "DeleteSnapshot",
                &[("SnapshotId", snapshot.as_str())],
            );
        }
        keys(account, call);
    }
    Ok(answer)
}

/// moto's answer, with a request id of its own.
fn forward(account: &Account, call: &Call, request: &Request) -> io::Result<Response> {
    let answer = account.shared.moto.forward(&account.id, request)?;
    let xml = answer.text();
    if call.action == "DeleteLaunchTemplate" && xml.contains("<Code>MissingParameter</Code>") {
        let no = "The specified launch template, with template name, does not exist.";
        let code = "InvalidLaunchTemplateName.NotFoundException";
        return Ok(refusal(call, &Refusal::new(400, code, no)));
    }
    if call.action == "RemoveRoleFromInstanceProfile" && answer.start == 500 {
        // moto stumbles over a role that the profile does not have.
        let no = Refusal::new(404, "NoSuchEntity", "The role is not in the instance profile.");
        return Ok(refusal(call, &no));
    }
    Ok(response(answer.start, &xml))
}

fn name_is_taken(account: &Account, call: &Call) -> Option<Refusal> {
    let name = call.parameter("Name")?;
    let question = [
        ("Owner.1", "self"),
        ("Filter.1.Name", "name"),
        ("Filter.1.Value.1", name),
    ];
    let answer = account.ask(&call.region, "DescribeImages", &question);
    let image = texts(&answer, "imageId").pop()?;
    Some(Refusal::new(
        400,
        "InvalidAMIName.Duplicate",
        format!("AMI name {name} is already in use by AMI {image}"),
    ))
}

/// Tags by the type of what they are for, as they stand in a call. They are not in it any more.
fn take_tags(parameters: &mut BTreeMap<String, String>) -> BTreeMap<String, Vec<(String, String)>> {
    const BEGIN: &str = "TagSpecification.";
    let mut tags = BTreeMap::<_, Vec<_>>::new();
    for specification in 1.. {
        let Some(kind) = parameters.get(&format!("{BEGIN}{specification}.ResourceType")) else {
            break;
        };
        for tag in 1.. {
            let part = |name| parameters.get(&format!("{BEGIN}{specification}.Tag.{tag}.{name}"));
            let Some(key) = part("Key") else { break };
            let value = part("Value").cloned().unwrap_or_default();
            tags.entry(kind.clone()).or_default().push((key.clone(), value));
        }
    }
    parameters.retain(|name, _| !name.starts_with(BEGIN));
    tags
}

/// Puts tags on an image and on its snapshots.
fn put_tags(account: &Account, region: &str, image: &str, tags: &BTreeMap<String, Vec<(String, String)>>) {
    let described = account.ask(region, "DescribeImages", &[("ImageId.1", image)]);
    for (kind, tags) in tags {
        let things = match kind.as_str() {
            "image" => vec![image.to_owned()],
            _ => texts(&described, "snapshotId"),
        };
        let mut parameters = BTreeMap::new();
        for (index, thing) in things.into_iter().enumerate() {
            parameters.insert(format!("ResourceId.{}", index + 1), thing);
        }
        for (index, (key, value)) in tags.iter().enumerate() {
            parameters.insert(format!("Tag.{}.Key", index + 1), key.clone());
            parameters.insert(format!("Tag.{}.Value", index + 1), value.clone());
        }
        account
            .shared
            .moto
            .call(&account.id, region, "CreateTags", &parameters);
    }
}

/// Lets in on the machine who holds a key pair of the account, and nobody else.
fn keys(account: &Account, call: &Call) {
    let told = |public| {
        let name = call.parameter("KeyName").unwrap_or_default();
        account.shared.key_pair(&account.id, &call.region, name, public);
    };
    match call.action.as_str() {
        "CreateKeyPair" | "ImportKeyPair" => {
            let name = call.parameter("KeyName").unwrap_or_default();
            let described = account.ask(
                &call.region,
                "DescribeKeyPairs",
                &[("KeyName.1", name), ("IncludePublicKey", "true")],
            );
            told(texts(&described, "publicKey").pop());
        }
        "DeleteKeyPair" => told(None),
        _ => {}
    }
}
