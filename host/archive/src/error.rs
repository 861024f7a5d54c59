//! Why there is no digest and no archive.

use std::io;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither container, compression nor algorithm.
    #[error("`{name}` is no {what}: there are {known}")]
    Unknown {
        /// `container`, `compression` or `algorithm`.
        what: &'static str,
        /// As asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A stream of one file was to hold none or several.
    #[error("only a tar or a zip can hold {count} files")]
    NotOne {
        /// How many there were.
        count: usize,
    },
    /// A zip compresses each file itself.
    #[error("a zip cannot be compressed with `{compression}` as a whole")]
    ZipCompressed {
        /// As asked for.
        compression: &'static str,
    },
    /// Two files would have one name.
    #[error("two files would be `{name}` in the archive")]
    Twice {
        /// The name.
        name: String,
    },
    /// The name would lead out of the folder that the archive is unpacked into.
    #[error("`{name}` cannot be a name in an archive")]
    Name {
        /// The name.
        name: String,
    },
    /// A file became shorter or longer while it was read.
    #[error("`{name}` changed while it was read")]
    Changed {
        /// Its name in the archive.
        name: String,
    },
    /// The [`crate::Watch`] ended it.
    #[error("cancelled")]
    Cancelled,
    /// Reading or writing.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The zip could not be written.
    #[error(transparent)]
    Zip(#[from] zip::result::ZipError),
}
