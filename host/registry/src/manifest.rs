//! `kilnbox.toml`: text to [`Plugin`]s, with every mistake at its place.
//!
//! The `toml` crate parses; what stands here is the meaning of the keys. Reading never stops at the first mistake, so
//! that one run shows them all. Unknown keys and names are errors with a suggestion, because a misspelt `grant` that
//! is ignored would only show up as a refusal somewhere else.

mod source;

use std::{ops::Range, time::Duration};

use bytesize::ByteSize;
use semver::VersionReq;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    error::ManifestProblem as Problem,
    plugin::{Limit, Plugin},
    project::{LimitRule, LimitUnit, Vocabulary},
};

/// The file's name, beside the template.
pub const FILE_NAME: &str = "kilnbox.toml";

const TOP_KEYS: &[&str] = &["plugins"];
const PLUGIN_KEYS: &[&str] = &["source", "version", "sha256", "grant", "limits"];

/// Reads the text of a `kilnbox.toml`; relative sources stay relative.
pub fn parse(text: &str, vocabulary: &Vocabulary<'_>) -> Result<Vec<Plugin>, Vec<Problem>> {
    let table = DeTable::parse(text).map_err(|error| {
        vec![Problem::new(
            error.span().unwrap_or(0..text.len()),
            error.message(),
        )]
    })?;
    let mut reading = Reading {
        vocabulary,
        problems: Vec::new(),
    };
    let plugins = reading.top(table.get_ref());
    if reading.problems.is_empty() {
        Ok(plugins)
    } else {
        Err(reading.problems)
    }
}

