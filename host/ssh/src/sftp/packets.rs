//! Follows the packets of an SFTP session as its bytes pass.
//!
//! The library ends a session that breaks the protocol and keeps the reason to itself. What can be known from a packet's
//! beginning is told here: its length, and whether the server greets with a version that there is.

use crate::limits::{HANDLE, SFTP_PACKET};

/// What the server greets with.
const VERSION: u8 = 2;
/// A handle, and what stands before it in its packet.
const HANDLES: u8 = 102;
const BEFORE_HANDLE: usize = 9;
/// Versions whose packets are read alike.
const VERSIONS: std::ops::RangeInclusive<u32> = 1..=3;

#[derive(Debug, Default)]
pub(crate) struct Packets {
    /// Length, type and, of a greeting, version: as far as they are here.
    beginning: Vec<u8>,
    /// Bytes of the packet that have not passed yet.
    left: usize,
    greeted: bool,
}

impl Packets {
    /// Looks at the next bytes, and says what is wrong with them.
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        loop {
            if self.beginning.is_empty() {
                let (passed, rest) = bytes.split_at(self.left.min(bytes.len()));
                self.left -= passed.len();
                bytes = rest;
            }
            let wanted = if self.greeted { 5 } else { 9 };
            while self.beginning.len() < wanted {
                let Some((first, rest)) = bytes.split_first() else {
                    return Ok(());
                };
                self.beginning.push(*first);
                bytes = rest;
                if let [a, b, c, d] = *self.beginning {
                    self.left = length([a, b, c, d])?;
                }
            }
            if let [_, _, _, _, kind, version @ ..] = &*std::mem::take(&mut self.beginning) {
                self.judge(*kind, version)?;
            }
            self.left = self
                .left
                .checked_sub(wanted - 4)
                .ok_or("a greeting that is shorter than itself")?;
        }
    }

    fn judge(&mut self, kind: u8, version: &[u8]) -> Result<(), String> {
        match kind {
            HANDLES if self.greeted && self.left > BEFORE_HANDLE + HANDLE => {
                Err(format!("a handle of {} bytes", self.left - BEFORE_HANDLE))
            }
            _ if self.greeted => Ok(()),
            VERSION => {
                self.greeted = true;
                let version = version.try_into().map_or(0, u32::from_be_bytes);
                match VERSIONS.contains(&version) {
                    true => Ok(()),
                    false => Err(format!("a greeting of SFTP version {version}")),
                }
            }
            _ => Err(format!("an SFTP packet of type {kind} before the greeting")),
        }
    }
}

fn length(bytes: [u8; 4]) -> Result<usize, String> {
    match u32::from_be_bytes(bytes) {
        0 => Err("an SFTP packet of no bytes".to_owned()),
        length @ 1..=SFTP_PACKET => usize::try_from(length).map_err(|error| error.to_string()),
        length => Err(format!("an SFTP packet of {length} bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREETING: [u8; 9] = [0, 0, 0, 5, 2, 0, 0, 0, 3];

    /// The same result however the bytes are cut.
    #[track_caller]
    fn check(bytes: &[u8], expect: Result<(), &str>) {
        for size in [1, 2, 3, 7, bytes.len()] {
            let mut packets = Packets::default();
            let passed = bytes.chunks(size).try_for_each(|piece| packets.pass(piece));
            assert_eq!(passed, expect.map_err(str::to_owned), "in pieces of {size}");
        }
    }

    #[test]
    fn packets_pass_and_absurd_ones_are_named() {
        let with = |more: &[u8]| [&GREETING, more].concat();
        check(&with(&[0, 0, 0, 2, 101, 7, 0, 0, 0, 1, 101, 0]), Ok(()));
        check(&with(&[0, 0, 0, 0]), Err("an SFTP packet of no bytes"));
        check(&with(&[255; 4]), Err("an SFTP packet of 4294967295 bytes"));
        check(&with(&[0, 4, 0, 1]), Err("an SFTP packet of 262145 bytes"));
        check(&with(&[0, 4, 0, 0]), Ok(()));
        check(&with(&[0, 0, 1, 9, 102]), Ok(()));
        check(&with(&[0, 0, 1, 10, 102]), Err("a handle of 257 bytes"));
    }

    #[test]
    fn a_greeting_comes_first_and_has_a_version_that_there_is() {
        check(
            &[0, 0, 0, 5, 2, 255, 255, 255, 255],
            Err("a greeting of SFTP version 4294967295"),
        );
        check(
            &[0, 0, 0, 5, 101, 0, 0, 0, 3],
            Err("an SFTP packet of type 101 before the greeting"),
        );
        check(
            &[0, 0, 0, 4, 2, 0, 0, 0, 3],
            Err("a greeting that is shorter than itself"),
        );
    }
}
