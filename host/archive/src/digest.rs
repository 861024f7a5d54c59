//! Digests of a file, all from one reading.

use std::{fmt::Write as _, io::Read, str::FromStr};

use sha2::digest::{Digest, DynDigest};

use crate::{
    Error,
    format::unknown,
    watch::{Watch, Watched, stopped},
};

/// Bytes read at once.
const PIECE: usize = 1024 * 1024;

/// A digest's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Broken; for compatibility.
    Md5,
    /// Broken; for compatibility.
    Sha1,
    /// SHA-2, 224 bits.
    Sha224,
    /// SHA-2, 256 bits.
    Sha256,
    /// SHA-2, 384 bits.
    Sha384,
    /// SHA-2, 512 bits.
    Sha512,
}

impl Algorithm {
    const ALL: [(&'static str, Self); 6] = [
        ("md5", Self::Md5),
        ("sha1", Self::Sha1),
        ("sha224", Self::Sha224),
        ("sha256", Self::Sha256),
        ("sha384", Self::Sha384),
        ("sha512", Self::Sha512),
    ];

    fn start(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::new(md5::Md5::new()),
            Self::Sha1 => Box::new(sha1::Sha1::new()),
            Self::Sha224 => Box::new(sha2::Sha224::new()),
            Self::Sha256 => Box::new(sha2::Sha256::new()),
            Self::Sha384 => Box::new(sha2::Sha384::new()),
            Self::Sha512 => Box::new(sha2::Sha512::new()),
        }
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found
            .map(|(_, algorithm)| algorithm)
            .ok_or_else(|| unknown("algorithm", name, Self::ALL.map(|(known, _)| known)))
    }
}

/// The digests of what `file` holds, in the order of `algorithms`, in lowercase hexadecimal.
pub fn digest(file: impl Read, algorithms: &[Algorithm], watch: &dyn Watch) -> Result<Vec<String>, Error> {
    let mut running: Vec<_> = algorithms.iter().map(|algorithm| algorithm.start()).collect();
    let mut file = Watched::new(file, watch);
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece).map_err(stopped)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            break;
        };
        running.iter_mut().for_each(|digest| digest.update(read));
    }
    Ok(running
        .into_iter()
        .map(|digest| hex(&digest.finalize()))
        .collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::tests::{Cancelled, Counting};

    #[test]
    fn one_reading_gives_every_digest() {
        // Digests of `abc`: RFC 1321 A.5, FIPS 180-4 examples.
        let check = |name: &str, expect: &str| {
            let watch = Counting::default();
            let algorithm = name.parse().unwrap();
            let found = digest(&b"abc"[..], &[algorithm, algorithm], &watch).unwrap();
            assert_eq!(found, [expect, expect], "{name}");
            assert_eq!(watch.count(), 3);
        };
        check("md5", "900150983cd24fb0d6963f7d28e17f72");
        check("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(
            "sha224",
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        );
        check(
            "sha256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check(
            "sha384",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        );
        check(
            "sha512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        );
    }

    #[test]
    fn an_unknown_algorithm_is_named() {
        let error = "crc".parse::<Algorithm>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`crc` is no algorithm: there are md5, sha1, sha224, sha256, sha384, sha512"
        );
    }

    #[test]
    fn a_watch_can_end_it() {
        let endless = std::io::repeat(7);
        assert!(matches!(
            digest(endless, &[Algorithm::Md5], &Cancelled),
            Err(Error::Cancelled)
        ));
    }
}
