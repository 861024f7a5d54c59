//! What the user writes in the template, and what the schema cannot say of it.

use kilnbox_guest::{AssetFile, Diagnostic, JsonSchema, RuntimeTemplate};
use serde::{Deserialize, Serialize};

/// Hardens the SSH server of the instance.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("examples" = [{ "type": "harden-sshd", "allow_users": ["admin"], "sudo": true }]))]
pub(crate) struct Options {
    /// Who may log in as root.
    pub(crate) permit_root_login: PermitRootLogin,
    /// Whether passwords are accepted.
    pub(crate) password_authentication: bool,
    /// Only these accounts may log in; all may where it is empty.
    pub(crate) allow_users: Vec<String>,
    /// The file on the instance.
    pub(crate) path: String,
    /// A local file that is shown before login.
    pub(crate) banner: Option<AssetFile>,
    /// Whether to put the file in place with `sudo`.
    pub(crate) sudo: bool,
    /// A command that must succeed once the file is there; `{{.Path}}` is the file.
    pub(crate) check: RuntimeTemplate,
}

// No comments on the values: they would make the schema a list of constants, each with its description.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PermitRootLogin {
    #[default]
    No,
    ProhibitPassword,
    Yes,
}

impl PermitRootLogin {
    /// As `sshd_config` has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::ProhibitPassword => "prohibit-password",
            Self::Yes => "yes",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            permit_root_login: PermitRootLogin::No,
            password_authentication: false,
            allow_users: Vec::new(),
            path: "/etc/ssh/sshd_config.d/50-hardening.conf".to_owned(),
            banner: None,
            sudo: false,
            check: "/usr/sbin/sshd -t -f {{.Path}}".into(),
        }
    }
}

impl Options {
    /// Where the banner is on the instance.
    pub(crate) fn banner_path(&self) -> String {
        format!("{}.banner", self.path)
    }

    pub(crate) fn problems(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for (index, user) in self.allow_users.iter().enumerate() {
            if user.is_empty() || user.contains(char::is_whitespace) {
                let at = format!("/allow_users/{index}");
                let problem = Diagnostic::error(at, format!("`{user}` is no account name"));
                problems.push(problem.hint("one account per entry"));
            }
        }
        if !self.path.starts_with('/') {
            problems.push(Diagnostic::error("/path", "must be absolute"));
        }
        if self.permit_root_login == PermitRootLogin::Yes && self.password_authentication {
            problems.push(Diagnostic::warning(
                "/permit_root_login",
                "root may log in with a password",
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use kilnbox_guest::Severity;

    use super::*;

    #[track_caller]
    fn check(options: &str, expect: &[(Severity, &str, &str)]) {
        let options: Options = serde_json::from_str(options).unwrap();
        let problems = options.problems();
        let found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.severity, problem.at.as_str(), problem.message.as_str()))
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn the_defaults_have_no_problem() {
        check("{}", &[]);
    }

    #[test]
    fn an_account_is_one_word() {
        check(
            r#"{ "allow_users": ["admin", "a b", ""] }"#,
            &[
                (Severity::Error, "/allow_users/1", "`a b` is no account name"),
                (Severity::Error, "/allow_users/2", "`` is no account name"),
            ],
        );
    }

    #[test]
    fn the_path_is_absolute() {
        check(
            r#"{ "path": "sshd.conf" }"#,
            &[(Severity::Error, "/path", "must be absolute")],
        );
    }

    #[test]
    fn root_with_a_password_is_warned_of() {
        check(r#"{ "permit_root_login": "yes" }"#, &[]);
        check(
            r#"{ "permit_root_login": "yes", "password_authentication": true }"#,
            &[(
                Severity::Warning,
                "/permit_root_login",
                "root may log in with a password",
            )],
        );
    }
}
