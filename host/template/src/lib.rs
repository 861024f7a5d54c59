//! Packer templates: text to a validated model with spans.
//!
//! [`Template::parse`] reads a JSON template and reports every problem at once, each with its place.
//! [`Template::resolve`] gives the variables their values; the [`Resolved`] template then hands out a [`Renderer`]
//! that expands the `{{ }}` of option values. The crate does no I/O: what it needs of the world stands in [`Inputs`].

mod allowance;
mod diagnostic;
mod excerpt;
mod fix;
mod format;
mod functions;
mod inputs;
mod json;
mod layout;
pub mod limits;
mod parse;
mod render;
mod render_error;
mod strftime;
mod template;
mod text_template;
mod value;
mod variables;

pub use diagnostic::{Diagnostic, Diagnostics, Severity, did_you_mean};
pub use excerpt::Excerpts;
pub use fix::{FIXERS, Fixer, fix, is_outdated};
pub use format::format;
pub use functions::functions;
pub use inputs::{Environment, Inputs, SecretSource, Variables};
pub use render::{Rendered, Renderer};
pub use render_error::RenderError;
pub use template::{
    BuilderBlock, PostProcessorBlock, ProvisionerBlock, Scope, Template, Text, VariableBlock,
};
pub use value::{Kind, Marks, Member, Source, Span, Value, pointer_child};
pub use variables::Resolved;

/// The Packer version whose templates are understood: compared with `min_packer_version`, shown by
/// `{{packer_version}}`.
pub const PACKER_VERSION: &str = "1.16.0";
