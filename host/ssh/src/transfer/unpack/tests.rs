//! What a hostile archive may not do.

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt},
    },
    time::{Duration, SystemTime},
};

use tar::{Builder, Header};

use super::*;
use crate::{limits::PADDING, transfer::bed::Bed};

fn unpack_into(bed: &Bed, archive: impl Read) -> Result<u64, CommunicatorError> {
    let result = unpack(archive, &bed.target(), |_| {});
    bed.check();
    result
}

/// An entry with exactly this name and link, however bad.
fn entry(kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_mode(0o644);
    header.set_mtime(1_000_000_000);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn archive(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

/// The same bytes again and again.
struct Endless<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Endless<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (&self.bytes[self.at..]).read(buffer)?;
        self.at = (self.at + length) % self.bytes.len();
        Ok(length)
    }
}

#[track_caller]
fn refused(entries: &[Vec<u8>], because: &str) {
    let error = unpack_into(&Bed::new(), &*archive(entries)).unwrap_err();
    assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
    assert!(error.to_string().contains(because), "{error}");
}

#[test]
fn names_that_leave_the_target_are_refused() {
    refused(
        &[entry(EntryType::Regular, b"../outside", b"", b"x")],
        "leaves the target",
    );
    refused(
        &[entry(EntryType::Regular, b"/outside", b"", b"x")],
        "leaves the target",
    );
    refused(
        &[entry(EntryType::Regular, b"a/../../outside", b"", b"x")],
        "leaves the target",
    );
    refused(
        &[entry(EntryType::Directory, b"..", b"", b"")],
        "leaves the target",
    );
    refused(
        &[entry(EntryType::Symlink, b"../link", b"x", b"")],
        "leaves the target",
    );
}

#[test]
fn names_below_a_link_are_refused() {
    refused(
        &[
            entry(EntryType::Symlink, b"up", b"..", b""),
            entry(EntryType::Regular, b"up/outside", b"", b"x"),
        ],
        "passes through",
    );
    refused(
        &[
            entry(EntryType::Symlink, b"up", b"..", b""),
            entry(EntryType::Directory, b"up", b"", b""),
        ],
        "passes through",
    );
    refused(
        &[
            entry(EntryType::Directory, b"here", b"", b""),
            entry(EntryType::Symlink, b"there", b"here", b""),
            entry(EntryType::Regular, b"there/file", b"", b"x"),
        ],
        "passes through",
    );
}

#[test]
fn a_file_replaces_a_link_and_does_not_follow_it() {
    let bed = Bed::new();
    let bytes = archive(&[
        entry(EntryType::Symlink, b"file", b"../outside", b""),
        entry(EntryType::Regular, b"file", b"", b"new"),
    ]);
    assert_eq!(unpack_into(&bed, &*bytes).unwrap(), 3);
    assert_eq!(fs::read_to_string(bed.path("file")).unwrap(), "new");
}

#[test]
fn hard_links_out_are_refused() {
    refused(
        &[entry(EntryType::Link, b"link", b"../outside", b"")],
        "leaves the target",
    );
    refused(
        &[entry(EntryType::Link, b"link", b"/etc/passwd", b"")],
        "leaves the target",
    );
    refused(
        &[entry(EntryType::Link, b"link", b"missing", b"")],
        "not among the files",
    );
    refused(
        &[
            entry(EntryType::Symlink, b"up", b"../outside", b""),
            entry(EntryType::Link, b"link", b"up", b""),
        ],
        "not among the files",
    );
}

#[test]
fn hard_links_inside_are_made() {
    let bed = Bed::new();
    let bytes = archive(&[
        entry(EntryType::Regular, b"./one", b"", b"same"),
        entry(EntryType::Link, b"./two", b"./one", b""),
    ]);
    unpack_into(&bed, &*bytes).unwrap();
    assert_eq!(fs::read_to_string(bed.path("two")).unwrap(), "same");
}

#[test]
fn sparse_files_are_refused() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_path("huge").unwrap();
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_size(0);
    // A real size of 4 GiB without one byte of content.
    header
        .as_gnu_mut()
        .unwrap()
        .realsize
        .copy_from_slice(b"040000000000");
    header.set_cksum();
    let bed = Bed::new();
    let error = unpack_into(&bed, &*archive(&[header.as_bytes().to_vec()])).unwrap_err();
    assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
    assert!(!bed.path("huge").exists());
}

#[test]
fn a_header_without_end_is_refused() {
    let name = vec![b'a'; 4 * 1024 * 1024];
    refused(
        &[entry(EntryType::GNULongName, b"././@LongLink", b"", &name)],
        "header of more than",
    );
}

