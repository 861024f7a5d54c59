//! What of `guest-sdk/` and `wit/` is embedded in the program, and what of it a project gets.

use std::borrow::Cow;

use rust_embed::Embed;

use crate::{
    args::{PluginKind, PluginLanguage},
    error::Error,
};

/// The SDKs without what their own builds and tests leave there.
#[derive(Embed)]
#[folder = "../../guest-sdk"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/__pycache__/*"]
#[exclude = "*/*_cache/*"]
#[exclude = "*/target/*"]
#[exclude = "*/dist/*"]
#[exclude = "c/build/*"]
#[exclude = "tests/*"]
#[exclude = "javascript/wit/*"]
struct Sdks;

/// The contract, for the SDK that has it nowhere in its folder.
#[derive(Embed)]
#[folder = "../../wit"]
struct Contract;

/// A file of a project.
pub(super) struct File {
    /// Below the project's folder.
    pub(super) path: String,
    pub(super) content: Cow<'static, [u8]>,
}

/// What there is for one language.
pub(super) struct Carried {
    /// Its folder in `guest-sdk/`.
    of: &'static str,
    /// The folder of the SDK in a project.
    to: &'static str,
    /// What of the SDK no project needs.
    leave: &'static [&'static str],
    /// Where the contract goes in a project, when the SDK's own folder does not have it.
    contract: Option<&'static str>,
}

impl Carried {
    pub(super) fn of(lang: PluginLanguage) -> Self {
        match lang {
            PluginLanguage::Rust => Self {
                of: "rust",
                to: "kilnbox-guest",
                leave: &["template/"],
                contract: None,
            },
            PluginLanguage::Python => Self {
                of: "python",
                to: "kilnbox-step",
                leave: &["template/", "tests/", ".gitignore"],
                contract: None,
            },
            PluginLanguage::Javascript => Self {
                of: "javascript",
                to: "kilnbox-step",
                leave: &[
                    "template/",
                    "tests/",
                    ".gitignore",
                    "package-lock.json",
                    "tsconfig.json",
                ],
                contract: Some("kilnbox-step/wit"),
            },
            PluginLanguage::C => Self {
                of: "c",
                to: "kilnbox",
                leave: &["template/", "tests/", "Makefile", ".gitignore"],
                contract: None,
            },
        }
    }

    /// The files to fill in: those of every project of the language, and those of its kind.
    pub(super) fn template(&self, kind: PluginKind) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        for part in ["all", kind.as_str()] {
            let folder = format!("{}/template/{part}/", self.of);
            for path in Sdks::iter().filter(|path| path.starts_with(&folder)) {
                files.push(embedded::<Sdks>(
                    &path,
                    path.trim_start_matches(&folder).to_owned(),
                )?);
            }
        }
        Ok(files)
    }

    /// The SDK as the project carries it.
    pub(super) fn sdk(&self) -> Result<Vec<File>, Error> {
        let mut files = Vec::new();
        let folder = format!("{}/", self.of);
        for path in Sdks::iter() {
            let Some(below) = path.strip_prefix(&folder) else {
                continue;
            };
            if !self.leave.iter().any(|left| below.starts_with(left)) {
                files.push(embedded::<Sdks>(&path, format!("{}/{below}", self.to))?);
            }
        }
        if let Some(to) = self.contract {
            for path in Contract::iter() {
                files.push(embedded::<Contract>(&path, format!("{to}/{path}"))?);
            }
        }
        Ok(files)
    }
}

fn embedded<From: Embed>(path: &str, to: String) -> Result<File, Error> {
    let found = From::get(path).ok_or_else(|| Error::Embedded(path.to_owned()))?;
    Ok(File {
        path: to,
        content: found.data,
    })
}
