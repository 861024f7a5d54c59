//! Who is told how far the work is, and can end it.

use std::io::{self, Read};

/// The one who waits for a digest or an archive.
pub trait Watch: Send + Sync {
    /// That many bytes more were read. Called about once per MiB.
    fn read(&self, bytes: u64);

    /// Whether to stop. Asked before each piece.
    fn cancelled(&self) -> bool;
}

/// An error that is none of the system's: [`crate::Error::Cancelled`] on its way through `io`.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub(crate) struct Stop;

/// Reads what it wraps, counts, and stops when asked to.
pub(crate) struct Watched<'w, R> {
    inner: R,
    watch: &'w dyn Watch,
    untold: u64,
    pub(crate) total: u64,
}

/// How often a watch is told.
const TELL_EACH: u64 = 1024 * 1024;

impl<'w, R: Read> Watched<'w, R> {
    pub(crate) fn new(inner: R, watch: &'w dyn Watch) -> Self {
        Self {
            inner,
            watch,
            untold: 0,
            total: 0,
        }
    }
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.cancelled() {
            return Err(io::Error::other(Stop));
        }
        let count = self.inner.read(buffer)?;
        self.total += count as u64;
        self.untold += count as u64;
        if self.untold >= TELL_EACH {
            self.watch.read(std::mem::take(&mut self.untold));
        }
        Ok(count)
    }
}

impl<R> Drop for Watched<'_, R> {
    fn drop(&mut self) {
        self.watch.read(self.untold);
    }
}

/// Tells a stop apart from an error of the system.
pub(crate) fn stopped(error: io::Error) -> crate::Error {
    match error.get_ref() {
        Some(inner) if inner.is::<Stop>() => crate::Error::Cancelled,
        _ => crate::Error::Io(error),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    pub(crate) struct Counting(AtomicU64);

    impl Counting {
        pub(crate) fn count(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Watch for Counting {
        fn read(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }

        fn cancelled(&self) -> bool {
            false
        }
    }

    pub(crate) struct Cancelled;

    impl Watch for Cancelled {
        fn read(&self, _: u64) {}

        fn cancelled(&self) -> bool {
            true
        }
    }
}
