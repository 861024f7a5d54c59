//! What a run writes to local disks, counted before it is written.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    Limits,
    limits::{Reached, Unit},
};

/// The count of one run. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    used: Arc<Used>,
    bytes: u64,
    files: u64,
}

#[derive(Debug, Default)]
struct Used {
    bytes: AtomicU64,
    files: AtomicU64,
}

impl Quota {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            used: Arc::default(),
            bytes: limits.written_bytes,
            files: limits.written_files,
        }
    }

    /// `count` more bytes are about to be written.
    pub(crate) fn bytes(&self, count: u64) -> Result<(), Reached> {
        take(&self.used.bytes, count, self.bytes).map_err(|()| {
            let most = Unit::Bytes.show(self.bytes);
            Reached::new("written-size", format!("may write {most} to local files"))
        })
    }

    /// `count` more files or folders are about to be made.
    pub(crate) fn files(&self, count: u64) -> Result<(), Reached> {
        take(&self.used.files, count, self.files)
            .map_err(|()| Reached::new("written-files", format!("may make {} local files", self.files)))
    }
}

fn take(used: &AtomicU64, count: u64, most: u64) -> Result<(), ()> {
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
        used.checked_add(count).filter(|total| *total <= most)
    })
    .map(drop)
    .map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_counted_by_all_clones_together() {
        let quota = Quota::new(&Limits {
            written_bytes: 10,
            written_files: 2,
            ..Limits::default()
        });
        quota.bytes(7).unwrap();
        quota.clone().bytes(3).unwrap();
        assert_eq!(quota.bytes(1).unwrap_err().limit, "written-size");
        assert!(quota.bytes(u64::MAX).is_err());
        quota.files(2).unwrap();
        assert_eq!(quota.files(1).unwrap_err().to_string(), "may make 2 local files");
    }
}
