//! What is in a folder: names, kinds, permission bits, bytes and link targets, for comparing two folders.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// A folder's content. Two are equal when every name below them has the same [`Node`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<PathBuf, Node>,
}

/// One name in a tree.
#[derive(Clone, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File {
        /// Permission bits.
        mode: u32,
        /// All of it.
        content: Vec<u8>,
    },
    /// A folder.
    Folder {
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// As written.
        target: PathBuf,
    },
    /// A device, a socket or a pipe.
    Other {
        /// Type and permission bits.
        mode: u32,
    },
}

impl Tree {
    /// Reads what is below `folder`, following no link. Names that go away meanwhile are left out.
    pub fn read(folder: &Path) -> Self {
        let mut tree = Self::default();
        tree.add(folder, Path::new(""));
        tree
    }

    fn add(&mut self, folder: &Path, below: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = below.join(entry.file_name());
            match Node::read(&entry.path()) {
                Ok(node) => {
                    let is_folder = matches!(node, Node::Folder { .. });
                    self.nodes.insert(name.clone(), node);
                    if is_folder {
                        self.add(&entry.path(), &name);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => panic!("cannot read `{}`: {error}", entry.path().display()),
            }
        }
    }

    /// What is at `name`, a path relative to the folder.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.nodes.get(Path::new(name))
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.nodes
            .keys()
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// The names of all that is not a folder, sorted.
    pub fn files(&self) -> Vec<String> {
        self.nodes
            .iter()
            .filter(|(_, node)| !matches!(node, Node::Folder { .. }))
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    }

    /// One line for each name that differs between `self` and `other`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let names: std::collections::BTreeSet<_> = self.nodes.keys().chain(other.nodes.keys()).collect();
        names
            .into_iter()
            .map(|name| (name, self.nodes.get(name), other.nodes.get(name)))
            .filter(|(_, one, two)| one != two)
            .map(|(name, one, two)| format!("{name:?}: {one:?} and {two:?}"))
            .collect()
    }
}

impl Node {
    fn read(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        let mode = metadata.permissions().mode() & 0o7777;
        Ok(match metadata.file_type() {
            kind if kind.is_file() => Self::File {
                mode,
                content: fs::read(path)?,
            },
            kind if kind.is_dir() => Self::Folder { mode },
            kind if kind.is_symlink() => Self::Link {
                target: fs::read_link(path)?,
            },
            _ => Self::Other {
                mode: metadata.mode(),
            },
        })
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { mode, content } => {
                write!(f, "file {mode:04o} {:?}", String::from_utf8_lossy(content))
            }
            Self::Folder { mode } => write!(f, "folder {mode:04o}"),
            Self::Link { target } => write!(f, "link {target:?}"),
            Self::Other { mode } => write!(f, "special {mode:o}"),
        }
    }
}
