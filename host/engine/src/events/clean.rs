//! Redacts and cleans every text of an event.
//!
//! The host's own words are treated like all others: they quote errors of guests and instances.

use std::borrow::Cow;

use crate::{Secrets, event::Body, text};

/// Makes all text of `body` fit for readers.
pub(super) fn body(body: &mut Body, secrets: &Secrets) {
    let fit = |text: &mut String| {
        if let Cow::Owned(fitted) = text::fit(text, secrets) {
            *text = fitted;
        }
    };
    match body {
        Body::RunStarted { builds } => builds.iter_mut().for_each(fit),
        Body::BuildStarted { builder } => fit(builder),
        Body::Say { text }
        | Body::Message { text }
        | Body::Warning { text }
        | Body::Error { text }
        | Body::Output { text, .. } => fit(text),
        Body::Log { text, fields, .. } => {
            fit(text);
            for (name, value) in fields {
                fit(name);
                fit(value);
            }
        }
        Body::Progress { what, .. } => fit(what),
        Body::Connected { host } => fit(host),
        Body::Act(act) => act.texts(&mut { fit }),
        Body::StepStarted | Body::Skipped { .. } => {}
        Body::StepFinished { error, .. } => error.iter_mut().for_each(fit),
        Body::BuildFinished { error, hint, .. } => error.iter_mut().chain(hint).for_each(fit),
        Body::Artifact {
            builder_id,
            id,
            text,
            files,
            ..
        } => {
            fit(builder_id);
            fit(id);
            fit(text);
            files.iter_mut().for_each(fit);
        }
        Body::RunFinished { errors, .. } => {
            for (build, error) in errors {
                fit(build);
                fit(error);
            }
        }
    }
}
