//! The way out of each error.

use super::{Error, command};
use crate::manifest::suggestion;

impl Error {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Unaccepted(unaccepted) => unaccepted.way_out(),
            Self::TrustDamaged { path, .. } => format!(
                "remove `{}` and accept your projects again with `kilnbox trust`",
                path.display()
            ),
            Self::Exposed { path } => format!(
                "look at what is in it, then `chmod 600 {}`",
                path.display()
            ),
            Self::LockDamaged { .. } => {
                "take it back from version control, or remove it: `kilnbox init` then takes the newest versions".to_owned()
            }
            Self::LockNewer { .. } => "upgrade Kilnbox".to_owned(),
            Self::NotLocked { folder, .. } | Self::OutOfDate { folder, .. } => {
                format!("{} resolves it and writes kilnbox.lock", command("init", folder))
            }
            Self::NotHere { folder, .. } => format!(
                "{} downloads it; `kilnbox plugin vendor` keeps it beside the template",
                command("init", folder)
            ),
            Self::Damaged { folder, .. } => format!("{} downloads it again", command("init", folder)),
            Self::Differs {
                vendored: true, folder, ..
            } => format!(
                "{} copies again what is locked",
                command("plugin vendor", folder)
            ),
            Self::Differs { folder, .. } => format!(
                "if you changed it, {} locks it as it is now; else get back what it was",
                command("init", folder)
            ),
            Self::Remote { source, .. } => return source.hint(),
            Self::NoVersion { wanted, .. } if wanted.comparators.iter().all(|part| part.pre.is_empty()) => {
                "change `version` in kilnbox.toml; a pre-release counts only where it is named, such as `=2.0.0-rc.1`".to_owned()
            }
            Self::NoVersion { .. } => "change `version` in kilnbox.toml".to_owned(),
            Self::Downgrade { .. } => {
                "a registry that forgets versions is worth a question to who runs it; `--accept` takes the older one".to_owned()
            }
            Self::Moved { plugin, .. } => format!(
                "ask its author why; if it is meant, remove `[plugins.{plugin}]` from kilnbox.lock and run `kilnbox init` again"
            ),
            Self::Gone { .. } => {
                "`kilnbox init --upgrade` takes another version; a vendored copy would still be here".to_owned()
            }
            Self::Lie { .. } => "nothing of it was kept; tell its author, and do not use it".to_owned(),
            Self::Unusable { hint, .. } => return hint.clone(),
            Self::WrongVersion { .. } => {
                "change `version` in kilnbox.toml, or get the right file".to_owned()
            }
            Self::AsksForMore { .. } => {
                "nothing was locked; if you agree, run the same again with `--accept`".to_owned()
            }
            Self::NoSuchPlugin { known, .. } if known.is_empty() => return None,
            Self::NoSuchPlugin { name, known } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                suggestion(name, &known)
            }
            Self::NoFileName { .. } => {
                "use letters, digits, `.`, `-` and `_`, and begin with a letter or digit".to_owned()
            }
            Self::Taken { .. } => {
                "who locked it would be refused; publish a new version, or overwrite it with `--force`".to_owned()
            }
            Self::Io { .. } | Self::Manifest { .. } | Self::TooLarge { .. } | Self::Config { .. } => {
                return None;
            }
        };
        Some(hint)
    }
}
