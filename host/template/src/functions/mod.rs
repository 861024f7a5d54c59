//! The functions of Packer's templates (`reference/packer.md` §2).
//!
//! A [`Frame`] stands for one text while it is expanded: functions read the world through it, and leave in it what the
//! caller must know about the result. Names and the files that answer them are in [`Frame::answer`].

mod args;
mod build;
mod secrets;
mod strings;
mod time;
mod variables;

use std::sync::LazyLock;

use args::Args;

use crate::{
    RenderError, Renderer,
    render::World,
    text_template::{self, BUILTINS, Budget, Value},
};

/// Everything a text may call, for the parser and for suggestions. `clean_resource_name` stands before its old names,
/// so that it is the one suggested.
pub(crate) static KNOWN: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| NAMES.iter().chain(BUILTINS).copied().collect());

/// The names of everything that a text may call.
pub fn functions() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().copied()
}

/// What can answer before the build runs.
pub(crate) static BEFORE_THE_BUILD: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| KNOWN.iter().copied().filter(|name| *name != "build").collect());

/// What a text may call that a stranger wrote: nothing that answers with what the user, the host or the instance knows.
pub(crate) static HARMLESS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    KNOWN
        .iter()
        .copied()
        .filter(|name| !TELLING.contains(name))
        .collect()
});

const TELLING: &[&str] = &[
    "user",
    "env",
    "build",
    "template_dir",
    "pwd",
    "consul_key",
    "vault",
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
];

const NAMES: &[&str] = &[
    "user",
    "env",
    "isotime",
    "strftime",
    "timestamp",
    "build_name",
    "build_type",
    "build",
    "template_dir",
    "pwd",
    "uuid",
    "upper",
    "lower",
    "split",
    "replace",
    "replace_all",
    "packer_version",
    "clean_resource_name",
    "clean_ami_name",
    "clean_image_name",
    "sed",
    "consul_key",
    "vault",
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
];

type Answer = Result<Value, RenderError>;

/// What a text is expanded with, and within which variables.
#[derive(Debug, Default)]
pub(crate) struct Around {
    /// Data of the step. Texts that `user` brings in see it too.
    pub(crate) data: Value,
    /// The variables being expanded, outermost first: one that is asked for again is part of a circle.
    pub(crate) chain: Vec<String>,
}

/// A text being expanded.
pub(crate) struct Frame<'f> {
    renderer: &'f Renderer,
    around: &'f mut Around,
    told: Told,
}

/// What functions noticed on the way.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) sensitive: bool,
    pub(crate) deferred: bool,
    /// Variables that do not exist, each once.
    pub(crate) undefined: Vec<String>,
}

impl<'f> Frame<'f> {
    pub(crate) fn new(renderer: &'f Renderer, around: &'f mut Around) -> Self {
        Self {
            renderer,
            around,
            told: Told::default(),
        }
    }

    pub(crate) fn told(self) -> Told {
        self.told
    }

    fn world(&self) -> &'f World {
        &self.renderer.world
    }

    fn undefined(&mut self, name: &str) {
        if !self.told.undefined.iter().any(|known| known == name) {
            self.told.undefined.push(name.to_owned());
        }
    }

    fn answer(&mut self, args: &Args<'_>, budget: &mut Budget) -> Answer {
        match args.name {
            "user" => self.user(args, budget),
            "env" => self.env(args),
            "isotime" => time::isotime(self.world(), args),
            "strftime" => time::strftime(self.world(), args),
            "timestamp" => time::timestamp(self.world(), args),
            "uuid" => time::uuid(self.world(), args),
            "build_name" => build::build_name(self.world(), args),
            "build_type" => build::build_type(self.world(), args),
            "build" => self.build(args),
            "template_dir" => build::template_dir(self.world(), args),
            "pwd" => build::pwd(self.world(), args),
            "packer_version" => build::packer_version(args),
            "clean_resource_name" | "clean_ami_name" | "clean_image_name" => {
                build::clean_resource_name(self.world(), args)
            }
            "upper" => strings::upper(args, budget),
            "lower" => strings::lower(args, budget),
            "split" => strings::split(args),
            "replace" => strings::replace(args, budget),
            "replace_all" => strings::replace_all(args, budget),
            "sed" => Err(strings::sed()),
            "consul_key" | "vault" => Err(secrets::refused(args.name)),
            "aws_secretsmanager" => self.secret(args),
            "aws_secretsmanager_raw" => self.raw_secret(args),
            other => Err(RenderError::new(format!("function {other:?} not defined"))),
        }
    }
}

impl text_template::Functions for Frame<'_> {
    fn call(&mut self, name: &str, args: &[Value], budget: &mut Budget) -> Answer {
        self.answer(&Args { name, list: args }, budget)
    }

    fn no_data(&self, field: &str) -> RenderError {
        RenderError::new(format!("fields such as `{{{{.{field}}}}}` have no value here")).hint(
            "only options that a step renders itself, such as `execute_command`, know fields; to pass the text on, \
             write {{`{{`}}",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inputs;

    /// A name in the list that nothing answers would be accepted by the parser and fail in the build.
    #[test]
    fn every_name_is_answered() {
        let renderer = Renderer::new(Inputs::default(), Default::default(), Default::default());
        let mut around = Around::default();
        let mut frame = Frame::new(&renderer, &mut around);
        for name in NAMES {
            let answer = frame.answer(&Args { name, list: &[] }, &mut Budget::default());
            let unanswered = matches!(&answer, Err(error) if error.message.ends_with("not defined"));
            assert!(!unanswered, "{name}");
        }
    }
}
