//! One file in either direction, and removing one.
//!
//! SFTP has no shell, so a path arrives as it is. The library keeps many requests in flight; a large buffer here keeps
//! it busy. `cat` stands in on servers without SFTP, and [`far`] knows a faster way for small files.

use std::path::Path;

use kilnbox_engine::{CommunicatorError, Progress, Upload};
use russh_sftp::{
    client::{SftpSession, error::Error as SftpError, fs::File},
    protocol::{FileAttributes, OpenFlags, StatusCode},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{
    links::Links,
    quote,
    transfer::{
        far,
        gaps::Gaps,
        local::unreadable,
        program::{self, cut},
    },
};

/// Bytes moved between two reports of progress.
const BUFFER: usize = 1024 * 1024;
/// Bytes that go by one command where the instance is far: fewer answers to wait for.
const SMALL: u64 = 32 * 1024;
/// Mode of a new file where none was asked for.
const NEW_FILE: u32 = 0o644;

/// Writes a file on the instance.
pub(crate) async fn upload(
    links: &Links,
    to: &str,
    upload: Upload<'_>,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let link = links.acquire().await?;
    if let (Some(..=SMALL), Some(mode)) = (upload.size, upload.mode)
        && link.is_far().await?
    {
        drop(link);
        return upload_far(links, to, upload.content, mode, progress).await;
    }
    if let Some(sftp) = link.sftp().await? {
        return upload_sftp(sftp, to, upload, progress).await;
    }
    drop(link);
    upload_cat(links, to, upload, progress).await
}

/// Reads a file of the instance.
pub(crate) async fn download(
    links: &Links,
    from: &str,
    to: &mut (dyn AsyncWrite + Send + Unpin),
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let link = links.acquire().await?;
    let Some(sftp) = link.sftp().await? else {
        drop(link);
        let mut moved = 0;
        let line = format!("cat {}", quote::path(from)?);
        let ended = program::fetch(links, line, to, |bytes| {
            moved += bytes;
            progress.moved(moved, None);
        });
        ended.await?.success(from)?;
        return Ok(moved);
    };
    let remote = |error| refusal(from, error);
    let mut file = sftp.open(plain(from)?).await.map_err(remote)?;
    let about = file.metadata().await.map_err(remote)?;
    if about.is_dir() {
        return Err(CommunicatorError::Remote {
            path: from.to_owned(),
            reason: "is a directory".to_owned(),
        });
    }
    let total = about.size;
    let mut moved = 0;
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = file
            .read(&mut buffer)
            .await
            .map_err(|error| transport(from, &error))?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        to.write_all(bytes)
            .await
            .map_err(|error| unreadable(Path::new(""), error))?;
        moved += length as u64;
        progress.moved(moved, total);
    }
    to.flush()
        .await
        .map_err(|error| unreadable(Path::new(""), error))?;
    file.close().await.map_err(|error| transport(from, &error))?;
    Ok(moved)
}

/// Removes a file; a missing one is no error.
pub(crate) async fn remove(links: &Links, path: &str) -> Result<(), CommunicatorError> {
    let mut link = links.acquire().await?;
    // Opening SFTP takes four answers, which a short command does not wait for.
    if !link.has_sftp() && link.is_far().await? {
        drop(link);
        if far::remove(links, path).await? {
            return Ok(());
        }
        link = links.acquire().await?;
    }
    match link.sftp().await? {
        Some(sftp) => match sftp.remove_file(plain(path)?).await {
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => Ok(()),
            result => result.map_err(|error| refusal(path, error)),
        },
        None => {
            drop(link);
            let line = format!("rm -f {}", quote::path(path)?);
            program::fetch(links, line, &mut tokio::io::sink(), |_| {})
                .await?
                .success(path)
        }
    }
}

/// A file that is small as far as is known, to an instance that is far away.
async fn upload_far(
    links: &Links,
    to: &str,
    content: &mut (dyn AsyncRead + Send + Unpin),
    mode: u32,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let mut bytes = Vec::new();
    (&mut *content)
        .take(SMALL + 1)
        .read_to_end(&mut bytes)
        .await
        .map_err(|error| unreadable(Path::new(""), error))?;
    let length = bytes.len() as u64;
    if length <= SMALL && far::upload(links, to, &bytes, mode).await? {
        progress.moved(length, Some(length));
        return Ok(length);
    }
    let upload = Upload {
        content: &mut bytes.as_slice().chain(content),
        size: (length <= SMALL).then_some(length),
        mode: Some(mode),
    };
    let link = links.acquire().await?;
    if let Some(sftp) = link.sftp().await? {
        return upload_sftp(sftp, to, upload, progress).await;
    }
    drop(link);
    upload_cat(links, to, upload, progress).await
}

