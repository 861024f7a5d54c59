//! An authority that nobody knows, and a certificate of it for `localhost`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Where the certificates are.
#[derive(Debug)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes `authority.pem`, `server.pem` and `server.key` in a folder.
    pub fn make(folder: &Path) -> Self {
        let key = || KeyPair::generate().expect("a key can be made");
        // Names of their own: one that is its issuer's would be taken for a certificate that signs itself.
        let named = |mut parameters: CertificateParams, name: &str| {
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters
        };
        let mut authority = named(CertificateParams::default(), "authority of this test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority can be made");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let server_key = key();
        let server = CertificateParams::new(names)
            .and_then(|server| named(server, "localhost").signed_by(&server_key, &authority))
            .expect("a certificate can be made");
        let write = |name: &str, text: String| {
            fs::write(folder.join(name), text).expect("a file can be written");
        };
        write("authority.pem", authority.pem());
        write("server.pem", server.pem());
        write("server.key", server_key.serialize_pem());
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The authority's own certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }
}
