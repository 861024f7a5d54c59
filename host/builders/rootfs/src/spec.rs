//! The container's description for `libcontainer`, in the OCI runtime format.

use std::{io, path::Path};

use oci_spec::runtime::Spec;
use serde_json::{Value as Json, json};

use crate::{Error, Isolation, Setup, mounts::ID_COUNT};

/// What a package manager needs, and no more: Docker's default without `MKNOD`, `NET_RAW` and `AUDIT_WRITE`.
const CAPABILITIES: [&str; 11] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_SETFCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
];

const MASKED: [&str; 10] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/interrupts",
];

const READ_ONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Writes `config.json` into `bundle`, for the root at `root`.
pub(crate) fn write(bundle: &Path, root: &str, setup: &Setup, isolation: Isolation) -> Result<(), Error> {
    let mut namespaces = vec!["mount", "pid", "uts", "ipc"];
    if !setup.host_network {
        namespaces.push("network");
    }
    let mut ids = json!([]);
    if let Isolation::Mapped { first } = isolation {
        namespaces.push("user");
        ids = json!([{ "containerID": 0, "hostID": first, "size": ID_COUNT }]);
    }
    let namespaces: Vec<Json> = namespaces.iter().map(|name| json!({ "type": name })).collect();
    let terminals = if matches!(isolation, Isolation::Single { .. }) {
        json!(["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"])
    } else {
        json!([
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            "gid=5"
        ])
    };
    let spec = json!({
        "ociVersion": "1.0.2",
        "root": { "path": root, "readonly": false },
        "hostname": setup.hostname,
        "process": {
            "terminal": false,
            "user": { "uid": 0, "gid": 0 },
            "args": ["agent"],
            "env": [],
            "cwd": "/",
            "noNewPrivileges": true,
            "capabilities": {
                "bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES,
                "inheritable": [], "ambient": [],
            },
        },
        "mounts": [
            mount("/proc", "proc", json!(["nosuid", "noexec", "nodev"])),
            mount("/dev", "tmpfs", json!(["nosuid", "strictatime", "mode=755", "size=64k"])),
            mount("/dev/pts", "devpts", terminals),
            mount("/dev/shm", "tmpfs", json!(["nosuid", "noexec", "nodev", "mode=1777", "size=64m"])),
            // An empty read-only `/sys`: a build needs none, and nothing of the machine can be read or written.
            mount("/sys", "tmpfs", json!(["nosuid", "noexec", "nodev", "ro", "mode=555", "size=4k"])),
        ],
        "linux": {
            "namespaces": namespaces,
            "uidMappings": ids, "gidMappings": ids,
            "maskedPaths": MASKED, "readonlyPaths": READ_ONLY,
        },
    });
    let spec: Spec = serde_json::from_value(spec)
        .map_err(io::Error::from)
        .map_err(Error::io("describing the container"))?;
    spec.save(bundle.join("config.json"))
        .map_err(|error| Error::Container(error.to_string()))
}

fn mount(at: &str, kind: &str, options: Json) -> Json {
    json!({ "destination": at, "type": kind, "source": kind, "options": options })
}
