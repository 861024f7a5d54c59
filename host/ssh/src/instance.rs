//! What the steps of a builder learn of their instance before anybody connects to it.
//!
//! A builder that starts an instance makes one [`InstanceSlot`], gives it to the steps that learn something and to
//! [`crate::StepConnect`], which reads it once when it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::keys::PublicKey;

use crate::credentials::PrivateKey;

/// Filled by the steps before [`crate::StepConnect`]. Cheap to clone; all copies are one slot.
#[derive(Clone, Debug, Default)]
pub struct InstanceSlot {
    known: Arc<Mutex<Instance>>,
}

/// What is known of an instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Instance {
    pub(crate) host: Option<String>,
    /// The keys its server may show; any where there are none.
    pub(crate) host_keys: Vec<PublicKey>,
    /// The builder's own key, which the platform put on the instance.
    pub(crate) private_key: Option<PrivateKey>,
    pub(crate) hint: Option<String>,
    pub(crate) tells_unverified: bool,
}

impl InstanceSlot {
    /// The address. `ssh_host`, where the user gave it, counts before it.
    pub fn set_host(&self, host: impl Into<String>) {
        self.lock().host = Some(host.into());
    }

    /// The host keys that the platform told over a way that nobody else can write to, such as the console of the
    /// instance: lines as in a `.pub` file. From then on the server must show one of them.
    ///
    /// An error names the line that is no public key; nothing is set then.
    pub fn set_host_keys(&self, lines: &[impl AsRef<str>]) -> Result<(), String> {
        let keys = lines.iter().map(|line| {
            let line = line.as_ref().trim();
            PublicKey::from_openssh(line).map_err(|error| format!("`{line}` is no public key: {error}"))
        });
        self.lock().host_keys = keys.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The temporary key that the platform put on the instance; used besides `ssh_private_key_file`.
    pub fn set_private_key(&self, key: PrivateKey) {
        self.lock().private_key = Some(key);
    }

    /// What else may be wrong where SSH times out, such as the addresses that a temporary firewall lets in: lowercase,
    /// no full stop.
    pub fn set_hint(&self, hint: impl Into<String>) {
        self.lock().hint = Some(hint.into());
    }

    /// Asks [`crate::StepConnect`] to say which host key it took without knowing it.
    pub fn tell_unverified_host_key(&self) {
        self.lock().tells_unverified = true;
    }

    pub(crate) fn read(&self) -> Instance {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Instance> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    #[test]
    fn host_keys_are_lines_of_public_keys() {
        let slot = InstanceSlot::default();
        let console = format!("{KEY} root@ip-10-0-0-1\r");
        slot.set_host_keys(&[console]).unwrap();
        let error = slot.set_host_keys(&[KEY, "ssh-ed25519 AAAA"]).unwrap_err();
        assert!(
            error.starts_with("`ssh-ed25519 AAAA` is no public key: "),
            "{error}"
        );
        assert_eq!(slot.read().host_keys.len(), 1, "what was wrong changes nothing");
    }
}
