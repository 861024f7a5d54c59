//! `kilnbox.toml`: what is read holds only what the vocabulary has, what is refused is refused at its place.

use kilnbox_registry::{LimitRule, LimitUnit, Vocabulary, parse};

use crate::places;

const VOCABULARY: Vocabulary<'static> = Vocabulary {
    first_party: &["shell", "shell-local", "manifest"],
    by_default: &["exec", "upload"],
    on_request: &["host-exec", "connection", "prompt"],
    limits: &[
        limit("memory", LimitUnit::Bytes, 1 << 20, 4 << 30),
        limit("timeout", LimitUnit::Time, 1, 86_400_000),
        limit("handles", LimitUnit::Count, 1, 1000),
    ],
};

const fn limit(name: &'static str, unit: LimitUnit, floor: u64, ceiling: u64) -> LimitRule {
    LimitRule {
        name,
        unit,
        floor,
        ceiling,
    }
}

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
                for limit in &plugin.limits {
                    let rule = VOCABULARY
                        .limits
                        .iter()
                        .find(|rule| rule.name == limit.name)
                        .expect("a limit of the vocabulary");
                    assert!(
                        (rule.floor..=rule.ceiling).contains(&limit.value),
                        "{} is {}",
                        limit.name,
                        limit.value
                    );
                }
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