struct Reading<'v> {
    vocabulary: &'v Vocabulary<'v>,
    problems: Vec<Problem>,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl Reading<'_> {
    fn top(&mut self, table: &DeTable<'_>) -> Vec<Plugin> {
        let mut plugins = Vec::new();
        for (key, value) in table {
            if key.get_ref() != "plugins" {
                self.unknown_key(key.span(), key.get_ref(), TOP_KEYS);
                continue;
            }
            let Some(entries) = self.table(value, "`plugins`") else {
                continue;
            };
            for (name, entry) in entries {
                plugins.extend(self.plugin(name.get_ref(), name.span(), entry));
            }
        }
        plugins
    }

    fn plugin(&mut self, name: &str, at: Range<usize>, entry: &Value<'_>) -> Option<Plugin> {
        let first_party = self.vocabulary.first_party.contains(&name);
        let keys = self.table(entry, "a plugin")?;
        let mut plugin = Plugin {
            name: name.to_owned(),
            source: None,
            version: None,
            grant: Vec::new(),
            limits: Vec::new(),
        };
        let mut source = None;
        let mut sha256 = None;
        let mut sourced = false;
        for (key, value) in keys {
            match key.get_ref().as_ref() {
                "source" if first_party => {
                    sourced = true;
                    self.problems.push(
                        Problem::new(
                            key.span(),
                            format!("`{name}` is part of Kilnbox and cannot be redefined"),
                        )
                        .hint("give the plugin another name, and use that in the template"),
                    );
                }
                "source" => {
                    sourced = true;
                    source = self.source(value);
                }
                "sha256" => sha256 = Some(self.sha256(value)),
                "version" => plugin.version = self.version(value),
                "grant" => plugin.grant = self.grants(value),
                "limits" => plugin.limits = self.limits(value),
                unknown => self.unknown_key(key.span(), unknown, PLUGIN_KEYS),
            }
        }
        plugin.source = match sha256 {
            // A digest that is none was told already.
            Some(None) => None,
            sha256 => source.and_then(|written| self.with_digest(written, sha256.flatten())),
        };
        if !sourced && !first_party {
            let problem = Problem::new(
                at,
                format!("`{name}` has no `source`, and Kilnbox brings no such plugin"),
            );
            self.problems
                .push(problem.hint(match closest(name, self.vocabulary.first_party) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "say where it is, such as `source = \"file:plugins/NAME.wasm\"`".to_owned(),
                }));
        }
        Some(plugin)
    }

    fn version(&mut self, value: &Value<'_>) -> Option<VersionReq> {
        let text = self.string(value, "`version`")?;
        VersionReq::parse(text)
            .map_err(|error| {
                let problem = Problem::new(
                    value.span(),
                    format!("`{text}` is no version requirement: {error}"),
                );
                self.problems.push(problem.hint("such as `^1.2` or `=1.2.3`"));
            })
            .ok()
    }

    fn grants(&mut self, value: &Value<'_>) -> Vec<String> {
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(value, "`grant`", "a list such as `[\"exec\"]`");
            return Vec::new();
        };
        let mut grants: Vec<String> = Vec::new();
        for item in items {
            let Some(name) = self.string(item, "a grant") else {
                continue;
            };
            if !self.vocabulary.knows(name) {
                let problem = Problem::new(item.span(), format!("unknown capability `{name}`"));
                let known: Vec<&str> = self.vocabulary.capabilities().collect();
                self.problems.push(problem.hint(suggestion(name, &known)));
            } else if !grants.iter().any(|known| known == name) {
                grants.push(name.to_owned());
            }
        }
        grants
    }

    fn limits(&mut self, value: &Value<'_>) -> Vec<Limit> {
        let rules = self.vocabulary.limits;
        let Some(keys) = self.table(value, "`limits`") else {
            return Vec::new();
        };
        let mut limits = Vec::new();
        for (key, value) in keys {
            let name = key.get_ref().as_ref();
            match rules.iter().find(|rule| rule.name == name) {
                Some(rule) => limits.extend(self.limit(*rule, value).map(|value| Limit {
                    name: rule.name,
                    value,
                })),
                None => {
                    let known: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
                    self.unknown_key(key.span(), name, &known);
                }
            }
        }
        limits
    }

    fn limit(&mut self, rule: LimitRule, value: &Value<'_>) -> Option<u64> {
        let (read, example) = match rule.unit {
            LimitUnit::Count => (count(value), "such as `100`"),
            LimitUnit::Bytes => (text(value).and_then(bytes), "such as `\"128MiB\"`"),
            LimitUnit::Time => (text(value).and_then(milliseconds), "such as `\"10m\"`"),
        };
        let name = rule.name;
        let problem = match read {
            Some(read) if (rule.floor..=rule.ceiling).contains(&read) => return Some(read),
            Some(0) | None => {
                let what = match rule.unit {
                    LimitUnit::Count => "a whole number above zero",
                    LimitUnit::Bytes => "a size above zero",
                    LimitUnit::Time => "a duration of a millisecond at least",
                };
                Problem::new(value.span(), format!("`{name}` must be {what}")).hint(example)
            }
            Some(read) if read < rule.floor => {
                Problem::new(value.span(), format!("`{name}` is below what any plugin needs"))
                    .hint(format!("at least {}", shown(rule.unit, rule.floor)))
            }
            Some(_) => Problem::new(
                value.span(),
                format!("`{name}` is above what any plugin may have"),
            )
            .hint(format!("at most {}", shown(rule.unit, rule.ceiling))),
        };
        self.problems.push(problem);
        None
    }

    fn table<'t, 'i>(&mut self, value: &'t Value<'i>, what: &str) -> Option<&'t DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, what, "a table");
        }
        table
    }

    fn string<'t>(&mut self, value: &'t Value<'_>, what: &str) -> Option<&'t str> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(value, what, "a string");
        }
        text
    }

    fn wrong_type(&mut self, value: &Value<'_>, what: &str, expected: &str) {
        let found = value.get_ref().type_str();
        self.problems.push(Problem::new(
            value.span(),
            format!("{what} must be {expected}, not {found}"),
        ));
    }

    fn unknown_key(&mut self, at: Range<usize>, key: &str, known: &[&str]) {
        self.problems
            .push(Problem::new(at, format!("unknown key `{key}`")).hint(suggestion(key, known)));
    }
}

fn text<'t>(value: &'t Value<'_>) -> Option<&'t str> {
    value.get_ref().as_str()
}

