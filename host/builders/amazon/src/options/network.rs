//! Blocks of addresses, for the temporary security group.

use std::{fmt, net::IpAddr};

use kilnbox_engine::Problem;

use super::given::{Given, child};

/// None where the template lists none.
pub(super) fn cidrs(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Vec<Cidr>> {
    let name = "temporary_security_group_source_cidrs";
    let mut found = Vec::new();
    for (index, text) in given.list(name).into_iter().enumerate() {
        match text.parse() {
            Ok(cidr) => found.push(cidr),
            Err(()) => {
                let at = child(&given.at(name), &index.to_string());
                let problem = Problem::error(at, format!("`{text}` is not a block of addresses"));
                problems.push(problem.hint("write it like `192.0.2.0/24` or `2001:db8::/32`"));
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

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

impl std::str::FromStr for Cidr {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = text.split_once('/').ok_or(())?;
        let address: IpAddr = address.parse().map_err(drop)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.parse().map_err(drop)?;
        // `+8` is a number to Rust.
        let digits = text.ends_with(|last: char| last.is_ascii_digit()) && !text.contains('+');
        (digits && prefix <= longest)
            .then_some(Self { address, prefix })
            .ok_or(())
    }
}
