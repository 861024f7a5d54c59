//! The names of what an archive can be made of.

use std::str::FromStr;

use crate::Error;

/// What holds the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Nothing: one file, compressed.
    None,
    /// GNU tar. Owner and time are left out, so that equal files make equal archives.
    Tar,
    /// Zip, each file deflated.
    Zip,
}

/// How the whole is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// One gzip member, RFC 1952.
    Gzip,
    /// Blocked gzip, as of the SAM/BAM specification.
    Bgzf,
    /// LZ4 frames.
    Lz4,
    /// Zstandard frames, RFC 8878.
    Zstd,
    /// XZ streams.
    Xz,
    /// bzip2 streams.
    Bzip2,
}

impl Container {
    const ALL: [(&'static str, Self); 3] = [("none", Self::None), ("tar", Self::Tar), ("zip", Self::Zip)];
}

impl Compression {
    const ALL: [(&'static str, Self); 7] = [
        ("none", Self::None),
        ("gzip", Self::Gzip),
        ("bgzf", Self::Bgzf),
        ("lz4", Self::Lz4),
        ("zstd", Self::Zstd),
        ("xz", Self::Xz),
        ("bzip2", Self::Bzip2),
    ];

    /// As asked for.
    pub fn name(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == self)
            .map_or("", |(name, _)| name)
    }
}

impl FromStr for Container {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        pick("container", name, Self::ALL)
    }
}

impl FromStr for Compression {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        pick("compression", name, Self::ALL)
    }
}

fn pick<T: Copy, const N: usize>(
    what: &'static str,
    name: &str,
    all: [(&'static str, T); N],
) -> Result<T, Error> {
    let found = all.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| unknown(what, name, all.map(|(known, _)| known)))
}

pub(crate) fn unknown<const N: usize>(what: &'static str, name: &str, known: [&str; N]) -> Error {
    Error::Unknown {
        what,
        name: name.to_owned(),
        known: known.join(", "),
    }
}