/// TOML keeps numbers as they are written.
fn count(value: &Value<'_>) -> Option<u64> {
    let number = value.get_ref().as_integer()?;
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn bytes(text: &str) -> Option<u64> {
    Some(text.parse::<ByteSize>().ok()?.as_u64())
}

fn milliseconds(text: &str) -> Option<u64> {
    humantime::parse_duration(text).ok()?.as_millis().try_into().ok()
}

fn shown(unit: LimitUnit, value: u64) -> String {
    match unit {
        LimitUnit::Count => value.to_string(),
        LimitUnit::Bytes => ByteSize(value).display().iec().to_string().replace(".0 ", " "),
        LimitUnit::Time => humantime::format_duration(Duration::from_millis(value)).to_string(),
    }
}

pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    match closest(name, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "known are {}",
            known
                .iter()
                .map(|k| format!("`{k}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

fn closest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::Source;
    use crate::project::tests::VOCABULARY;

    fn problems(text: &str) -> String {
        let problems = parse(text, &VOCABULARY).unwrap_err();
        let lines = problems.into_iter().map(|p| {
            let hint = p.hint.map(|hint| format!("\n    {hint}")).unwrap_or_default();
            format!("`{}`: {}{hint}", &text[p.span], p.message)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn everything_a_plugin_can_have() {
        let text = r#"
            [plugins.hardening]
            source = "file:plugins/hardening.wasm"
            version = "^1.2"
            grant = ["exec", "prompt"]
            limits = { memory = "128MiB", timeout = "10m", handles = 100 }
            [plugins.shell-local]
            grant = ["host-exec"]
        "#;
        let plugins = parse(text, &VOCABULARY).unwrap();
        assert_eq!(plugins.len(), 2);
        assert_eq!(
            plugins[0].source,
            Some(Source::File("plugins/hardening.wasm".into()))
        );
        let limits: Vec<_> = plugins[0]
            .limits
            .iter()
            .map(|limit| (limit.name, limit.value))
            .collect();
        assert_eq!(
            limits,
            [("memory", 128 << 20), ("timeout", 600_000), ("handles", 100)]
        );
        assert_eq!(plugins[0].grant, ["exec", "prompt"]);
        assert!(
            plugins[0]
                .version
                .as_ref()
                .unwrap()
                .matches(&semver::Version::new(1, 3, 0))
        );
        assert_eq!(plugins[1].source, None);
        assert_eq!(plugins[1].grant, ["host-exec"]);
    }

    #[test]
    fn all_mistakes_at_once_each_at_its_place() {
        insta::assert_snapshot!(problems(
            r#"
            plugin = 1
            [plugins.a]
            sorce = "file:a.wasm"
            [plugins.b]
            source = "plugins/b.wasm"
            grant = ["host-exce", "exec", 3]
            limits = { memory = "much", timeot = "10m", timeout = "2d", handles = "9" }
            [plugins.shell]
            source = "file:shell.wasm"
            [plugins.c]
            source = "oci://ghcr.io/acme/c"
            version = "one"
            [plugins.d]
            source = "ftp:d"
            [plugins.shel]
            grant = "exec"
            "#
        ), @r#"
        `plugin`: unknown key `plugin`
            did you mean `plugins`?
        `sorce`: unknown key `sorce`
            did you mean `source`?
        `a`: `a` has no `source`, and Kilnbox brings no such plugin
            say where it is, such as `source = "file:plugins/NAME.wasm"`
        `"plugins/b.wasm"`: `source` needs a scheme
            write `file:plugins/b.wasm`
        `"host-exce"`: unknown capability `host-exce`
            did you mean `host-exec`?
        `3`: a grant must be a string, not integer
        `"much"`: `memory` must be a size above zero
            such as `"128MiB"`
        `timeot`: unknown key `timeot`
            did you mean `timeout`?
        `"2d"`: `timeout` is above what any plugin may have
            at most 1day
        `"9"`: `handles` must be a whole number above zero
            such as `100`
        `source`: `shell` is part of Kilnbox and cannot be redefined
            give the plugin another name, and use that in the template
        `"one"`: `one` is no version requirement: unexpected character 'o' while parsing major version number
            such as `^1.2` or `=1.2.3`
        `"ftp:d"`: unknown scheme `ftp:`
            this version knows `file:`, `https:` and `oci:`
        `"exec"`: `grant` must be a list such as `["exec"]`, not string
        `shel`: `shel` has no `source`, and Kilnbox brings no such plugin
            did you mean `shell`?
        "#);
    }

    #[test]
    fn broken_toml_shows_the_place() {
        insta::assert_snapshot!(problems("[plugins.a\nsource = 1"), @"``: unclosed table, expected `]`");
    }
}
