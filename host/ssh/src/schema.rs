//! The JSON Schema of the communicator's options, merged into the schema of every builder with an instance.

use serde_json::{Map, Value as Json, json};

/// Options of Packer that are not built yet. They stand in the schema so that [`crate::SshOptions`] can refuse them by
/// name instead of calling them unknown.
pub(crate) const NOT_BUILT: &[&str] = &[
    "ssh_bastion_host",
    "ssh_bastion_port",
    "ssh_bastion_agent_auth",
    "ssh_bastion_username",
    "ssh_bastion_password",
    "ssh_bastion_interactive",
    "ssh_bastion_private_key_file",
    "ssh_bastion_certificate_file",
    "ssh_proxy_host",
    "ssh_proxy_port",
    "ssh_proxy_username",
    "ssh_proxy_password",
    "ssh_remote_tunnels",
    "ssh_local_tunnels",
    "ssh_keypair_name",
    "temporary_key_pair_name",
    "temporary_key_pair_type",
    "temporary_key_pair_bits",
    "ssh_clear_authorized_keys",
    "winrm_username",
    "winrm_password",
    "winrm_host",
    "winrm_no_proxy",
    "winrm_port",
    "winrm_timeout",
    "winrm_use_ssl",
    "winrm_insecure",
    "winrm_use_ntlm",
];

/// The properties by name, to be merged into a builder's `properties`.
pub fn schema_properties() -> Map<String, Json> {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let flag = |about: &str| json!({ "type": "boolean", "default": false, "description": about });
    let list = |about: &str| json!({ "type": "array", "items": { "type": "string" }, "description": about });
    let wait = |default: &str, about: &str| json!({ "type": "string", "format": "duration", "default": default, "description": about });
    let count = |default: u32, most: u32, about: &str| json!({ "type": "integer", "minimum": 0, "maximum": most, "default": default, "description": about });
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Json| {
        properties.insert(name.to_owned(), schema);
    };
    add(
        "communicator",
        json!({ "type": "string", "default": "ssh", "description": "`ssh` or `none`" }),
    );
    add(
        "pause_before_connecting",
        wait("0s", "wait between a first connection and the one that is used"),
    );
    add("ssh_host", text("address of the instance"));
    add("ssh_port", count(22, 65535, "TCP port of the SSH server"));
    add("ssh_username", text("account to log in to"));
    add(
        "ssh_password",
        json!({
            "type": "string", "format": "secret", "description": "password, also for keyboard-interactive",
        }),
    );
    add(
        "ssh_private_key_file",
        text("private key; `~` is your home directory"),
    );
    add(
        "ssh_certificate_file",
        text("OpenSSH certificate that belongs to the private key"),
    );
    add("ssh_pty", flag("run commands in a pseudo-terminal"));
    add(
        "ssh_timeout",
        wait("5m", "longest time until the connection stands"),
    );
    add(
        "ssh_wait_timeout",
        json!({
            "type": "string", "format": "duration", "deprecated": true, "description": "old name of `ssh_timeout`",
        }),
    );
    add(
        "ssh_handshake_attempts",
        count(10, u32::MAX, "refused logins before giving up"),
    );
    add(
        "ssh_agent_auth",
        flag("log in with the keys of the agent at `SSH_AUTH_SOCK`"),
    );
    add(
        "ssh_disable_agent_forwarding",
        flag("agent forwarding is always off; accepted for Packer's sake"),
    );
    add(
        "ssh_file_transfer_method",
        json!({
            "type": "string", "default": "scp",
            "description": "`scp` or `sftp`; both mean the fastest way the instance offers",
        }),
    );
    add(
        "ssh_keep_alive_interval",
        wait("5s", "time between signs of life; negative for none"),
    );
    add(
        "ssh_read_write_timeout",
        wait("0s", "longest silence of the instance; 0 for no limit"),
    );
    add(
        "ssh_compression",
        flag("compress what crosses the connection, for slow links; not an option of Packer"),
    );
    add("ssh_ciphers", list("ciphers to offer, the preferred one first"));
    add(
        "ssh_key_exchange_algorithms",
        list("key exchange algorithms to offer, the preferred one first"),
    );
    for name in NOT_BUILT {
        let about = "not built yet, and refused";
        let schema = match name.ends_with("_password") {
            true => json!({ "format": "secret", "description": about }),
            false => json!({ "description": about }),
        };
        add(name, schema);
    }
    properties
}
