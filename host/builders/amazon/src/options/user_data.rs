//! What the instance is told when it starts.

use std::fmt;

/// `user_data`, or the content of `user_data_file`. As it was written: EC2 takes it in base64, which it may be already.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UserData {
    /// Text or an archive.
    pub(crate) bytes: Vec<u8>,
}

impl fmt::Debug for UserData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserData({} bytes)", self.bytes.len())
    }
}
