//! What a text may still do.
//!
//! One budget is handed down through everything a text brings in, so that no nesting multiplies it.

use crate::{RenderError, limits};

/// Steps, bytes and depth of one text.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    steps: u64,
    bytes: u64,
    depth: usize,
    most_steps: u64,
    most_bytes: u64,
}

/// What a single text may take.
impl Default for Budget {
    fn default() -> Self {
        Self::up_to(limits::STEPS, limits::BYTES)
    }
}

impl Budget {
    /// Less than a single text may take, because others have taken much.
    pub(crate) fn up_to(most_steps: u64, most_bytes: u64) -> Self {
        Self {
            steps: 0,
            bytes: 0,
            depth: 0,
            most_steps: most_steps.min(limits::STEPS),
            most_bytes: most_bytes.min(limits::BYTES),
        }
    }

    /// Takes one step.
    pub(crate) fn step(&mut self) -> Result<(), RenderError> {
        self.steps += 1;
        if self.steps <= self.most_steps {
            return Ok(());
        }
        Err(if self.most_steps < limits::STEPS {
            together()
        } else {
            alone(format!("takes more than {} steps", limits::STEPS))
        })
    }

    /// Pays for reading so many bytes.
    pub(crate) fn read(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.steps = self.steps.saturating_add((bytes / limits::BYTES_PER_STEP) as u64);
        self.step()
    }

    /// Pays for so many bytes, before they are made.
    pub(crate) fn produce(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes <= self.most_bytes {
            return Ok(());
        }
        Err(if self.most_bytes < limits::BYTES {
            together()
        } else {
            alone(format!("produces more than {} bytes", limits::BYTES))
        })
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
        (self.steps, self.bytes)
    }
}

fn alone(what: String) -> RenderError {
    RenderError::new(format!("template text {what}"))
        .hint("a `range`, a `template` or a variable repeats itself too often")
}

fn together() -> RenderError {
    RenderError::new("the texts of this template take too much together").hint(format!(
        "all of them may take {} steps and produce {} bytes beyond their own length",
        limits::STEPS_TOGETHER,
        limits::BYTES_TOGETHER
    ))
}
