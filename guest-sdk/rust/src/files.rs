//! Whole files of [`crate::outputs`], for steps whose files are small.

use crate::{Error, outputs::Output};

/// Bytes of one call.
const PIECE: u32 = 1024 * 1024;

/// All of a file; nothing where there is none. More than `limit` bytes are an error.
pub fn read_all(output: &Output, limit: usize) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    if !output.exists() {
        return Ok(content);
    }
    loop {
        let piece = output.read(content.len() as u64, PIECE)?;
        if piece.is_empty() {
            return Ok(content);
        }
        content.extend(piece);
        if content.len() > limit {
            return Err(Error::new(format!(
                "`{}` is larger than the {limit} bytes that are read of it",
                output.path()
            )));
        }
    }
}
