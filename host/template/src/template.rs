//! The model of a template: its blocks, checked against each other, nothing expanded yet.

use crate::{
    Diagnostics, Inputs, Resolved, Source, Span, Value, Variables,
    json::{self, Repeats},
    parse, variables,
};

/// A template whose shape is right: every block has its type, every name it refers to exists.
#[derive(Clone, Debug)]
pub struct Template {
    /// Where it came from.
    pub source: Source,
    /// `description`
    pub description: Option<String>,
    /// `variables`, in the order written.
    pub variables: Vec<VariableBlock>,
    /// `sensitive-variables`; a name need not be declared, `-var` may bring it.
    pub sensitive: Vec<Text>,
    /// `builders`, in the order written; at least one.
    pub builders: Vec<BuilderBlock>,
    /// `provisioners`, in the order they run.
    pub provisioners: Vec<ProvisionerBlock>,
    /// `error-cleanup-provisioner`
    pub error_cleanup: Option<ProvisionerBlock>,
    /// `post-processors`: each a chain that starts from the builder's artifact.
    pub chains: Vec<Vec<PostProcessorBlock>>,
}

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What was written.
    pub value: String,
    /// Where.
    pub span: Span,
}

/// A declared variable.
#[derive(Clone, Debug)]
pub struct VariableBlock {
    /// Its name.
    pub name: Text,
    /// Its default; none makes it required.
    pub default: Option<Text>,
    /// Listed in `sensitive-variables`.
    pub sensitive: bool,
}

/// One entry of `builders`.
#[derive(Clone, Debug)]
pub struct BuilderBlock {
    /// `type`
    pub kind: Text,
    /// `name`, before interpolation.
    pub name: Option<Text>,
    /// Everything else.
    pub options: Value,
}

impl BuilderBlock {
    /// The name that `only`, `except` and `override` mean: not interpolated; the type where none is given.
    pub fn raw_name(&self) -> &str {
        self.name.as_ref().map_or(&self.kind.value, |name| &name.value)
    }
}

/// Which builds a block belongs to, by their names before interpolation.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// If not empty, these alone.
    pub only: Vec<Text>,
    /// Not these.
    pub except: Vec<Text>,
}

impl Scope {
    /// Whether the build of this name is meant.
    pub fn includes(&self, build: &str) -> bool {
        let named = |list: &[Text]| list.iter().any(|name| name.value == build);
        (self.only.is_empty() || named(&self.only)) && !named(&self.except)
    }
}

/// One entry of `provisioners`.
#[derive(Clone, Debug)]
pub struct ProvisionerBlock {
    /// `type`
    pub kind: Text,
    /// `only` and `except`
    pub scope: Scope,
    /// `override`: options that replace others for one build.
    pub overrides: Vec<(Text, Value)>,
    /// `pause_before`, a Go duration or nanoseconds.
    pub pause_before: Option<Value>,
    /// `timeout`, likewise.
    pub timeout: Option<Value>,
    /// `max_retries`
    pub max_retries: Option<Value>,
    /// Everything else.
    pub options: Value,
}

impl ProvisionerBlock {
    /// The options for one build: `override` merged over the rest, key by key.
    pub fn options_for(&self, build: &str) -> Value {
        let mut options = self.options.clone();
        let Some((_, over)) = self.overrides.iter().find(|(name, _)| name.value == build) else {
            return options;
        };
        if let crate::Kind::Object(members) = &mut options.kind {
            for member in over.members() {
                members.retain(|known| known.key != member.key);
                members.push(member.clone());
            }
        }
        options
    }
}

/// One link of a chain in `post-processors`.
#[derive(Clone, Debug)]
pub struct PostProcessorBlock {
    /// `type`
    pub kind: Text,
    /// `name`
    pub name: Option<Text>,
    /// `only` and `except`
    pub scope: Scope,
    /// `keep_input_artifact`
    pub keep_input: Option<Value>,
    /// Everything else.
    pub options: Value,
}

impl PostProcessorBlock {
    /// The name that `-except` means: the type where none is given.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or(&self.kind.value, |name| &name.value)
    }
}

impl Template {
    /// Reads a JSON template (`reference/packer.md` §2). All problems at once.
    pub fn parse(source: Source) -> Result<Self, Diagnostics> {
        let (root, problems) = json::read(&source, Repeats::Refused);
        match root {
            Some(root) => parse::template(source, root, problems),
            None => Err(problems),
        }
    }

    /// The values in force of sensitive variables, as they are written before anything is expanded: not to be shown where
    /// something is wrong with the template.
    pub fn written_secrets(&self, given: &Variables) -> Vec<String> {
        variables::written_secrets(self, given)
    }

    /// Gives the variables their values: default, then variable files, then `-var`.
    pub fn resolve(self, inputs: &Inputs, given: &Variables) -> Result<Resolved, Diagnostics> {
        variables::resolve(self, inputs, given)
    }
}