#[test]
fn names_without_end_are_refused() {
    let fifo = entry(EntryType::Fifo, b"pipe", b"", b"");
    let empty = entry(EntryType::Regular, b"file", b"", b"");
    for one in [fifo, empty] {
        let error = unpack_into(&Bed::new(), Endless::of(&one)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the instance broke the protocol: an archive of more than 10000 names"
        );
    }
}

#[test]
fn directories_without_end_are_refused() {
    let mut deep = Vec::new();
    for depth in 1..30 {
        let mut builder = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        let path = format!("{}/", "d".repeat(200)).repeat(depth);
        builder.append_data(&mut header, path, io::empty()).unwrap();
        let bytes = builder.into_inner().unwrap();
        deep.push(bytes[..bytes.len() - 1024].to_vec());
    }
    refused(&deep, "a path of more than 4096 bytes");
    let once: Vec<u8> = deep[..20].concat();
    let error = unpack_into(&Bed::new(), Endless::of(&once)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the instance broke the protocol: directories with more than 1048576 bytes of names"
    );
}

#[test]
fn padding_is_read_and_has_an_end() {
    let one = archive(&[entry(EntryType::Regular, b"file", b"", b"x")]);
    let mut padded = one.clone();
    padded.resize(one.len() + 512 * 1024, 0);
    let mut left = &*padded;
    assert_eq!(unpack_into(&Bed::new(), &mut left).unwrap(), 1);
    assert!(left.is_empty(), "who writes it would be cut off");
    let error = unpack_into(&Bed::new(), one.chain(io::repeat(0))).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the instance broke the protocol: more than {PADDING} bytes behind the end of the archive")
    );
}

#[test]
fn what_is_left_out_cannot_be_large() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Char);
    header.set_path("null").unwrap();
    header.set_mode(0o666);
    header.set_size(1 << 62);
    header.set_cksum();
    let error = unpack_into(&Bed::new(), header.as_bytes().chain(io::repeat(0))).unwrap_err();
    assert!(error.to_string().contains("header of more than"), "{error}");
}

#[test]
fn a_stream_that_is_cut_is_refused() {
    let whole = entry(EntryType::Regular, b"file", b"", &[7; 4096]);
    let bed = Bed::new();
    let error = unpack_into(&bed, &whole[..2048]).unwrap_err();
    assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
    assert!(error.to_string().contains("`file`"), "{error}");
    assert!(!bed.path("file").exists(), "half a file stayed");
}

#[test]
fn zeros_take_no_room() {
    let bed = Bed::new();
    let mut content = vec![0; 16 * 1024 * 1024];
    content[5_000_000..5_000_010].fill(7);
    let bytes = archive(&[entry(EntryType::Regular, b"file", b"", &content)]);
    assert_eq!(unpack_into(&bed, &*bytes).unwrap(), content.len() as u64);
    let file = bed.path("file");
    assert!(fs::read(&file).unwrap() == content);
    let room = fs::metadata(&file).unwrap().blocks() * 512;
    assert!(room <= 128 * 1024, "{room} bytes for ten");
}

#[test]
fn devices_are_left_out() {
    let bed = Bed::new();
    let bytes = archive(&[
        entry(EntryType::Char, b"null", b"", b""),
        entry(EntryType::Fifo, b"pipe", b"", b""),
        entry(EntryType::Regular, b"file", b"", b"x"),
    ]);
    assert_eq!(unpack_into(&bed, &*bytes).unwrap(), 1);
    let names: Vec<_> = fs::read_dir(bed.path("")).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn modes_times_and_names_are_kept_and_set_user_id_is_not() {
    let bed = Bed::new();
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_mode(0o4751);
    header.set_mtime(1_000_000_000);
    header.set_size(1);
    builder
        .append_data(&mut header, OsStr::from_bytes(b"bad\xffname"), &b"x"[..])
        .unwrap();
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_mode(0o555);
    header.set_mtime(1_000_000_000);
    header.set_size(0);
    builder.append_data(&mut header, "closed", &b""[..]).unwrap();
    let mut header = Header::new_gnu();
    header.set_mode(0o600);
    header.set_mtime(1);
    header.set_size(1);
    builder
        .append_data(&mut header, "closed/file", &b"x"[..])
        .unwrap();
    unpack_into(&bed, &*builder.into_inner().unwrap()).unwrap();

    let about = fs::metadata(bed.path(OsStr::from_bytes(b"bad\xffname"))).unwrap();
    assert_eq!(about.permissions().mode() & 0o7777, 0o751);
    assert_eq!(
        about.modified().unwrap(),
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    );
    let about = fs::metadata(bed.path("closed")).unwrap();
    assert_eq!(about.permissions().mode() & 0o7777, 0o555);
    assert_eq!(
        about.modified().unwrap(),
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    );
}
