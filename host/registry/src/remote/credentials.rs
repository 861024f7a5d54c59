//! The credentials that `docker login` and its like keep, from their files and their helpers.
//!
//! Only the credentials of the very host that asks are looked up. No file is no credentials; a file that cannot be
//! read is an error, because asking without a name would only fail in a more puzzling way.

use std::{fs, io, path::Path};

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::RemoteError;
use crate::limits::CREDENTIAL_HELPER;

/// Who the user is for a registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    None,
    Password {
        name: String,
        password: String,
    },
    /// A token that gets tokens.
    Identity(String),
}

/// Asks each file in turn. A helper is a program, and may take its time.
pub(crate) async fn find(files: &[std::path::PathBuf], host: &str) -> Result<Credentials, RemoteError> {
    let unreadable = |reason: String| RemoteError::Credentials {
        host: host.to_owned(),
        reason,
    };
    let (files, wanted) = (files.to_vec(), host.to_owned());
    let asking = tokio::task::spawn_blocking(move || {
        for file in &files {
            match ask(file, &wanted)? {
                Credentials::None => {}
                found => return Ok(found),
            }
        }
        Ok(Credentials::None)
    });
    match tokio::time::timeout(CREDENTIAL_HELPER, asking).await {
        Ok(Ok(found)) => found.map_err(unreadable),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(_) => Err(unreadable(format!(
            "the helper did not answer within {}",
            humantime::format_duration(CREDENTIAL_HELPER)
        ))),
    }
}

fn ask(file: &Path, host: &str) -> Result<Credentials, String> {
    let text = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Credentials::None),
        read => read.map_err(|error| format!("`{}`: {error}", file.display()))?,
    };
    match docker_credential::get_credential_from_reader(text.as_slice(), host) {
        Ok(DockerCredential::IdentityToken(token)) => Ok(Credentials::Identity(token)),
        Ok(DockerCredential::UsernamePassword(name, password)) => {
            Ok(Credentials::Password { name, password })
        }
        Err(CredentialRetrievalError::NoCredentialConfigured) => Ok(Credentials::None),
        // What every helper says of a host that it does not know, on standard output.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(Credentials::None)
        }
        Err(error) => Err(format!("`{}`: {error}", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, host: &str) -> Result<Credentials, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        fs::write(&file, text).unwrap();
        ask(&file, host)
    }

    #[test]
    fn only_the_host_that_asks_gets_its_own() {
        let config = r#"{"auths": {"ghcr.io": {"auth": "bWU6c2VjcmV0"}}}"#;
        let mine = Credentials::Password {
            name: "me".to_owned(),
            password: "secret".to_owned(),
        };
        assert!(asked(config, "ghcr.io") == Ok(mine));
        assert!(asked(config, "ghcr.io.evil.example") == Ok(Credentials::None));
        assert!(asked(config, "evil.example") == Ok(Credentials::None));
    }

    #[test]
    fn a_broken_file_is_an_error_and_not_anonymous() {
        assert!(asked("{", "ghcr.io").is_err());
        assert!(ask(Path::new("/no/such/file"), "ghcr.io") == Ok(Credentials::None));
    }
}
