//! What each capability means, in plain words and in one place: for `init`, `trust`, `plugin inspect` and `plugin audit`.

use kilnbox_sandbox::Capability;

/// One capability of a component, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Power {
    /// The interface's name.
    pub(crate) name: String,
    /// What it lets a step do.
    pub(crate) words: &'static str,
    /// It must be granted.
    pub(crate) on_request: bool,
}

impl Power {
    /// By the interface's name, which may be one that this version does not know.
    pub(crate) fn new(name: &str) -> Self {
        let known = Capability::from_name(name);
        Self {
            name: name.to_owned(),
            words: known.map_or("something that this version of Kilnbox does not know", meaning),
            on_request: known.is_none_or(|capability| !capability.by_default()),
        }
    }
}

/// What a capability means for the person who grants it.
pub(crate) fn meaning(capability: Capability) -> &'static str {
    match capability {
        Capability::Types => "knows what the instance is: its system, its shell, its user",
        Capability::Ui => "writes lines that you see, under its own name",
        Capability::Template => "fills in those of its options that are templates",
        Capability::Assets => "reads the local files that its options name",
        Capability::Exec => "runs commands on the instance",
        Capability::Upload => "puts files on the instance",
        Capability::Download => "fetches files of the instance to where its options say",
        Capability::Reconnect => "waits until the instance is back after a reboot",
        Capability::Outputs => "writes the local files that its options name",
        Capability::Connection => "reads the address and the private key of the instance",
        Capability::HostExec => {
            "runs programs on this machine, with all your rights; the template says which"
        }
        Capability::Prompt => "asks you questions at the terminal",
    }
}

/// The powers of these names, in the contract's order.
pub(crate) fn powers<S: AsRef<str>>(names: &[S]) -> Vec<Power> {
    let order = |name: &str| Capability::ALL.iter().position(|known| known.name() == name);
    let mut powers: Vec<Power> = names.iter().map(|name| Power::new(name.as_ref())).collect();
    powers.sort_by_key(|power| order(&power.name).unwrap_or(usize::MAX));
    powers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_has_its_words() {
        for capability in Capability::ALL {
            let words = meaning(capability);
            assert!(!words.is_empty() && !words.ends_with('.'), "{words}");
        }
        assert!(Power::new("teleport").on_request);
    }
}
