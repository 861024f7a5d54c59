//! An OCI archive, read with `tar` alone: what is in its newest layer and what its configuration says.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use tar::{Archive, EntryType};

/// An image from an OCI archive.
#[derive(Debug)]
pub struct Image {
    blobs: BTreeMap<String, Vec<u8>>,
    manifest: Json,
}

/// One entry of a layer.
#[derive(Debug)]
pub struct Entry {
    /// Permission bits.
    pub mode: u32,
    /// Owner, as the image numbers users.
    pub owner: u64,
    /// Whether it is a regular file, a link, a device, ….
    pub kind: EntryType,
    /// Where a link points.
    pub target: Option<PathBuf>,
    /// Content of a regular file.
    pub content: Vec<u8>,
}

impl Image {
    /// Reads the archive at `path`, which has one image.
    pub fn read(path: &Path) -> Self {
        let file =
            File::open(path).unwrap_or_else(|error| panic!("no archive `{}`: {error}", path.display()));
        let blobs: BTreeMap<_, _> = entries(file)
            .into_iter()
            .map(|(name, entry)| (name, entry.content))
            .collect();
        let index = json(&blobs["index.json"]);
        assert_eq!(
            index["manifests"].as_array().map(Vec::len),
            Some(1),
            "one image: {index:#}"
        );
        let manifest = json(blob(&blobs, &index["manifests"][0]["digest"]));
        Self { blobs, manifest }
    }

    /// The image's configuration.
    pub fn config(&self) -> Json {
        json(blob(&self.blobs, &self.manifest["config"]["digest"]))
    }

    /// How many layers there are.
    pub fn layers(&self) -> usize {
        self.manifest["layers"]
            .as_array()
            .expect("a manifest has layers")
            .len()
    }

    /// The entries of the newest layer, by path without a leading `./` or a trailing `/`.
    pub fn newest_layer(&self) -> BTreeMap<String, Entry> {
        let newest = self.layers().checked_sub(1).expect("at least one layer");
        let layer = &self.manifest["layers"][newest];
        let bytes = blob(&self.blobs, &layer["digest"]);
        if layer["mediaType"]
            .as_str()
            .is_some_and(|kind| kind.ends_with("gzip"))
        {
            entries(flate2::read::GzDecoder::new(bytes))
        } else {
            entries(bytes)
        }
    }
}

fn entries(archive: impl Read) -> BTreeMap<String, Entry> {
    let mut archive = Archive::new(archive);
    archive
        .entries()
        .expect("an archive has entries")
        .map(|entry| {
            let mut entry = entry.expect("the archive is whole");
            let name = entry.path().expect("a path").to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("the archive is whole");
            let header = entry.header();
            let read = Entry {
                mode: header.mode().expect("a mode") & 0o7777,
                owner: header.uid().expect("an owner"),
                kind: header.entry_type(),
                target: entry
                    .link_name()
                    .expect("a link's target")
                    .map(|target| target.into_owned()),
                content,
            };
            (name.trim_start_matches("./").trim_matches('/').to_owned(), read)
        })
        .collect()
}

fn blob<'b>(blobs: &'b BTreeMap<String, Vec<u8>>, digest: &Json) -> &'b [u8] {
    let digest = digest.as_str().expect("a digest is text");
    let name = format!("blobs/{}", digest.replace(':', "/"));
    blobs
        .get(&name)
        .unwrap_or_else(|| panic!("no `{name}` in the archive"))
}

fn json(text: &[u8]) -> Json {
    serde_json::from_slice(text).expect("valid JSON")
}
