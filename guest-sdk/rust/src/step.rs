//! The two kinds of steps, and what the macros export of them.

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde::de::DeserializeOwned;

use crate::{Artifact, Error, Instance, Job, Processed, Severity, types};

pub use crate::types::Diagnostic;

/// Works on the instance that is being built. See the crate for an example.
pub trait Provisioner {
    /// What the user writes in the template.
    type Options: DeserializeOwned + JsonSchema;

    /// The name that the user writes as `type`.
    const NAME: &'static str;

    /// Checks what the schema cannot say. No capability answers meanwhile.
    fn validate(_options: &Self::Options) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Does the work. Runs in a fresh component each time, also for a retry.
    fn run(options: Self::Options, on: &Instance, job: &Job) -> Result<(), Error>;
}

/// Works on the artifact of a builder or of an earlier post-processor.
///
/// ```
/// use kilnbox_guest::{Artifact, Error, Job, JsonSchema, PostProcessor, Processed, ui};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Options {}
///
/// struct List;
///
/// impl PostProcessor for List {
///     type Options = Options;
///     const NAME: &'static str = "list";
///
///     fn run(_options: Options, input: &Artifact, _job: &Job) -> Result<Processed, Error> {
///         for file in input.files() {
///             ui::message(&format!("{} bytes in {file}", input.file_size(&file)?));
///         }
///         Ok(Processed::unchanged())
///     }
/// }
///
/// kilnbox_guest::post_processor!(List);
/// ```
pub trait PostProcessor {
    /// What the user writes in the template.
    type Options: DeserializeOwned + JsonSchema;

    /// The name that the user writes as `type`.
    const NAME: &'static str;

    /// Checks what the schema cannot say. No capability answers meanwhile.
    fn validate(_options: &Self::Options) -> Vec<Diagnostic> {
        Vec::new()
    }

    /// Does the work. Runs in a fresh component each time, also for a retry.
    fn run(options: Self::Options, input: &Artifact, job: &Job) -> Result<Processed, Error>;
}

impl Diagnostic {
    /// Something that keeps the template from being built. `at` is the JSON pointer of the option, or empty.
    pub fn error(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            at: at.into(),
            message: message.into(),
            hint: None,
        }
    }

    /// Something that the user should know and that does not stop the build.
    pub fn warning(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            at: at.into(),
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The JSON Schema (draft 2020-12) of options, without references, as `describe` gives it.
pub fn schema_of<Options: JsonSchema>() -> String {
    SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(|schema: &mut Schema| {
            // Says nothing: the option may be left out.
            if schema.get("default").is_some_and(|default| default.is_null()) {
                schema.remove("default");
            }
        }))
        .for_deserialize()
        .into_generator()
        .into_root_schema_for::<Options>()
        .to_value()
        .to_string()
}

/// What the macros call. Not for authors.
#[doc(hidden)]
pub mod exports {
    use super::*;

    pub fn describe<Options: JsonSchema>(name: &str, version: &str, kind: types::Kind) -> types::Info {
        types::Info {
            name: name.to_owned(),
            version: version.to_owned(),
            kind,
            schema: schema_of::<Options>(),
        }
    }

    pub fn validate<Options: DeserializeOwned>(
        options: &str,
        check: impl FnOnce(&Options) -> Vec<Diagnostic>,
    ) -> Vec<Diagnostic> {
        match serde_json::from_str(options) {
            Ok(options) => check(&options),
            Err(error) => vec![Diagnostic::error("", error.to_string())],
        }
    }

    pub fn provision<Step: Provisioner>(on: &Instance, job: &Job) -> Result<(), types::Error> {
        Ok(Step::run(options(job)?, on, job)?)
    }

    pub fn post_process<Step: PostProcessor>(input: &Artifact, job: &Job) -> Result<Processed, types::Error> {
        Ok(Step::run(options(job)?, input, job)?)
    }

    fn options<Options: DeserializeOwned>(job: &Job) -> Result<Options, Error> {
        Ok(serde_json::from_str(&job.options())?)
    }
}

/// Exports a type that implements [`Provisioner`] as the component. Its version is that of the crate.
#[macro_export]
macro_rules! provisioner {
    ($step:ty) => {
        // Elsewhere, in tests, nothing calls it; this keeps the compiler from saying so.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = $crate::exports::provision::<$step>;
            let _ = <$step as $crate::Provisioner>::validate;
        };

        #[cfg(target_arch = "wasm32")]
        #[expect(
            unsafe_code,
            reason = "generated: the exports of a component are called across its boundary"
        )]
        const _: () = {
            use $crate::{
                bindings::{
                    provisioner::exports::kilnbox::plugin as work, step::exports::kilnbox::plugin as step,
                },
                exports, types,
            };

            struct Component;

            impl step::plugin::Guest for Component {
                fn describe() -> types::Info {
                    exports::describe::<<$step as $crate::Provisioner>::Options>(
                        <$step as $crate::Provisioner>::NAME,
                        env!("CARGO_PKG_VERSION"),
                        types::Kind::Provisioner,
                    )
                }
            }

            impl step::validator::Guest for Component {
                fn validate(options: String) -> Vec<$crate::Diagnostic> {
                    exports::validate(&options, <$step as $crate::Provisioner>::validate)
                }
            }

            impl work::provisioner::Guest for Component {
                fn run(on: $crate::Instance, job: $crate::Job) -> Result<(), types::Error> {
                    exports::provision::<$step>(&on, &job)
                }
            }

    $crate::bindings::step::export_step!(Component with_types_in $crate::bindings::step);
            $crate::bindings::provisioner::export_provisioner!(
                Component with_types_in $crate::bindings::provisioner
            );
        };
    };
}

/// Exports a type that implements [`PostProcessor`] as the component. Its version is that of the crate.
#[macro_export]
macro_rules! post_processor {
    ($step:ty) => {
        // Elsewhere, in tests, nothing calls it; this keeps the compiler from saying so.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            let _ = $crate::exports::post_process::<$step>;
            let _ = <$step as $crate::PostProcessor>::validate;
        };

        #[cfg(target_arch = "wasm32")]
        #[expect(
            unsafe_code,
            reason = "generated: the exports of a component are called across its boundary"
        )]
        const _: () = {
            use $crate::{
                bindings::{
                    post_processor::exports::kilnbox::plugin as work, step::exports::kilnbox::plugin as step,
                },
                exports, types,
            };

            struct Component;

            impl step::plugin::Guest for Component {
                fn describe() -> types::Info {
                    exports::describe::<<$step as $crate::PostProcessor>::Options>(
                        <$step as $crate::PostProcessor>::NAME,
                        env!("CARGO_PKG_VERSION"),
                        types::Kind::PostProcessor,
                    )
                }
            }

            impl step::validator::Guest for Component {
                fn validate(options: String) -> Vec<$crate::Diagnostic> {
                    exports::validate(&options, <$step as $crate::PostProcessor>::validate)
                }
            }

            impl work::post_processor::Guest for Component {
                fn run(input: $crate::Artifact, job: $crate::Job) -> Result<$crate::Processed, types::Error> {
                    exports::post_process::<$step>(&input, &job)
                }
            }

    $crate::bindings::step::export_step!(Component with_types_in $crate::bindings::step);
            $crate::bindings::post_processor::export_post_processor!(
                        Component with_types_in $crate::bindings::post_processor
            );
        };
    };
}
