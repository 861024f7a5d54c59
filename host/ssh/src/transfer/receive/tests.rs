//! What a hostile SFTP server may not do.

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt};

use kilnbox_engine::NoProgress;
use russh_sftp::{
    protocol::{Data, Handle, Name, Status},
    server::{self, Handler},
};

use super::*;
use crate::transfer::bed::Bed;

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// Lists the same in the folder, and in every folder below it where `endless`.
#[derive(Clone, Default)]
struct Server {
    listing: Vec<(&'static str, u32, u64)>,
    endless: bool,
    /// The listing of the folder never ends.
    endless_listing: bool,
    /// What it sends beyond what was asked.
    surplus: usize,
    /// Bytes of every file.
    length: u64,
    listed: HashSet<String>,
}

fn done(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: String::new(),
        language_tag: String::new(),
    }
}

impl Handler for Server {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, StatusCode> {
        let handle = match path.len() {
            ..=200 => path,
            length => length.to_string(),
        };
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusCode> {
        let lists = handle == "/folder" || self.endless;
        if !lists || (!self.listed.insert(handle) && !self.endless_listing) {
            return Err(StatusCode::Eof);
        }
        let files = self.listing.iter().map(|(name, mode, size)| Listed {
            filename: (*name).to_owned(),
            longname: String::new(),
            attrs: FileAttributes {
                permissions: Some(*mode),
                size: Some(*size),
                mtime: Some(1_000_000_000),
                ..FileAttributes::empty()
            },
        });
        Ok(Name {
            id,
            files: files.collect(),
        })
    }

    async fn open(
        &mut self,
        id: u32,
        handle: String,
        _: OpenFlags,
        _: FileAttributes,
    ) -> Result<Handle, StatusCode> {
        Ok(Handle { id, handle })
    }

    async fn read(&mut self, id: u32, _: String, offset: u64, length: u32) -> Result<Data, StatusCode> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap();
        match left.min(length as usize) {
            0 => Err(StatusCode::Eof),
            length => Ok(Data {
                id,
                data: vec![7; length + self.surplus],
            }),
        }
    }

    async fn close(&mut self, id: u32, _: String) -> Result<Status, StatusCode> {
        Ok(done(id))
    }

    async fn readlink(&mut self, id: u32, _: String) -> Result<Name, StatusCode> {
        let up = Listed::dummy("..");
        Ok(Name { id, files: vec![up] })
    }
}

async fn receive_into(bed: &Bed, server: Server) -> Result<u64, CommunicatorError> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    server::run(far, server).await;
    let result = receive(&Remote::with(near).await.unwrap(), bed.target(), &NoProgress).await;
    bed.check();
    result
}

async fn refused(server: Server, because: &str) {
    let error = receive_into(&Bed::new(), server).await.unwrap_err();
    assert!(matches!(error, CommunicatorError::Hostile(_)), "{error:?}");
    assert!(error.to_string().contains(because), "{error}");
}

#[tokio::test]
async fn names_that_are_paths_are_refused() {
    for name in ["", "../outside", "/outside", "a/../../outside", "a/b", "a\0b"] {
        for mode in [FILE, FOLDER, LINK] {
            let server = Server {
                listing: vec![(name, mode, 0)],
                ..Server::default()
            };
            refused(server, "in a listing").await;
        }
    }
}

#[tokio::test]
async fn a_name_that_is_a_link_and_a_directory_leads_nowhere() {
    for listing in [
        vec![("up", LINK, 0), ("up", FOLDER, 0)],
        vec![("up", FOLDER, 0), ("up", LINK, 0), ("outside", FILE, 1)],
    ] {
        let bed = Bed::new();
        let server = Server {
            listing,
            endless: true,
            length: 1,
            ..Server::default()
        };
        receive_into(&bed, server).await.unwrap_err();
    }
}

#[tokio::test]
async fn directories_without_end_are_refused() {
    let name: &str = Box::leak("d".repeat(250).into_boxed_str());
    let server = Server {
        listing: vec![(name, FOLDER, 0)],
        endless: true,
        ..Server::default()
    };
    refused(server, "a path of more than").await;
}

#[tokio::test]
async fn more_than_was_asked_for_is_refused() {
    for size in [10, 1_000_000] {
        let server = Server {
            listing: vec![("file", FILE, size)],
            length: size,
            surplus: 1,
            ..Server::default()
        };
        refused(server, "more than was asked for").await;
    }
}

#[tokio::test]
async fn a_file_that_ends_early_is_an_error_and_does_not_stay() {
    for size in [10, 1_000_000] {
        let bed = Bed::new();
        let server = Server {
            listing: vec![("file", FILE, size)],
            length: size / 2,
            ..Server::default()
        };
        let error = receive_into(&bed, server).await.unwrap_err();
        assert!(matches!(error, CommunicatorError::Remote { .. }), "{error:?}");
        assert!(error.to_string().contains("/folder/file"), "{error}");
        assert!(!bed.path("file").exists());
    }
}

#[tokio::test]
async fn what_is_no_file_is_left_out_and_no_rights_are_kept() {
    let bed = Bed::new();
    let server = Server {
        listing: vec![
            (".", FOLDER, 0),
            ("..", FOLDER, 0),
            ("socket", 0o140_777, 0),
            ("disk", 0o060_777, 0),
            ("pipe", 0o010_777, 0),
            ("tool", 0o104_755, 70_000),
        ],
        length: 70_000,
        ..Server::default()
    };
    assert_eq!(receive_into(&bed, server).await.unwrap(), 70_000);
    assert_eq!(fs::read_dir(bed.path("")).unwrap().count(), 1);
    let tool = bed.path("tool");
    assert!(fs::read(&tool).unwrap() == [7; 70_000]);
    assert_eq!(fs::metadata(tool).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[tokio::test]
async fn a_listing_without_end_is_refused() {
    let name: &str = Box::leak("n".repeat(200).into_boxed_str());
    for listing in [vec![], vec![(name, 0o010_666, 0)], vec![(".", FOLDER, 0); 200]] {
        let server = Server {
            listing,
            endless_listing: true,
            ..Server::default()
        };
        refused(server, "listings of more than 10000 names").await;
    }
    let server = Server {
        listing: vec![(name, FOLDER, 0); 200],
        endless_listing: true,
        ..Server::default()
    };
    refused(server, "directories with more than 1048576 bytes of names").await;
}

#[tokio::test]
async fn sizes_that_no_file_has_are_refused() {
    for size in [u64::MAX, 1 << 63] {
        let server = Server {
            listing: vec![("file", FILE, size)],
            ..Server::default()
        };
        refused(server, &format!("`/folder/file`: a size of {size} bytes")).await;
    }
}

#[test]
fn a_listed_name_is_kept_as_it_is() {
    assert_eq!(below("", "a b\n'").unwrap(), "a b\n'");
    assert_eq!(below("a", "...").unwrap(), "a/...");
    let error = below("a", "b\u{fffd}").unwrap_err();
    assert!(matches!(error, CommunicatorError::NotUtf8(_)), "{error:?}");
}
