//! What a requirements file asks for, as far as it decides about command lines.

use kilnbox_guest::{Context, Error, assets::Asset};

/// Bytes of one call.
const PIECE: u32 = 1024 * 1024;

/// Largest requirements file; it is held in memory.
const LIMIT: usize = 16 * 1024 * 1024;

/// What to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Requirements {
    pub(crate) roles: bool,
    pub(crate) collections: bool,
}

impl Requirements {
    pub(crate) fn read(file: &Asset) -> Result<Self, Error> {
        let mut text = Vec::new();
        loop {
            let piece = file
                .read(text.len() as u64, PIECE)
                .with_context(|| format!("reading `{}`", file.path()))?;
            if piece.is_empty() {
                return Ok(Self::of(&String::from_utf8_lossy(&text)));
            }
            text.extend(piece);
            if text.len() > LIMIT {
                return Err(Error::new(format!(
                    "`{}` is larger than the {LIMIT} bytes that are read of it",
                    file.path()
                )));
            }
        }
    }

    /// By the keywords that lines begin with, as Packer looks for them. A file with neither is of the older form, a
    /// list of roles.
    fn of(text: &str) -> Self {
        let has = |keyword| text.split('\n').any(|line| line.starts_with(keyword));
        let collections = has("collections:");
        Self {
            roles: has("roles:") || !collections,
            collections,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_at_the_beginning_of_a_line_decide() {
        let check = |text, roles, collections| {
            assert_eq!(
                Requirements::of(text),
                Requirements { roles, collections },
                "{text}"
            );
        };
        check("---\nroles:\n  - name: a\n", true, false);
        check("collections:\n  - name: a.b\n", false, true);
        check("roles: []\ncollections: []\n", true, true);
        check("- src: https://example.com/a\n", true, false);
        check("# collections:\n- name: a\n", true, false);
        check("collections:\r\n- x\r\n", false, true);
        check("", true, false);
    }
}
