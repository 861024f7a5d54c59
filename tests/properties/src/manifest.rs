//! `kilnbox.toml`: what is read holds only what the vocabulary has, what is refused is refused at its place.

use kilnbox_registry::{Vocabulary, parse};

use crate::places;

const VOCABULARY: Vocabulary<'static> = Vocabulary {
    first_party: &["shell", "shell-local", "manifest"],
    by_default: &["exec", "upload"],
    on_request: &["host-exec", "connection", "prompt"],
};

/// See the module.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match parse(text, &VOCABULARY) {
        Ok(plugins) => {
            for (index, plugin) in plugins.iter().enumerate() {
                assert!(
                    plugins[..index].iter().all(|other| other.name != plugin.name),
                    "two plugins of one name"
                );
                let own = VOCABULARY.first_party.contains(&plugin.name.as_str());
                assert_eq!(
                    plugin.source.is_none(),
                    own,
                    "a source is what makes a plugin a stranger's"
                );
                for (index, grant) in plugin.grant.iter().enumerate() {
                    let known = VOCABULARY.by_default.iter().chain(VOCABULARY.on_request);
                    assert!(known.into_iter().any(|known| known == grant), "granted `{grant}`");
                    assert!(!plugin.grant[..index].contains(grant), "granted `{grant}` twice");
                }
                assert!(plugin.limits.memory != Some(0), "no memory at all");
                assert!(
                    plugin.limits.timeout.is_none_or(|timeout| !timeout.is_zero()),
                    "no time at all"
                );
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            for problem in problems {
                assert!(!problem.message.is_empty());
                places::inside(text, problem.span);
            }
        }
    }
}
