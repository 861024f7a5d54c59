//! `kilnbox plugin publish`: a component into a registry, where `kilnbox init`, `wkg` and `oras` find it.

use std::{collections::BTreeMap, fs};

use bytes::Bytes;
use kilnbox_engine::text;
use kilnbox_registry::{Publish, Repository};

use crate::{
    args::PluginPublishArgs,
    commands::{
        init::{Eyes, now},
        runtime,
    },
    error::Error,
    exit_codes,
    folders::Folders,
    report::Report,
    stdout, wire,
};

/// Looks at the component, then uploads it.
pub(super) fn run(args: &PluginPublishArgs, report: &Report) -> Result<u8, Error> {
    let bytes = fs::read(&args.file).map_err(|source| Error::Read {
        path: args.file.clone(),
        source,
    })?;
    let (repository, tag) = target(&args.target)?;
    let folders = Folders::find()?;
    let settings = wire::registries(&folders)?;
    let (publish, published) = runtime()?.block_on(async {
        // What no `init` could use is not published either.
        let bytes = Bytes::from(bytes);
        let looked = Eyes::new(&folders)
            .await?
            .inspect(&args.file.display().to_string(), bytes.clone())
            .await?;
        let tag = match tag {
            Some(tag) => tag,
            None => own_tag(&repository, &looked.version)?,
        };
        let publish = Publish {
            bytes,
            name: looked.name,
            version: looked.version,
            repository,
            tag,
            created: now(),
            annotations: BTreeMap::new(),
            force: args.force,
        };
        let published = publish.clone().run(&settings).await?;
        Ok::<_, Error>((publish, published))
    })?;
    let Publish { repository, tag, .. } = &publish;
    let done = match published.already {
        true => "was there already, with the same bytes",
        false => "published",
    };
    let told = format!(
        "oci://{repository}:{tag} {done}\n  manifest   {}\n  component  {}\n",
        published.manifest.oci(),
        published.sha256.oci(),
    );
    stdout::print(&told)?;
    if semver::Version::parse(tag).is_err() {
        report.note(&format!(
            "`{}` is no version, and kilnbox.toml takes versions only",
            text::clean(tag)
        ));
    }
    Ok(exit_codes::SUCCESS)
}

fn target(text: &str) -> Result<(Repository, Option<String>), Error> {
    let wrong = |reason: &str| Error::Other {
        message: format!("`{text}` is no place in a registry: {reason}"),
        hint: Some(
            "such as `oci://ghcr.io/acme/hardening` or `oci://ghcr.io/acme/hardening:1.2.3`".to_owned(),
        ),
    };
    let rest = text
        .strip_prefix("oci://")
        .ok_or_else(|| wrong("it does not begin with `oci://`"))?;
    Repository::parse(rest).map_err(|reason| wrong(&reason))
}

/// The component's own version as a tag, which has fewer letters than a version.
fn own_tag(repository: &Repository, version: &str) -> Result<String, Error> {
    let fits = Repository::parse(&format!("{repository}:{version}")).is_ok();
    match semver::Version::parse(version) {
        Ok(_) if fits => Ok(version.to_owned()),
        Ok(_) => Err(Error::Other {
            message: format!("the version `{version}` cannot be a tag"),
            hint: Some("a tag has no `+`; give one in the address, behind a colon".to_owned()),
        }),
        Err(_) => Err(Error::Other {
            message: format!("the component says that its version is `{version}`, which is none"),
            hint: Some("give it a version such as `1.2.3`, or a tag in the address".to_owned()),
        }),
    }
}
