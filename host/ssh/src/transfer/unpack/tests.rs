//! What a hostile archive may not do.

use std::{
    fs,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt},
    },
    time::{Duration, SystemTime},
};

use cap_std::ambient_authority;
use tar::{Builder, Header};

use super::*;

struct Bed {
    folder: tempfile::TempDir,
}

impl Bed {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("outside"), "untouched").unwrap();
        Self { folder }
    }

    fn unpack(&self, archive: &[u8]) -> Result<u64, CommunicatorError> {
        let target = Dir::open_ambient_dir(self.folder.path().join("target"), ambient_authority()).unwrap();
        let result = unpack(archive, &target, |_| {});
        assert_eq!(
            fs::read_to_string(self.folder.path().join("outside")).unwrap(),
            "untouched"
        );
        result
    }
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

#[track_caller]
fn refused(entries: &[Vec<u8>], because: &str) {
    let error = Bed::new().unpack(&archive(entries)).unwrap_err();
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
    assert_eq!(bed.unpack(&bytes).unwrap(), 3);
    assert_eq!(
        fs::read_to_string(bed.folder.path().join("target/file")).unwrap(),
        "new"
    );
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
    bed.unpack(&bytes).unwrap();
    assert_eq!(
        fs::read_to_string(bed.folder.path().join("target/two")).unwrap(),
        "same"
    );
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
    let error = bed.unpack(&archive(&[header.as_bytes().to_vec()])).unwrap_err();
    assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
    assert!(!bed.folder.path().join("target/huge").exists());
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
fn a_stream_that_is_cut_is_refused() {
    let whole = entry(EntryType::Regular, b"file", b"", &[7; 4096]);
    let bed = Bed::new();
    let error = bed.unpack(&whole[..2048]).unwrap_err();
    assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
    assert!(error.to_string().contains("`file`"), "{error}");
    assert!(
        !bed.folder.path().join("target/file").exists(),
        "half a file stayed"
    );
}

#[test]
fn zeros_take_no_room() {
    let bed = Bed::new();
    let mut content = vec![0; 16 * 1024 * 1024];
    content[5_000_000..5_000_010].fill(7);
    let bytes = archive(&[entry(EntryType::Regular, b"file", b"", &content)]);
    assert_eq!(bed.unpack(&bytes).unwrap(), content.len() as u64);
    let file = bed.folder.path().join("target/file");
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
    assert_eq!(bed.unpack(&bytes).unwrap(), 1);
    let names: Vec<_> = fs::read_dir(bed.folder.path().join("target")).unwrap().collect();
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
    bed.unpack(&builder.into_inner().unwrap()).unwrap();

    let target = bed.folder.path().join("target");
    let about = fs::metadata(target.join(OsStr::from_bytes(b"bad\xffname"))).unwrap();
    assert_eq!(about.permissions().mode() & 0o7777, 0o751);
    assert_eq!(
        about.modified().unwrap(),
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    );
    let about = fs::metadata(target.join("closed")).unwrap();
    assert_eq!(about.permissions().mode() & 0o7777, 0o555);
    assert_eq!(
        about.modified().unwrap(),
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
    );
}
