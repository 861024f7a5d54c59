//! Reads and writes container images in the OCI format, as a layout or as an archive of one.
//!
//! An image that is read is hostile: names and sizes are checked, and every blob must have the digest that names it.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::{
    Error,
    capture::hex,
    layers::{self, Compression},
    wire::{Base, Blob},
};

/// Largest index, manifest or configuration.
const DOCUMENT: u64 = 4 * 1024 * 1024;
/// Most layers of an image, twice what overlays of others take.
const LAYERS: usize = 256;

/// A layer's archive and what an image says of it.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) file: PathBuf,
    pub(crate) blob: Blob,
    pub(crate) compression: Compression,
}

/// What to start from, and what of it goes into the result.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) base: Base,
    /// Layers to keep as they are; none where the base is a directory or this machine.
    pub(crate) layers: Vec<Layer>,
    /// The image's configuration, or an empty object.
    pub(crate) config: Json,
}

/// Finds out what `path` is. An image's archive is unpacked into `scratch`.
pub(crate) fn read(path: &Path, scratch: &Path) -> Result<Source, Error> {
    let invalid = |reason: String| Error::Image {
        name: path.display().to_string(),
        reason,
    };
    let known = fs::metadata(path).map_err(|error| invalid(error.to_string()))?;
    if known.is_dir() {
        if !path.join("oci-layout").is_file() {
            return Ok(Source {
                base: Base::Directory(path.to_owned()),
                layers: Vec::new(),
                config: json!({}),
            });
        }
        return layout(path).map_err(|error| invalid(error.to_string()));
    }
    if extract(path, scratch).map_err(|error| invalid(error.to_string()))? {
        return layout(scratch).map_err(|error| invalid(error.to_string()));
    }
    let layer = plain(path).map_err(|error| invalid(error.to_string()))?;
    Ok(Source {
        base: Base::Layers(vec![path.to_owned()]),
        layers: vec![layer],
        config: json!({}),
    })
}

/// Unpacks an image's archive; false where it is an archive of something else.
fn extract(path: &Path, to: &Path) -> io::Result<bool> {
    let mut archive = tar::Archive::new(layers::open(File::open(path)?)?);
    let mut image = false;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let name = name.strip_prefix(".").unwrap_or(&name).to_owned();
        let document = name == Path::new("oci-layout") || name == Path::new("index.json");
        let blob = name
            .strip_prefix("blobs/sha256")
            .is_ok_and(|name| name.to_str().is_some_and(digest_like));
        if entry.header().entry_type() == EntryType::Regular && (document || blob) {
            image |= name == Path::new("oci-layout");
            let to = to.join(&name);
            fs::create_dir_all(to.parent().unwrap_or(&to))?;
            io::copy(&mut entry, &mut File::create(to)?)?;
        } else if !entry.header().entry_type().is_dir() {
            return if image {
                Err(io::Error::other(format!(
                    "`{}` has no place in an image",
                    name.display()
                )))
            } else {
                Ok(false)
            };
        }
    }
    Ok(image)
}

fn layout(folder: &Path) -> io::Result<Source> {
    let index = document(&folder.join("index.json"))?;
    let mut descriptor = first_manifest(&index)?;
    let mut manifest: Json = serde_json::from_slice(&verified(folder, &descriptor)?)?;
    if manifest.get("manifests").is_some() {
        descriptor = first_manifest(&manifest)?;
        manifest = serde_json::from_slice(&verified(folder, &descriptor)?)?;
    }
    let config: Json =
        serde_json::from_slice(&verified(folder, manifest.get("config").unwrap_or(&Json::Null))?)?;
    let none = Vec::new();
    let diff_ids = config
        .pointer("/rootfs/diff_ids")
        .and_then(Json::as_array)
        .unwrap_or(&none);
    let listed = manifest.get("layers").and_then(Json::as_array).unwrap_or(&none);
    if listed.len() != diff_ids.len() || listed.len() > LAYERS {
        return Err(io::Error::other(format!(
            "{} layers, {} in its configuration",
            listed.len(),
            diff_ids.len()
        )));
    }
    let mut found = Vec::new();
    for (descriptor, diff_id) in listed.iter().zip(diff_ids) {
        let layer = plain(&blob(folder, descriptor)?)?;
        let named =
            |value: &Json, is: &str| value.as_str().and_then(|it| it.strip_prefix("sha256:")) == Some(is);
        if !named(
            descriptor.get("digest").unwrap_or(&Json::Null),
            &layer.blob.digest,
        ) || !named(diff_id, &layer.blob.diff_id)
        {
            return Err(io::Error::other(format!(
                "layer {descriptor} does not have the digest that names it"
            )));
        }
        found.push(layer);
    }
    let base = Base::Layers(found.iter().map(|layer| layer.file.clone()).collect());
    Ok(Source {
        base,
        layers: found,
        config,
    })
}

/// The manifest for this machine, or the only one.
fn first_manifest(index: &Json) -> io::Result<Json> {
    let manifests = index
        .get("manifests")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let ours =
        |it: &&Json| it.pointer("/platform/architecture").and_then(Json::as_str) == Some(architecture());
    let found = if let [only] = manifests {
        Some(only)
    } else {
        manifests.iter().find(ours)
    };
    found
        .cloned()
        .ok_or_else(|| io::Error::other(format!("no manifest for `{}`", architecture())))
}

