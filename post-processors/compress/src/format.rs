//! Which archive a name stands for.

/// A container and a compression, in the words of the contract's `outputs.archive`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) container: &'static str,
    pub(crate) compression: &'static str,
    /// The compression in Packer's words.
    pub(crate) shown: &'static str,
}

/// Extension, compression, and what Packer calls it.
const COMPRESSIONS: [(&str, &str, &str); 8] = [
    ("gz", "gzip", "pgzip"),
    ("bgzf", "bgzf", "bgzf"),
    ("lz4", "lz4", "lz4"),
    ("zst", "zstd", "zstd"),
    ("zstd", "zstd", "zstd"),
    ("xz", "xz", "xz"),
    ("bz2", "bzip2", "bzip2"),
    ("bzip2", "bzip2", "bzip2"),
];

/// What a name that says nothing stands for.
const USUAL: Format = Format {
    container: "tar",
    compression: "gzip",
    shown: "pgzip",
};

impl Format {
    /// `format` counts where it is given, such as `tar.gz`; the extensions of `target` otherwise.
    pub(crate) fn of(format: &str, target: &str) -> Self {
        let name = target.rsplit_once('/').map_or(target, |(_, name)| name);
        let mut extensions = if format.is_empty() {
            name.split_once('.').map_or("", |(_, extensions)| extensions)
        } else {
            format
        }
        .rsplit('.');
        let last = extensions.next().unwrap_or_default();
        let before = extensions.next().unwrap_or_default();
        let container = |container| Self {
            container,
            compression: "none",
            shown: "none",
        };
        match last {
            "tar" => return container("tar"),
            "zip" => return container("zip"),
            _ => {}
        }
        let known = COMPRESSIONS.iter().find(|(extension, ..)| *extension == last);
        match known {
            None => USUAL,
            Some((_, compression, shown)) => Self {
                container: if before == "tar" { "tar" } else { "none" },
                compression,
                shown,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_unless_the_format_is_given() {
        let check = |format, target, expect: [&str; 2]| {
            let found = Format::of(format, target);
            assert_eq!(
                [found.container, found.compression],
                expect,
                "{format:?} {target:?}"
            );
        };
        check("", "plain", ["tar", "gzip"]);
        check("", "plain.bin", ["tar", "gzip"]);
        check("", "a.tgz", ["tar", "gzip"]);
        check("", "a.tar", ["tar", "none"]);
        check("", "a.zip", ["zip", "none"]);
        check("", "a.tar.zip", ["zip", "none"]);
        check("", "a.gz", ["none", "gzip"]);
        check("", "v1.2.foo.gz", ["none", "gzip"]);
        check("", "a.tar.gz", ["tar", "gzip"]);
        check("", "dir.tar/a.gz", ["none", "gzip"]);
        check("", "dir.zip/a", ["tar", "gzip"]);
        check("", "a.tar.zst", ["tar", "zstd"]);
        check("", "a.lz4", ["none", "lz4"]);
        check("", "a.tar.xz", ["tar", "xz"]);
        check("", "a.bz2", ["none", "bzip2"]);
        check("", "a.bgzf", ["none", "bgzf"]);
        check("tar.gz", "a.xz", ["tar", "gzip"]);
        check("gz", "a", ["none", "gzip"]);
        check("zip", "a.tar.gz", ["zip", "none"]);
        check("foo", "a.xz", ["tar", "gzip"]);
    }
}
