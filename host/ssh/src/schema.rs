//! The JSON Schema of the communicator's options, merged into the schema of every builder with an instance. The
//! reference is made of it.

use serde_json::{Map, Value as Json, json};

/// Options of Packer that are not built yet. They stand in the schema so that [`crate::SshOptions`] can refuse them by
/// name instead of calling them unknown.
pub const NOT_BUILT: &[&str] = &[
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

/// Options about a key that the builder puts on its instance: those of [`instance_schema_properties`], refused by name
/// where there is no such key.
pub(crate) const OF_INSTANCES: &[&str] = &[
    "ssh_keypair_name",
    "temporary_key_pair_name",
    "temporary_key_pair_type",
    "temporary_key_pair_bits",
    "ssh_clear_authorized_keys",
];

/// The communicator's options as a schema of their own.
pub fn schema() -> Json {
    json!({
        "description": "Reaches a machine that runs an SSH server. Every builder with an instance takes these options. \
            The server's key must be the one that the builder knows, where it knows it; else it is accepted on the \
            first connection and must stay the same for the whole build. Agent forwarding is off.",
        "properties": instance_schema_properties(),
        "additionalProperties": false,
    })
}

/// The properties of a builder that starts its instance, by name, to be merged into its `properties`; for
/// [`crate::SshOptions::prepare_instance`].
pub fn instance_schema_properties() -> Map<String, Json> {
    let described = [
        json!({ "type": "string", "description":
            "Key pair of the platform that is put on the instance in place of a temporary one. Needs \
             `ssh_private_key_file` or `ssh_agent_auth`. Of builders that start the instance alone." }),
        json!({ "type": "string", "description":
            "Name of the temporary key; one that nothing else has where there is none. Of builders that start the \
             instance alone." }),
        json!({ "type": "string", "default": "ed25519", "description":
            "Kind of the temporary key: `ed25519` or `rsa`. Of builders that start the instance alone." }),
        json!({ "type": "integer", "minimum": 0, "default": 0, "description":
            "Length of a temporary RSA key, from 1024 to 8192; `0` means 4096. Of builders that start the instance \
             alone." }),
        json!({ "type": "boolean", "default": false, "description":
            "Whether the temporary key is removed from the `authorized_keys` of the account and of root after the \
             provisioners. Of builders that start the instance alone." }),
    ];
    let mut properties = schema_properties();
    for (name, schema) in OF_INSTANCES.iter().zip(described) {
        properties.insert((*name).to_owned(), schema);
    }
    properties
}

/// The properties of a builder that finds its instance, by name, to be merged into its `properties`; for
/// [`crate::SshOptions::prepare`].
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
        json!({ "type": "string", "default": "ssh", "description":
            "How the instance is reached: `ssh`, or `none` for steps that do not act on it." }),
    );
    add(
        "pause_before_connecting",
        wait(
            "0s",
            "How long to wait between a first connection, which only shows that the instance is there, and the one \
             that is used.",
        ),
    );
    add(
        "ssh_host",
        text("Name or address of the instance. A builder that starts the instance knows it without."),
    );
    add("ssh_port", count(22, 65535, "TCP port of the SSH server."));
    add(
        "ssh_username",
        text("Account to log in to. Must be set where `communicator` is `ssh`."),
    );
    add(
        "ssh_password",
        json!({
            "type": "string", "format": "secret",
            "description": "Password, also the answer to what the server asks (keyboard-interactive).",
        }),
    );
    add(
        "ssh_private_key_file",
        text(
            "Private key to log in with, without a passphrase. `~/` is your home folder; a relative path starts from \
             the working directory, then from the template's folder.",
        ),
    );
    add(
        "ssh_certificate_file",
        text("OpenSSH certificate of the private key. Needs `ssh_private_key_file`."),
    );
    add(
        "ssh_pty",
        flag("Whether commands run in a pseudo-terminal. Both streams of output are one then."),
    );
    add(
        "ssh_timeout",
        wait(
            "5m",
            "The longest time until the connection stands, boot included. `0` means the default.",
        ),
    );
    add(
        "ssh_wait_timeout",
        json!({
            "type": "string", "format": "duration", "deprecated": true,
            "description": "The name that `ssh_timeout` had; counts where that is not set.",
        }),
    );
    add(
        "ssh_handshake_attempts",
        count(
            10,
            u32::MAX,
            "Refused logins before giving up. `0` means the default.",
        ),
    );
    add(
        "ssh_agent_auth",
        flag("Whether to log in with the keys of the agent at `SSH_AUTH_SOCK`."),
    );
    add(
        "ssh_disable_agent_forwarding",
        flag("Without effect: agent forwarding is always off. Taken because Packer's templates have it."),
    );
    add(
        "ssh_file_transfer_method",
        json!({
            "type": "string", "default": "scp",
            "description": "`scp` or `sftp`. Both mean the fastest way that the instance offers.",
        }),
    );
    add(
        "ssh_keep_alive_interval",
        wait("5s", "Time between signs of life; below zero for none."),
    );
    add(
        "ssh_read_write_timeout",
        wait(
            "0s",
            "The longest that the instance may be silent; `0` for no limit.",
        ),
    );
    add(
        "ssh_ciphers",
        list("Ciphers to offer, the preferred one first. All safe ones where there are none."),
    );
    add(
        "ssh_compression",
        flag("Whether what crosses the connection is compressed, for slow links. Not an option of Packer."),
    );
    add(
        "ssh_key_exchange_algorithms",
        list(
            "Key exchange algorithms to offer, the preferred one first. All safe ones where there are none.",
        ),
    );
    for name in OF_INSTANCES {
        add(
            name,
            json!({ "description": "Of builders that start the instance; refused by others." }),
        );
    }
    for name in NOT_BUILT {
        let about = "Not built yet, and refused.";
        let schema = match name.ends_with("_password") {
            true => json!({ "format": "secret", "description": about }),
            false => json!({ "description": about }),
        };
        add(name, schema);
    }
    properties
}
