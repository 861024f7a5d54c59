//! `kilnbox plugin new`: what a plugin is called, what it is written in and what it works on.

use std::fmt;

use clap::{Args, ValueEnum};

/// `kilnbox plugin new`
#[derive(Args, Clone, Debug)]
pub(crate) struct PluginNewArgs {
    /// Name of the plugin, which users write as `type`; also that of the folder
    #[arg(value_name = "NAME", value_parser = plugin_name)]
    pub(crate) name: String,

    /// Language to write it in
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    pub(crate) lang: PluginLanguage,

    /// What it works on: the instance, or the artifact
    #[arg(long, value_name = "KIND", value_enum, default_value_t = PluginKind::Provisioner)]
    pub(crate) kind: PluginKind,
}

/// A language with an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PluginLanguage {
    Rust,
    Python,
    Javascript,
    C,
}

impl fmt::Display for PluginLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Javascript => "JavaScript",
            Self::C => "C",
        })
    }
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PluginKind {
    /// Works on the instance that is being built.
    Provisioner,
    /// Works on what a builder or an earlier post-processor made.
    PostProcessor,
}

impl PluginKind {
    /// As the contract and the templates' folders have it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioner => "provisioner",
            Self::PostProcessor => "post-processor",
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that every language's tools take: it becomes that of a package and of a file.
fn plugin_name(name: &str) -> Result<String, &'static str> {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase()) && part.chars().all(of_a_name)
    };
    if name.len() <= 64 && name.split('-').all(part) {
        Ok(name.to_owned())
    } else {
        Err("a name is lowercase letters and digits in words joined by `-`, such as `release-note`")
    }
}

fn of_a_name(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}
