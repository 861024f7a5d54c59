//! The text of the file.

use crate::options::Options;

/// The lines that are shown when all is done, too.
pub(crate) fn settings(options: &Options) -> Vec<String> {
    let passwords = if options.password_authentication {
        "yes"
    } else {
        "no"
    };
    let mut lines = vec![
        format!("PermitRootLogin {}", options.permit_root_login.as_str()),
        format!("PasswordAuthentication {passwords}"),
    ];
    if !options.allow_users.is_empty() {
        lines.push(format!("AllowUsers {}", options.allow_users.join(" ")));
    }
    lines
}

/// The whole file.
pub(crate) fn text(options: &Options) -> String {
    let mut lines = vec!["# Written by harden-sshd.".to_owned()];
    lines.extend(settings(options));
    if options.banner.is_some() {
        lines.push(format!("Banner {}", options.banner_path()));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(options: &str, expect: &str) {
        let options: Options = serde_json::from_str(options).unwrap();
        assert_eq!(text(&options), expect);
    }

    #[test]
    fn strict_by_default() {
        check(
            "{}",
            "# Written by harden-sshd.\nPermitRootLogin no\nPasswordAuthentication no\n",
        );
    }

    #[test]
    fn every_option_has_its_line() {
        check(
            r#"{
                "permit_root_login": "prohibit-password",
                "password_authentication": true,
                "allow_users": ["admin", "build"],
                "path": "/etc/x.conf",
                "banner": "banner.txt"
            }"#,
            "# Written by harden-sshd.\nPermitRootLogin prohibit-password\nPasswordAuthentication yes\n\
             AllowUsers admin build\nBanner /etc/x.conf.banner\n",
        );
    }
}