fn document(path: &Path) -> io::Result<Json> {
    let mut text = Vec::new();
    File::open(path)?.take(DOCUMENT).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn blob(folder: &Path, descriptor: &Json) -> io::Result<PathBuf> {
    let digest = descriptor
        .get("digest")
        .and_then(Json::as_str)
        .and_then(|it| it.strip_prefix("sha256:"));
    let digest = digest
        .filter(|it| digest_like(it))
        .ok_or_else(|| io::Error::other("a descriptor without a digest"))?;
    Ok(folder.join("blobs/sha256").join(digest))
}

fn verified(folder: &Path, descriptor: &Json) -> io::Result<Vec<u8>> {
    let path = blob(folder, descriptor)?;
    let mut text = Vec::new();
    File::open(&path)?.take(DOCUMENT).read_to_end(&mut text)?;
    if path.file_name().and_then(|name| name.to_str()) != Some(&*hex(&Sha256::digest(&text))) {
        return Err(io::Error::other(format!(
            "blob `{}` does not have the digest that names it",
            path.display()
        )));
    }
    Ok(text)
}

fn digest_like(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A layer's archive with its digests.
fn plain(path: &Path) -> io::Result<Layer> {
    let compression = Compression::of(&mut File::open(path)?)?;
    let (size, digest) = digest(File::open(path)?)?;
    let diff_id = match compression {
        Compression::None => digest.clone(),
        Compression::Gzip | Compression::Zstd => digest_of(layers::open(File::open(path)?)?)?.1,
    };
    Ok(Layer {
        file: path.to_owned(),
        blob: Blob {
            digest,
            diff_id,
            size,
        },
        compression,
    })
}

fn digest(file: File) -> io::Result<(u64, String)> {
    digest_of(Box::new(file))
}

fn digest_of(mut from: Box<dyn Read>) -> io::Result<(u64, String)> {
    let mut to = crate::capture::Hashed::new(io::sink());
    io::copy(&mut from, &mut to)?;
    Ok(to.finish())
}

/// The machine's architecture as images name it.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// What the user wants to be said of the image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub(crate) tag: Option<String>,
    /// `Cmd`, `Entrypoint`, `Env`, `User`, `Labels`: as they stand in an image's `config`.
    pub(crate) config: Map<String, Json>,
}

/// Writes the archive of an image to `to`, and returns its manifest's digest.
pub(crate) fn write(to: &File, labels: &Labels, base: &Json, layers: &[Layer]) -> io::Result<String> {
    let mut archive = Builder::new(io::BufWriter::new(to));
    // Named, though OCI does not ask for it: readers that make missing folders themselves give them to root.
    for folder in ["blobs/", "blobs/sha256/"] {
        let mut header = header(0);
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o755);
        archive.append_data(&mut header, folder, io::empty())?;
    }
    append(
        &mut archive,
        "oci-layout",
        &json!({ "imageLayoutVersion": "1.0.0" }),
    )?;
    let mut settings = base
        .get("config")
        .and_then(Json::as_object)
        .cloned()
        .unwrap_or_default();
    for (name, value) in &labels.config {
        settings.insert(name.clone(), value.clone());
    }
    let mut history = base
        .get("history")
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default();
    history.push(json!({ "created_by": "kilnbox", "comment": "rootfs" }));
    let config = json!({
        "architecture": base.get("architecture").and_then(Json::as_str).unwrap_or(architecture()),
        "os": "linux",
        "config": settings,
        "rootfs": {
            "type": "layers",
            "diff_ids": layers.iter().map(|layer| format!("sha256:{}", layer.blob.diff_id)).collect::<Vec<_>>(),
        },
        "history": history,
    });
    let config = append_blob(&mut archive, "application/vnd.oci.image.config.v1+json", &config)?;
    let mut listed = Vec::new();
    for layer in layers {
        let media = layer.compression.media();
        listed.push(json!({
            "mediaType": format!("application/vnd.oci.image.layer.v1.{media}"),
            "digest": format!("sha256:{}", layer.blob.digest),
            "size": layer.blob.size,
        }));
        if layers
            .iter()
            .find(|it| it.blob.digest == layer.blob.digest)
            .is_some_and(|it| it.file == layer.file)
        {
            let mut header = header(layer.blob.size);
            archive.append_data(
                &mut header,
                format!("blobs/sha256/{}", layer.blob.digest),
                File::open(&layer.file)?,
            )?;
        }
    }
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": listed,
    });
    let mut descriptor = append_blob(
        &mut archive,
        "application/vnd.oci.image.manifest.v1+json",
        &manifest,
    )?;
    let digest = descriptor
        .get("digest")
        .and_then(Json::as_str)
        .unwrap_or_default()
        .to_owned();
    if let (Some(tag), Some(descriptor)) = (&labels.tag, descriptor.as_object_mut()) {
        descriptor.insert(
            "annotations".to_owned(),
            json!({ "org.opencontainers.image.ref.name": tag }),
        );
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor],
    });
    append(&mut archive, "index.json", &index)?;
    archive
        .into_inner()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    Ok(digest)
}

fn append_blob(archive: &mut Builder<impl io::Write>, media: &str, document: &Json) -> io::Result<Json> {
    let text = serde_json::to_vec(document)?;
    let digest = hex(&Sha256::digest(&text));
    append(archive, &format!("blobs/sha256/{digest}"), document)?;
    Ok(json!({ "mediaType": media, "digest": format!("sha256:{digest}"), "size": text.len() }))
}

fn append(archive: &mut Builder<impl io::Write>, name: &str, document: &Json) -> io::Result<()> {
    let text = serde_json::to_vec(document)?;
    archive.append_data(
        &mut header(u64::try_from(text.len()).unwrap_or(0)),
        name,
        text.as_slice(),
    )
}

fn header(size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(size);
    // Nobody's and of no time, so that the same image is the same archive. Left unset they are not even numbers.
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}
