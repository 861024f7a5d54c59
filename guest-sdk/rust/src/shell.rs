//! Words of a command line for a POSIX shell.
//!
//! A command reaches the instance as one line that its shell reads. Whatever comes from options belongs in it quoted,
//! or it is read as more than one word, or as a command of its own.

use crate::Error;

/// One word, quoted where the shell would read it otherwise.
///
/// ```
/// use kilnbox_guest::shell;
///
/// assert_eq!(shell::quote("/etc/motd").unwrap(), "/etc/motd");
/// assert_eq!(shell::quote("it is; reboot").unwrap(), "'it is; reboot'");
/// assert!(shell::quote("\0").is_err(), "no shell can hold it");
/// ```
pub fn quote(word: &str) -> Result<String, Error> {
    shlex::try_quote(word)
        .map(Into::into)
        .map_err(|_| Error::invalid(format!("`{}` has a zero byte in it", word.replace('\0', "\\0"))))
}

/// A command and its arguments as a line.
///
/// ```
/// use kilnbox_guest::shell;
///
/// let line = shell::join(["useradd", "--comment", "the builder", "build"]).unwrap();
/// assert_eq!(line, "useradd --comment 'the builder' build");
/// ```
pub fn join<Word: AsRef<str>>(words: impl IntoIterator<Item = Word>) -> Result<String, Error> {
    let quoted: Vec<String> = words
        .into_iter()
        .map(|word| quote(word.as_ref()))
        .collect::<Result<_, _>>()?;
    Ok(quoted.join(" "))
}
