//! Why a guest ended before its time, in words, with the way out where there is one.

use kilnbox_engine::StepError;
use wasmtime::{Trap, component::ResourceTableError};

use crate::{
    Limits,
    limits::{Reached, Setting},
    store::State,
};

/// How wasmtime words that its own limits were reached: it has no types for them. Each with the setting's name.
const ENGINE_LIMITS: [(&str, &str); 5] = [
    ("store handle limit exceeded", "handles"),
    ("fuel allocated for hostcalls has been exhausted", "call-size"),
    ("resource limit exceeded: instance count", "instances"),
    ("resource limit exceeded: table count", "tables"),
    ("resource limit exceeded: memory count", "memories"),
];

/// What is told of a guest that ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The end of a sentence about the guest, or a whole sentence.
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
}

impl Ending {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            hint: None,
        }
    }

    /// The plugin `name` reached a limit.
    pub(crate) fn at_limit(reached: &Reached, name: &str, limits: &Limits) -> Self {
        Self {
            reason: format!("went over a limit: it {reached}"),
            hint: Setting::named(reached.limit).map(|setting| setting.how_to_raise(name, limits)),
        }
    }

    /// Reads the error that ended the guest `name`.
    pub(crate) fn of(trap: &wasmtime::Error, state: &State, name: &str) -> Self {
        tracing::debug!(name, "trap: {trap:?}");
        if let Some(reached) = reached(trap, &state.limits) {
            return Self::at_limit(&reached, name, &state.limits);
        }
        if let Some(wasmtime_wasi::I32Exit(code)) = trap.downcast_ref::<wasmtime_wasi::I32Exit>() {
            return Self::because(format!("ended itself with exit code {code}"));
        }
        let mut ending = match (trap.downcast_ref::<Trap>(), state.memory.refused()) {
            (Some(Trap::StackOverflow), _) => Self::because("ran out of stack: it calls itself too deeply"),
            // Guests crash when they are refused memory.
            (_, Some(reached)) => Self::at_limit(reached, name, &state.limits),
            (Some(Trap::UnreachableCodeReached), None) => Self::because("crashed"),
            (Some(trap), None) => Self::because(format!("crashed: {trap}")),
            (None, None) => Self::because(format!("was stopped: {}", trap.root_cause())),
        };
        let tail = state.stderr.tail();
        if !tail.is_empty() {
            ending.reason = format!("{}\n{tail}", ending.reason);
        }
        ending
    }

    /// As a whole sentence about `who`.
    pub(crate) fn about(mut self, who: &str) -> Self {
        self.reason = format!("`{who}` {}", self.reason);
        self
    }
}

impl From<Ending> for StepError {
    fn from(ending: Ending) -> Self {
        Self {
            hint: ending.hint,
            ..Self::new(ending.reason)
        }
    }
}

/// The limit behind an error, be it the host's or the engine's.
fn reached(trap: &wasmtime::Error, limits: &Limits) -> Option<Reached> {
    if let Some(reached) = trap.downcast_ref::<Reached>() {
        return Some(reached.clone());
    }
    let text = trap.root_cause().to_string();
    let name = match trap.downcast_ref::<ResourceTableError>() {
        Some(ResourceTableError::Full) => "handles",
        _ => {
            ENGINE_LIMITS
                .iter()
                .find(|(words, _)| text.contains(words))
                .copied()?
                .1
        }
    };
    let setting = Setting::named(name)?;
    let most = setting.unit.show(setting.value(limits));
    Some(Reached::new(
        name,
        match name {
            "handles" => format!("may hold {most} handles at the same time"),
            "call-size" => format!("may pass {most} to the host in one call"),
            counted => format!("may have {most} {counted}"),
        },
    ))
}
