//! What a text may still do.
//!
//! One budget is handed down through everything a text brings in, so that no nesting multiplies it.

use crate::{RenderError, limits};

/// Steps, bytes and depth of one text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    steps: u64,
    bytes: usize,
    depth: usize,
}

impl Budget {
    /// Takes one step.
    pub(crate) fn step(&mut self) -> Result<(), RenderError> {
        self.steps += 1;
        if self.steps <= limits::STEPS {
            return Ok(());
        }
        Err(too_much(format!("takes more than {} steps", limits::STEPS)))
    }

    /// Pays for reading so many bytes.
    pub(crate) fn read(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.steps = self.steps.saturating_add((bytes / limits::BYTES_PER_STEP) as u64);
        self.step()
    }

    /// Pays for so many bytes, before they are made.
    pub(crate) fn produce(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= limits::BYTES {
            return Ok(());
        }
        Err(too_much(format!("produces more than {} bytes", limits::BYTES)))
    }

    /// Goes one level deeper; [`Budget::leave`] comes back.
    pub(crate) fn enter(&mut self) -> Result<(), RenderError> {
        self.step()?;
        self.depth += 1;
        if self.depth <= limits::DEPTH {
            return Ok(());
        }
        Err(RenderError::new(format!(
            "template text is nested more than {} deep",
            limits::DEPTH
        )))
    }

    /// Comes back from [`Budget::enter`].
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Steps and bytes so far.
    pub(crate) fn used(&self) -> (u64, u64) {
        (self.steps, self.bytes as u64)
    }
}

fn too_much(what: String) -> RenderError {
    RenderError::new(format!("template text {what}"))
        .hint("a `range`, a `template` or a variable repeats itself too often")
}
