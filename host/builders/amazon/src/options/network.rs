//! Blocks of addresses, for the temporary security group.

use std::{fmt, net::IpAddr};

/// A block of addresses; which version of IP it is of says `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    /// Its first address.
    pub(crate) address: IpAddr,
    /// Bits that all addresses of the block share.
    pub(crate) prefix: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}
