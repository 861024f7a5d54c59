//! Variables for a script, and the text that sets them in a shell.

use std::collections::BTreeMap;

use kilnbox_guest::Job;

/// Names and values, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// What Kilnbox tells every script about the build, and over it what the user wrote. Of two values for a name,
    /// that of the map `env` wins.
    pub fn new(job: &Job, environment_vars: &[String], env: &BTreeMap<String, String>) -> Self {
        let mut told = BTreeMap::from([
            ("PACKER_BUILD_NAME".to_owned(), job.build_name()),
            ("PACKER_BUILDER_TYPE".to_owned(), job.build_type()),
        ]);
        for (name, key) in [
            ("PACKER_HTTP_ADDR", "PackerHTTPAddr"),
            ("PACKER_HTTP_IP", "PackerHTTPIP"),
            ("PACKER_HTTP_PORT", "PackerHTTPPort"),
        ] {
            if let Some(value) = job.generated(key).filter(|value| is_served(value)) {
                told.insert(name.to_owned(), value);
            }
        }
        Self::of(told, environment_vars, env)
    }

    fn of(
        mut told: BTreeMap<String, String>,
        environment_vars: &[String],
        env: &BTreeMap<String, String>,
    ) -> Self {
        let listed = environment_vars.iter().filter_map(|pair| pair.split_once('='));
        let mapped = env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        told.extend(
            listed
                .chain(mapped)
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        Self(told)
    }

    /// Names and values, as they are.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text that sets the variables. Single quotes in values are escaped for a value in single quotes, whatever
    /// the format is, as Packer does.
    pub fn render(&self, format: &EnvVarFormat) -> String {
        self.0
            .iter()
            .map(|(name, value)| format.apply(name, &value.replace('\'', r#"'"'"'"#)))
            .collect()
    }
}

/// Whether a builder serves files over HTTP. Where none does, `{{build}}` yields an error's name, as in Packer, and the
/// variable is not set.
fn is_served(value: &str) -> bool {
    !(value.is_empty() || value.starts_with("ERR_") && value.ends_with("_NOT_IMPLEMENTED_BY_BUILDER"))
}

/// How one variable is set, as in Go's `Sprintf`: the first `%s` is the name, the second the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVarFormat(String);

impl EnvVarFormat {
    /// Before a command on its line.
    pub const INLINE: &str = "%s='%s' ";
    /// In a file that the shell reads.
    pub const FILE: &str = "export %s='%s'\n";
    /// Before a command of `cmd.exe`.
    pub const WINDOWS: &str = "set %s=%s && ";

    /// What the user wrote, or the default of the occasion.
    pub fn new(written: Option<&str>, default: &str) -> Self {
        Self(
            written
                .filter(|format| !format.is_empty())
                .unwrap_or(default)
                .to_owned(),
        )
    }

    fn apply(&self, name: &str, value: &str) -> String {
        let mut operands = [name, value].into_iter();
        let mut text = String::new();
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            let mut characters = after.chars();
            match characters.next() {
                Some('s' | 'v') => text.push_str(operands.next().unwrap_or_default()),
                Some('%') | None => text.push('%'),
                Some(other) => text.extend(['%', other]),
            }
            rest = characters.as_str();
        }
        text + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(listed: &[&str], mapped: &[(&str, &str)]) -> Environment {
        let told = BTreeMap::from([
            ("PACKER_BUILD_NAME".to_owned(), "vmware".to_owned()),
            ("PACKER_BUILDER_TYPE".to_owned(), "iso".to_owned()),
        ]);
        let listed: Vec<_> = listed.iter().map(|pair| (*pair).to_owned()).collect();
        let mapped = mapped
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Environment::of(told, &listed, &mapped)
    }

    #[test]
    fn variables_are_sorted_and_quoted() {
        let check = |environment: Environment, format, expect| {
            assert_eq!(environment.render(&EnvVarFormat::new(None, format)), expect);
        };
        check(
            environment(&["FOO=bar", "BAR=it's", "EMPTY=", "EQ=a=b"], &[]),
            EnvVarFormat::INLINE,
            "BAR='it'\"'\"'s' EMPTY='' EQ='a=b' FOO='bar' PACKER_BUILDER_TYPE='iso' PACKER_BUILD_NAME='vmware' ",
        );
        check(
            environment(&["A=listed"], &[("A", "mapped"), ("PACKER_BUILD_NAME", "mine")]),
            EnvVarFormat::FILE,
            "export A='mapped'\nexport PACKER_BUILDER_TYPE='iso'\nexport PACKER_BUILD_NAME='mine'\n",
        );
        check(
            environment(&["A=x y"], &[]),
            EnvVarFormat::WINDOWS,
            "set A=x y && set PACKER_BUILDER_TYPE=iso && set PACKER_BUILD_NAME=vmware && ",
        );
    }

    #[test]
    fn a_builder_without_a_server_is_told_from_one_with() {
        assert!(is_served("10.0.2.2:8123"));
        assert!(!is_served("ERR_HTTP_ADDR_NOT_IMPLEMENTED_BY_BUILDER"));
        assert!(!is_served(""));
    }

    #[test]
    fn a_value_is_never_read_as_a_format() {
        let check = |format: &str, expect| {
            assert_eq!(
                EnvVarFormat::new(Some(format), "").apply("%s", "100%s%%"),
                expect,
                "{format}"
            );
        };
        check("%s=%s", "%s=100%s%%");
        check("%%%s %v%%", "%%s 100%s%%%");
        check("$env:%s=\"%s\"; ", "$env:%s=\"100%s%%\"; ");
        check("é%d%s", "é%d%s");
        check("%", "%");
    }

    #[test]
    fn an_empty_format_means_the_default() {
        assert_eq!(EnvVarFormat::new(Some(""), "a"), EnvVarFormat::new(None, "a"));
    }
}
