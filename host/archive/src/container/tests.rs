//! What is packed comes out again, read by the readers of the formats' own crates.

use std::io::{Cursor, Seek, SeekFrom};

use tempfile::tempfile;

use super::*;
use crate::watch::tests::{Cancelled, Counting};

/// Larger than a block of every codec but `xz`, and neither constant nor random.
fn content() -> Vec<u8> {
    let line = |number: u32| format!("{number} {}\n", number.wrapping_mul(2_654_435_761) % 1000);
    (0..650_000).map(line).collect::<String>().into_bytes()
}

fn file(content: &[u8]) -> File {
    let mut file = tempfile().unwrap();
    file.write_all(content).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

fn entry(name: &str, content: &[u8]) -> Entry {
    Entry {
        name: name.to_owned(),
        file: file(content),
        mode: 0o640,
    }
}

fn packed(
    container: Container,
    compression: Compression,
    level: Option<u32>,
    entries: Vec<Entry>,
) -> Vec<u8> {
    let mut to = tempfile().unwrap();
    let archive = Archive::new(container, compression, level, entries).unwrap();
    archive
        .write(to.try_clone().unwrap(), &Counting::default())
        .unwrap();
    let mut bytes = Vec::new();
    to.seek(SeekFrom::Start(0)).unwrap();
    to.read_to_end(&mut bytes).unwrap();
    bytes
}

fn unpacked(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match compression {
        Compression::None => out.extend(bytes),
        // One member: what follows would be left over.
        Compression::Gzip => _ = flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
        Compression::Bgzf => {
            _ = flate2::read::MultiGzDecoder::new(bytes)
                .read_to_end(&mut out)
                .unwrap()
        }
        Compression::Lz4 => {
            let mut rest = bytes;
            while !rest.is_empty() {
                let mut frame = lz4_flex::frame::FrameDecoder::new(&mut rest);
                if frame.read_to_end(&mut out).unwrap() == 0 {
                    break;
                }
            }
        }
        Compression::Zstd => zstd::stream::copy_decode(bytes, &mut out).unwrap(),
        Compression::Xz => {
            _ = liblzma::read::XzDecoder::new_multi_decoder(bytes)
                .read_to_end(&mut out)
                .unwrap()
        }
        Compression::Bzip2 => {
            _ = bzip2::read::MultiBzDecoder::new(bytes)
                .read_to_end(&mut out)
                .unwrap()
        }
    }
    out
}

const ALL: [Compression; 7] = [
    Compression::None,
    Compression::Gzip,
    Compression::Bgzf,
    Compression::Lz4,
    Compression::Zstd,
    Compression::Xz,
    Compression::Bzip2,
];

#[test]
fn one_file_comes_out_as_it_went_in() {
    let content = content();
    for compression in ALL {
        for (level, content) in [(None, content.as_slice()), (Some(1), b"x"), (Some(99), b"")] {
            let bytes = packed(Container::None, compression, level, vec![entry("a", content)]);
            assert!(
                unpacked(compression, &bytes) == content,
                "{compression:?} {level:?}"
            );
        }
    }
}

#[test]
fn a_level_is_heard() {
    let content = content();
    for compression in [Compression::Gzip, Compression::Xz] {
        let size = |level| {
            packed(
                Container::None,
                compression,
                Some(level),
                vec![entry("a", &content)],
            )
            .len()
        };
        assert!(size(9) < size(1), "{compression:?}");
    }
}

#[test]
fn incompressible_data_fits_bgzf_members() {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    let content: Vec<u8> = (0..300_000).map(|_| byte()).collect();
    let bytes = packed(
        Container::None,
        Compression::Bgzf,
        None,
        vec![entry("a", &content)],
    );
    assert!(unpacked(Compression::Bgzf, &bytes) == content);
    assert!(
        bytes.ends_with(&[27, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        "the mark of the end"
    );
}

#[test]
fn a_tar_holds_names_modes_and_nothing_of_this_machine() {
    let entries = || vec![entry("a", b"one"), entry("b/c", b"")];
    let bytes = packed(Container::Tar, Compression::Zstd, None, entries());
    assert_eq!(bytes, packed(Container::Tar, Compression::Zstd, None, entries()));
    let mut tar = tar::Archive::new(Cursor::new(unpacked(Compression::Zstd, &bytes)));
    let found: Vec<_> = tar
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let header = entry.header();
            let numbers = (
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.mtime().unwrap(),
            );
            (entry.path().unwrap().display().to_string(), text, numbers)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("a".to_owned(), "one".to_owned(), (0o640, 0, 0)),
            ("b/c".to_owned(), String::new(), (0o640, 0, 0))
        ]
    );
}

#[test]
fn a_zip_is_one() {
    let entries = vec![entry("a/b.txt", &content()), entry("c", b"")];
    let bytes = packed(Container::Zip, Compression::None, Some(9), entries);
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    assert!(read("a/b.txt") == content());
    assert_eq!(read("c"), b"");
}

#[test]
fn what_makes_no_archive_is_refused() {
    let refused = |container, compression, names: &[&str]| {
        let entries = names.iter().map(|name| entry(name, b"")).collect();
        Archive::new(container, compression, None, entries)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(Container::None, Compression::Xz, &["a", "b"]),
        "only a tar or a zip can hold 2 files"
    );
    assert_eq!(
        refused(Container::Zip, Compression::Xz, &["a"]),
        "a zip cannot be compressed with `xz` as a whole"
    );
    assert_eq!(
        refused(Container::Tar, Compression::None, &["a", "a"]),
        "two files would be `a` in the archive"
    );
    for name in ["", "/a", "../a", "a/../../b", "a//b", "a\0"] {
        assert_eq!(
            refused(Container::Tar, Compression::None, &[name]),
            format!("`{name}` cannot be a name in an archive")
        );
    }
}

#[test]
fn a_watch_counts_and_can_end_it() {
    for container in [Container::None, Container::Tar, Container::Zip] {
        let compression = if container == Container::Zip {
            Compression::None
        } else {
            Compression::Gzip
        };
        let archive = || Archive::new(container, compression, None, vec![entry("a", &content())]).unwrap();
        let watch = Counting::default();
        archive().write(tempfile().unwrap(), &watch).unwrap();
        assert_eq!(watch.count(), content().len() as u64, "{container:?}");
        let ended = archive().write(tempfile().unwrap(), &Cancelled);
        assert!(matches!(ended, Err(Error::Cancelled)), "{container:?}");
    }
}
