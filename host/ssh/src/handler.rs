//! What the server may do to us: show its key, and nothing else.
//!
//! The host key is one that was told beforehand. Where none was, it is taken on trust the first time and pinned once a
//! login with it succeeded, for the life of the build.
//! Channels that the server opens are refused: nothing was ever asked of it, agent forwarding is off.

use std::sync::{Arc, Mutex, PoisonError};

use russh::{
    Channel, ChannelOpenFailure,
    client::{ChannelOpenHandle, Handler, Msg, Session},
    keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate},
};

/// The host key of one instance, shared by all connections to it.
#[derive(Debug, Default)]
pub(crate) struct HostKey {
    /// Told by the platform; none but these is trusted, where there are any.
    known: Vec<PublicKey>,
    pinned: Mutex<Option<PublicKey>>,
}

impl HostKey {
    pub(crate) fn known(known: Vec<PublicKey>) -> Self {
        Self {
            known,
            pinned: Mutex::default(),
        }
    }

    pub(crate) fn is_known(&self) -> bool {
        !self.known.is_empty()
    }

    /// The kinds of the keys that are trusted; none where any is.
    pub(crate) fn kinds(&self) -> Vec<Algorithm> {
        self.known.iter().map(PublicKey::algorithm).collect()
    }

    /// The fingerprint of the key that was trusted without knowing it.
    pub(crate) fn unverified(&self) -> Option<String> {
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pinned.as_ref().filter(|_| self.known.is_empty()).map(fingerprint)
    }

    /// Trusts this key from now on, unless another one is trusted already.
    pub(crate) fn pin(&self, key: PublicKey) {
        self.pinned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(key);
    }

    fn check(&self, shown: &PublicKey) -> Result<(), SessionError> {
        let is_shown = |known: &PublicKey| known.key_data() == shown.key_data();
        if !self.known.is_empty() && !self.known.iter().any(is_shown) {
            return Err(SessionError::HostKeyUnknown {
                known: self.fingerprints(),
                shown: fingerprint(shown),
            });
        }
        match &*self.pinned.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(pinned) if pinned.key_data() != shown.key_data() => Err(SessionError::HostKeyChanged {
                pinned: fingerprint(pinned),
                shown: fingerprint(shown),
            }),
            _ => Ok(()),
        }
    }

    /// Of the known keys, with their kinds.
    pub(crate) fn fingerprints(&self) -> String {
        let told = |key: &PublicKey| format!("{} ({})", fingerprint(key), key.algorithm());
        let all: Vec<String> = self.known.iter().map(told).collect();
        all.join(", ")
    }
}

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// The protocol or the transport.
    #[error(transparent)]
    Protocol(#[from] russh::Error),
    /// Not the server we know.
    #[error("the host key changed from {pinned} to {shown}")]
    HostKeyChanged { pinned: String, shown: String },
    /// None of the keys that were told beforehand.
    #[error("the host key {shown} is none of {known}")]
    HostKeyUnknown { known: String, shown: String },
}

/// One session's handler. `shown` is read back by who connects, to pin it after the login.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) host_key: Arc<HostKey>,
    pub(crate) shown: Arc<Mutex<Option<PublicKey>>>,
}

impl Handler for Guard {
    type Error = SessionError;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, SessionError> {
        // Host certificates are never offered by us, so a server that sends one breaks the protocol.
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        self.host_key.check(key)?;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(true)
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), SessionError> {
        refuse(reply).await
    }
}

async fn refuse(reply: ChannelOpenHandle) -> Result<(), SessionError> {
    reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
    Ok(())
}

fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}
