//! One page of the reference: what it is about, and how that looks as Markdown.

use kilnbox_engine::OptionWords;
use serde_json::Value as Json;

use super::common;

/// What has options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Builder,
    Provisioner,
    PostProcessor,
    Communicator,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [
        Self::Builder,
        Self::Provisioner,
        Self::PostProcessor,
        Self::Communicator,
    ];

    /// Its folder in the reference, which is its plural too.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Builder => "builders",
            Self::Provisioner => "provisioners",
            Self::PostProcessor => "post-processors",
            Self::Communicator => "communicators",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Builder => "Builder",
            Self::Provisioner => "Provisioner",
            Self::PostProcessor => "Post-processor",
            Self::Communicator => "Communicator",
        }
    }
}

/// Where a page stands: among the others, to which it links, or on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    Reference,
    Nothing,
}

impl Within {
    fn link(self, text: &str, target: &str) -> String {
        match self {
            Self::Reference => format!("[{text}]({target})"),
            Self::Nothing => text.to_owned(),
        }
    }
}

/// Everything there is to say about one component, builder or communicator.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) about: String,
    /// Blocks of a template.
    pub(super) examples: Vec<Json>,
    pub(super) options: Vec<OptionWords>,
    /// A builder that takes the communicator's options too.
    pub(super) connects: bool,
    /// Options that are known, and refused.
    pub(super) refused: Vec<OptionWords>,
    /// Capabilities of a component, by default and on request.
    pub(super) granted: Vec<String>,
    pub(super) to_grant: Vec<String>,
}

impl Page {
    pub(super) fn to_markdown(&self, within: Within) -> String {
        let mut page = format!("# {} {}\n", self.kind.title(), code(&self.name));
        paragraph(&mut page, &self.about);
        for example in &self.examples {
            paragraph(&mut page, &format!("```json\n{example:#}\n```"));
        }
        paragraph(&mut page, "## Options");
        paragraph(&mut page, &self.before_options(within));
        push_options(&mut page, &self.options);
        if !self.refused.is_empty() {
            let names: Vec<String> = self.refused.iter().map(|option| code(&option.name)).collect();
            paragraph(&mut page, "## Not built yet");
            paragraph(
                &mut page,
                &format!(
                    "These options of Packer are refused by name: {}.",
                    names.join(", ")
                ),
            );
        }
        self.push_capabilities(&mut page);
        page
    }

    /// The first sentence of what it is about.
    pub(super) fn summary(&self) -> &str {
        let end = self.about.find(". ").or_else(|| self.about.find(".\n"));
        end.and_then(|end| self.about.get(..=end)).unwrap_or(&self.about)
    }

    fn before_options(&self, within: Within) -> String {
        let mut sentences = Vec::new();
        if self.options.is_empty() && !self.connects {
            sentences.push("It has none of its own.".to_owned());
        }
        if self.connects {
            let communicator = within.link("the SSH communicator", "../communicators/ssh.md");
            let those = match self.options.is_empty() {
                true => "Those of",
                false => "Besides these, those of",
            };
            sentences.push(match within {
                Within::Reference => format!("{those} {communicator}."),
                Within::Nothing => format!("{those} {communicator}: `kilnbox plugin docs ssh`."),
            });
        }
        let common: Vec<String> = common::options(self.kind)
            .iter()
            .map(|option| code(&option.name))
            .collect();
        if let [before @ .., last] = common.as_slice() {
            let every = within.link(
                &format!("Every {}", self.kind.title().to_lowercase()),
                "README.md",
            );
            sentences.push(format!("{every} takes {} and {last} too.", before.join(", ")));
        }
        if within == Within::Reference {
            sentences.push(
                "What a duration, a local path and the like are: [kinds of values](../README.md#kinds-of-values)."
                    .to_owned(),
            );
        }
        sentences.join(" ")
    }

    fn push_capabilities(&self, page: &mut String) {
        if self.granted.is_empty() && self.to_grant.is_empty() {
            return;
        }
        let listed = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
        paragraph(page, "## Capabilities");
        if !self.granted.is_empty() {
            paragraph(page, &format!("Granted by default: {}.", listed(&self.granted)));
        }
        if !self.to_grant.is_empty() {
            let grants: Vec<String> = self.to_grant.iter().map(|name| format!("\"{name}\"")).collect();
            paragraph(
                page,
                &format!(
                    "Granted on request: {}, by these lines of `kilnbox.toml` beside the template, accepted with \
                     `kilnbox trust`:",
                    listed(&self.to_grant)
                ),
            );
            let lines = format!("[plugins.{}]\ngrant = [{}]", self.name, grants.join(", "));
            paragraph(page, &format!("```toml\n{lines}\n```"));
        }
    }
}

/// Options, those that must be given first.
pub(super) fn push_options(page: &mut String, options: &[OptionWords]) {
    let (required, optional): (Vec<_>, Vec<_>) = options.iter().partition(|option| option.required);
    for option in required.into_iter().chain(optional) {
        paragraph(page, &format!("### {}", code(&option.name)));
        paragraph(page, &facts(option));
        paragraph(page, &option.description);
        let meanings: Vec<String> = option
            .values
            .iter()
            .filter(|(_, meaning)| !meaning.is_empty())
            .map(|(value, meaning)| format!("- {}: {meaning}", code(value)))
            .collect();
        paragraph(page, &meanings.join("\n"));
    }
}

/// What an option is, in sentences: kind, bounds, default.
fn facts(option: &OptionWords) -> String {
    let mut letters = option.kind.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut facts = vec![format!("{}{}.", first.unwrap_or_default(), letters.as_str())];
    facts.extend(option.required.then(|| "Required.".to_owned()));
    facts.extend(option.deprecated.then(|| "Old.".to_owned()));
    facts.extend(option.notes.iter().cloned());
    facts.extend(
        option
            .default
            .as_ref()
            .map(|default| format!("Default: {}.", code(default))),
    );
    facts.join(" ")
}

/// A paragraph after the others; none for no text.
pub(super) fn paragraph(page: &mut String, text: &str) {
    if !text.is_empty() {
        page.push('\n');
        page.push_str(text);
        page.push('\n');
    }
}

/// Text as code, whatever it holds.
pub(super) fn code(text: &str) -> String {
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}
