//! What the accounts of a test have in common: moto, and the machine that stands for every instance.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;

use super::{account::Account, moto::Moto};
use crate::SshBed;

/// The image that is there before anything is built, in each region: Amazon Linux, as Amazon owns it.
pub const SOURCE_AMI: &str = "ami-0123456789abcdef0";

/// One moto and one OpenSSH server. Both end when dropped, and all accounts with them.
#[derive(Debug)]
pub struct Cloud {
    pub(super) shared: Arc<Shared>,
    accounts: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) moto: Moto,
    pub(super) machine: SshBed,
    /// The public keys of key pairs, by account, region and name.
    keys: Mutex<BTreeMap<(String, String, String), String>>,
}

impl Cloud {
    /// Starts both.
    pub fn start() -> Self {
        let images = json!([{
            "ami_id": SOURCE_AMI,
            "name": "amzn2-ami-hvm-2.0.20241031.0-x86_64-gp2",
            "description": "Amazon Linux 2 AMI",
            "owner_id": "137112412989",
            "public": true,
            "state": "available",
            "architecture": "x86_64",
            "virtualization_type": "hvm",
            "hypervisor": "xen",
            "image_type": "machine",
            "image_location": "amazon/amzn2-ami-hvm-2.0.20241031.0-x86_64-gp2",
            "root_device_type": "ebs",
            "root_device_name": "/dev/xvda",
            "sriov": "simple",
            "creation_date": "2024-10-31T00:00:00.000Z",
        }]);
        let shared = Shared {
            moto: Moto::start(&images.to_string()),
            machine: SshBed::start(),
            keys: Mutex::default(),
        };
        shared.authorize();
        Self {
            shared: Arc::new(shared),
            accounts: AtomicU64::new(200_000_000_000),
        }
    }

    /// An account that has nothing yet.
    pub fn account(&self) -> Account {
        let id = self.accounts.fetch_add(1, Ordering::Relaxed);
        Account::new(Arc::clone(&self.shared), id.to_string())
    }

    /// The machine that stands for every instance.
    pub fn machine(&self) -> &SshBed {
        &self.shared.machine
    }
}

impl Shared {
    /// What cloud-init prints about the machine's host key.
    pub(super) fn console(&self) -> String {
        let path = self.machine.key().with_file_name("host.pub");
        let key = fs::read_to_string(path).expect("the bed made it");
        format!(
            "booted\r\n-----BEGIN SSH HOST KEY KEYS-----\r\n{key}-----END SSH HOST KEY KEYS-----\r\nlogin: "
        )
    }

    /// Lets in who holds this key pair's private key. None: not any more.
    pub(super) fn key_pair(&self, account: &str, region: &str, name: &str, public: Option<String>) {
        let at = (account.to_owned(), region.to_owned(), name.to_owned());
        let mut keys = self.keys.lock().expect("no holder panics");
        match public {
            Some(key) => keys.insert(at, key),
            None => keys.remove(&at),
        };
        self.write(&keys);
    }

    fn authorize(&self) {
        self.write(&self.keys.lock().expect("no holder panics"));
    }

    /// The server reads the file at each login, which must not see half of it.
    fn write(&self, keys: &BTreeMap<(String, String, String), String>) {
        let authorized = self.machine.key().with_file_name("authorized");
        let new = authorized.with_extension("new");
        let lines: String = keys.values().map(|key| format!("{key}\n")).collect();
        fs::write(&new, lines).expect("a file can be written");
        fs::rename(&new, &authorized).expect("a file can be renamed");
    }
}
