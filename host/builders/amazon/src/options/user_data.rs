//! What the instance is told when it starts.

use std::{fmt, fs::File, io::Read, path::Path};

use kilnbox_engine::{Options, Problem};
use kilnbox_ssh::locate;

use super::given::Given;

/// EC2 takes 16 KiB; this is their length in base64, in which they may be written.
const LONGEST: usize = 16 * 1024 * 4 / 3 + 4;

/// `user_data`, or the content of `user_data_file`. As it was written: EC2 takes it in base64, which it may be already.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UserData {
    /// Text or an archive.
    pub(crate) bytes: Vec<u8>,
}

impl UserData {
    pub(super) fn read(given: &Given<'_>, options: &Options, problems: &mut Vec<Problem>) -> Option<Self> {
        let text = given.text("user_data");
        let file = given.text("user_data_file");
        let (name, bytes) = match (text, file) {
            (Some(_), Some(_)) => {
                let problem = Problem::error(
                    given.at("user_data_file"),
                    "only one of `user_data` and `user_data_file` can be set",
                );
                problems.push(problem.hint("leave one of them out"));
                return None;
            }
            (Some(text), None) => ("user_data", text.into_bytes()),
            (None, Some(file)) => match content(&locate(&file, options)) {
                Ok(bytes) => ("user_data_file", bytes),
                Err(error) => {
                    let message = format!("reading `{file}`: {error}");
                    problems.push(Problem::error(given.at("user_data_file"), message));
                    return None;
                }
            },
            (None, None) => return None,
        };
        if bytes.len() > LONGEST {
            let problem = Problem::error(given.at(name), "EC2 takes at most 16 KiB of user data");
            problems.push(problem.hint("let a provisioner do the rest, or compress it"));
        }
        Some(Self { bytes })
    }
}

/// A file may have any size: no more is read than shows that it is too long.
fn content(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} bytes)", self.bytes.len())
    }
}
