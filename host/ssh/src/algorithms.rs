//! Which algorithms a connection asks for, the most wanted first.
//!
//! The library's own choice, but for what the user says, and for one thing: where the processor computes AES itself,
//! AES-GCM stands before ChaCha20, which no processor does. A large transfer then takes a third less time.

use std::borrow::Cow;

use russh::{Preferred, cipher, compression, keys::Algorithm};

use crate::options::SshOptions;

/// `host_keys` are the kinds of the host keys that are trusted; any where there are none.
pub(crate) fn preferred(options: &SshOptions, host_keys: &[Algorithm]) -> Preferred {
    let mut preferred = Preferred::default();
    if !host_keys.is_empty() {
        // A known RSA key says nothing of the hash that it signs with.
        let kind = |algorithm: &Algorithm| match algorithm {
            Algorithm::Rsa { .. } => Algorithm::Rsa { hash: None },
            other => other.clone(),
        };
        let known: Vec<Algorithm> = host_keys.iter().map(kind).collect();
        let kept = preferred
            .key
            .iter()
            .filter(|name| known.contains(&kind(name)))
            .cloned();
        preferred.key = kept.collect();
    }
    if options.compression {
        // `zlib` alone would compress before the login, on behalf of anybody.
        preferred.compression = Cow::Borrowed(&[compression::ZLIB_LEGACY, compression::NONE]);
    }
    match &options.ciphers {
        Some(chosen) => preferred.cipher = Cow::Owned(chosen.clone()),
        None if computes_aes() => {
            let first = [cipher::AES_128_GCM, cipher::AES_256_GCM];
            let others = preferred.cipher.iter().copied();
            let others = others.filter(|name| !first.contains(name));
            preferred.cipher = first.into_iter().chain(others).collect();
        }
        None => {}
    }
    if let Some(chosen) = &options.key_exchange {
        // The extension markers travel in the same list and are no algorithms.
        let markers =
            preferred.kex.iter().copied().filter(|name| {
                name.as_ref().starts_with("ext-info") || name.as_ref().starts_with("kex-strict")
            });
        preferred.kex = chosen.iter().copied().chain(markers).collect();
    }
    preferred
}

#[cfg(target_arch = "x86_64")]
fn computes_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn computes_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn computes_aes() -> bool {
    false
}
