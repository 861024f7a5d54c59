//! Moving bytes: files over SFTP with many requests in flight, trees as one tar stream.
//!
//! Where the server has no SFTP, a file goes through `cat`. [`program`] runs the remote side of a stream: it feeds the
//! program, reads its output and keeps the end of what it complains about.

pub(crate) mod file;
mod pack;
pub(crate) mod program;
pub(crate) mod tree;
mod unpack;
