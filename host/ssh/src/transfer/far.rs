//! A small file to an instance that is far away, and its removal, as one command each: SFTP waits for an answer several
//! times.
//!
//! OpenSSH takes a command's input only after it has said that the command runs, one round trip later. So a file that
//! everybody on the instance may read stands in the command line itself; any other may be a secret, and command lines
//! can be seen there. An account without a shell runs something else instead, such as the SFTP server, which ends
//! without a word: nothing but [`DONE`] counts as success.

use kilnbox_engine::{CommunicatorError, Exit};
use tokio::io::sink;

use crate::{
    links::Links,
    quote,
    transfer::program::{self, Ended},
};

/// Bytes of a command line that carries a file. Every server takes packets of 35,000 bytes (RFC 4253, 6.1).
const LINE: usize = 32 * 1024;
/// The right of everybody to read a file.
const READABLE: u32 = 0o004;
/// The exit code of a command that did everything.
const DONE: u32 = 42;

/// Writes the file; `false` where the command did not.
pub(crate) async fn upload(
    links: &Links,
    to: &str,
    content: &[u8],
    mode: u32,
) -> Result<bool, CommunicatorError> {
    let path = quote::path(to)?;
    let finish = format!("chmod {:04o} {path} && exit {DONE}", mode & 0o7777);
    let in_the_line = std::str::from_utf8(content)
        .ok()
        .filter(|_| mode & READABLE != 0)
        .and_then(|text| quote::word(text).ok())
        .map(|text| format!("printf %s {text} > {path} && {finish}"))
        .filter(|line| line.len() <= LINE);
    let ended = match in_the_line {
        Some(line) => program::fetch(links, line, &mut sink(), |_| {}).await?,
        None => {
            let line = format!("(umask 077; cat > {path}) && {finish}");
            program::feed(links, line, &mut &*content, |_| {}).await?
        }
    };
    done(ended, to)
}

/// Removes a file, missing or not; `false` where the command did not.
pub(crate) async fn remove(links: &Links, path: &str) -> Result<bool, CommunicatorError> {
    let line = format!("rm -f {} && exit {DONE}", quote::path(path)?);
    let ended = program::fetch(links, line, &mut sink(), |_| {}).await?;
    done(ended, path)
}

/// Whether it was done. Where it was not, SFTP is asked, and says why: there may be no shell, and what a shell says of a
/// file is not what it says over a near connection.
fn done(ended: Ended, path: &str) -> Result<bool, CommunicatorError> {
    match ended.exit {
        Exit::Code(code) => Ok(code == DONE),
        Exit::Signal(_) | Exit::Lost => ended.success(path).map(|()| false),
    }
}
