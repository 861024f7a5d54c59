//! Moving bytes: files over SFTP with many requests in flight, trees as one tar stream.
//!
//! Where the server has no SFTP, a file goes through `cat`; where the instance has no `tar`, [`send`] and [`receive`]
//! walk a tree over SFTP. [`program`] runs the remote side of a stream: it feeds the program, reads its output and keeps
//! the end of what it complains about. Nothing is resumed: a transfer that breaks off is an error.

#[cfg(test)]
mod bed;
mod far;
pub(crate) mod file;
mod gaps;
mod local;
mod pack;
mod place;
pub(crate) mod program;
pub(crate) mod receive;
pub(crate) mod remote;
mod send;
mod source;
pub(crate) mod tree;
pub(crate) mod unpack;
mod walk;
