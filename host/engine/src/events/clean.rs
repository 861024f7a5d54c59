//! Redacts and cleans every text of an event.
//!
//! The host's own words are treated like all others: they quote errors of guests and instances.

use std::borrow::Cow;

use crate::{Secrets, event::Body, text};

/// Makes all text of `body` fit for readers.
pub(super) fn body(body: &mut Body, secrets: &Secrets) {
    let fit = |text: &mut String| {
        if let Some(fitted) = fitted(text, secrets) {
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

/// The text to show instead of `text`, if it must not be shown as it is. Redacted before cleaning, because a secret
/// may hold characters that cleaning replaces, and after, because taking out colours may join one.
pub(super) fn fitted(text: &str, secrets: &Secrets) -> Option<String> {
    let redacted = secrets.redact(text);
    if let Cow::Owned(cleaned) = text::clean(&redacted) {
        return Some(secrets.redact(&cleaned).into_owned());
    }
    match redacted {
        Cow::Owned(redacted) => Some(redacted),
        Cow::Borrowed(_) => None,
    }
}
