//! Digests and archives of local files: streaming, with all cores, and stopped at any time.
//!
//! The sandbox calls it on a blocking thread for the interface `outputs`, so that the bytes of an image never pass
//! through a component. [`digest`] reads a file once for any number of algorithms; [`Archive`] writes files into one.
//! Both tell a [`Watch`] how far they are, which can end them.

mod block;
mod codec;
mod container;
mod digest;
mod error;
mod format;
mod watch;

pub use block::threads;
pub use container::{Archive, Entry};
pub use digest::{Algorithm, digest};
pub use error::Error;
pub use format::{Compression, Container};
pub use watch::Watch;