async fn upload_sftp(
    sftp: &SftpSession,
    to: &str,
    upload: Upload<'_>,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let remote = |error| refusal(to, error);
    let mode = |bits: u32| FileAttributes {
        permissions: Some(bits),
        ..FileAttributes::empty()
    };
    let path = plain(to)?;
    let create = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
    let wanted = upload.mode.map(|bits| bits & 0o7777);
    let created = sftp
        .open_with_flags_and_attributes(&path, create, mode(wanted.unwrap_or(NEW_FILE)))
        .await;
    let (mut file, wanted) = match created {
        Ok(file) => (file, Some(wanted.unwrap_or(NEW_FILE))),
        // SFTP says no more than "failure" where the file exists already.
        Err(SftpError::Status(status)) if status.status_code == StatusCode::Failure => {
            let file = sftp
                .open_with_flags(&path, OpenFlags::WRITE | OpenFlags::TRUNCATE)
                .await
                .map_err(remote)?;
            if let Some(bits) = wanted {
                // Before the content, which may be secret.
                file.set_metadata(mode(bits)).await.map_err(remote)?;
            }
            (file, wanted)
        }
        Err(error) => return Err(remote(error)),
    };
    let moved = write(&mut file, to, upload.content, upload.size, progress).await?;
    if let Some(bits) = wanted {
        // After the content, since writing clears set-user-id bits and the umask was applied at creation.
        file.set_metadata(mode(bits)).await.map_err(remote)?;
    }
    file.close().await.map_err(|error| transport(to, &error))?;
    Ok(moved)
}

async fn write(
    file: &mut File,
    to: &str,
    content: &mut (dyn AsyncRead + Send + Unpin),
    total: Option<u64>,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let mut buffer = vec![0; BUFFER];
    let mut moved = 0;
    let mut gaps = Gaps::default();
    loop {
        let length = content
            .read(&mut buffer)
            .await
            .map_err(|error| unreadable(Path::new(""), error))?;
        let Some(bytes) = buffer.get(..length).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        gaps.write(file, bytes)
            .await
            .map_err(|error| transport(to, &error))?;
        moved += length as u64;
        progress.moved(moved, total);
    }
    gaps.end(file, moved)
        .await
        .map_err(|error| transport(to, &error))?;
    file.flush().await.map_err(|error| transport(to, &error))?;
    Ok(moved)
}

async fn upload_cat(
    links: &Links,
    to: &str,
    upload: Upload<'_>,
    progress: &dyn Progress,
) -> Result<u64, CommunicatorError> {
    let path = quote::path(to)?;
    let line = match upload.mode {
        // A file that may be secret is readable to nobody else before its mode is set.
        Some(bits) => format!("(umask 077; cat > {path}) && chmod {:04o} {path}", bits & 0o7777),
        None => format!("if [ -e {path} ]; then cat > {path}; else cat > {path} && chmod 0644 {path}; fi"),
    };
    let mut moved = 0;
    let total = upload.size;
    let ended = program::feed(links, line, upload.content, |bytes| {
        moved += bytes;
        progress.moved(moved, total);
    })
    .await?;
    ended.success(to)?;
    Ok(moved)
}

/// SFTP carries any text but a NUL byte, which OpenSSH would read as the end of the name.
fn plain(path: &str) -> Result<String, CommunicatorError> {
    quote::word(path).map(|_| path.to_owned())
}

/// What a refused request or a lost session means for `path`.
pub(crate) fn refusal(path: &str, error: SftpError) -> CommunicatorError {
    match error {
        SftpError::Status(status) => CommunicatorError::Remote {
            path: path.to_owned(),
            reason: match status.status_code {
                StatusCode::NoSuchFile => "no such file or directory".to_owned(),
                StatusCode::PermissionDenied => "permission denied".to_owned(),
                _ => status.error_message,
            },
        },
        SftpError::IO(_) | SftpError::UnexpectedBehavior(_) => cut(path),
        other => CommunicatorError::Connection(format!("SFTP with `{path}`: {other}")),
    }
}

/// The stream side of the library folds the server's refusals, as text, and everything else into one kind.
fn transport(path: &str, error: &std::io::Error) -> CommunicatorError {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<SftpError>())
    {
        Some(inner) => refusal(path, inner.clone()),
        None => CommunicatorError::Remote {
            path: path.to_owned(),
            reason: error.to_string(),
        },
    }
}
