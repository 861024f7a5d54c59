//! SHA-256 of texts and of files.

use std::{fs::File, io::Read, path::Path};

use kilnbox_archive::{Algorithm, Watch};
use tokio_util::sync::CancellationToken;

/// Of a text.
pub(super) fn of_text(text: &str) -> Option<String> {
    of(text.as_bytes(), &CancellationToken::new())
}

/// Of a regular file; none where it cannot be read, or `hurry` fires.
pub(super) fn of_file(path: &Path, hurry: &CancellationToken) -> Option<String> {
    let file = File::open(path).ok()?;
    file.metadata().ok()?.is_file().then_some(())?;
    of(file, hurry)
}

fn of(from: impl Read, hurry: &CancellationToken) -> Option<String> {
    let digests = kilnbox_archive::digest(from, &[Algorithm::Sha256], &Until(hurry)).ok()?;
    digests.into_iter().next()
}

struct Until<'t>(&'t CancellationToken);

impl Watch for Until<'_> {
    fn read(&self, _: u64) {}

    fn cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
