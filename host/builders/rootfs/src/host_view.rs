//! What a container sees of this machine when it starts from `host`.
//!
//! Programs and package databases are views of the real directories. `/etc` is a copy of what every account of this
//! machine may read anyway, less the machine's identity and all that smells of a secret; everything else (`/root`,
//! `/home`, `/var/log`, …) is there and empty.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::Path,
};

use nix::unistd::Uid;

use crate::Error;

/// Shown as they are where they exist and are directories of their own.
const VIEWS: [&str; 14] = [
    "usr",
    "bin",
    "sbin",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "var/lib/dpkg",
    "var/lib/apt",
    "var/lib/rpm",
    "var/lib/dnf",
    "var/lib/pacman",
    "var/lib/zypp",
    "lib/apk",
];

/// Never copied from `/etc`, whatever their mode: secrets, keys, and what makes this machine itself.
const SECRET: [&str; 35] = [
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
    "passwd-",
    "group-",
    "subuid-",
    "subgid-",
    "ssh",
    "ssl/private",
    "pki/tls/private",
    "sudoers",
    "sudoers.d",
    "machine-id",
    "hostname",
    "hosts",
    "resolv.conf",
    "fstab",
    "crypttab",
    "NetworkManager",
    "netplan",
    "wpa_supplicant",
    "iwd",
    "krb5.keytab",
    "krb5.conf.d",
    "letsencrypt",
    "wireguard",
    "openvpn",
    "ipsec.d",
    "ipsec.secrets",
    "kubernetes",
    "docker",
    "apt/auth.conf",
    "apt/auth.conf.d",
    "cloud",
];

/// Ends of names that mark keys and credentials anywhere in `/etc`.
const SECRET_ENDS: [&str; 8] = [
    ".key",
    ".keytab",
    ".p12",
    ".pfx",
    ".jks",
    ".netrc",
    "credentials",
    "secrets",
];

/// Deepest folder of `/etc` that is looked into.
const DEPTH: usize = 32;

/// The directories of which a view is shown, relative to the root.
pub(crate) fn directories() -> Vec<String> {
    let own = |view: &&&str| fs::symlink_metadata(Path::new("/").join(view)).is_ok_and(|it| it.is_dir());
    VIEWS
        .iter()
        .filter(own)
        // `/lib/apk` is part of the view of `/lib`.
        .filter(|view| **view != "lib/apk" || fs::symlink_metadata("/lib").is_ok_and(|it| it.is_symlink()))
        .map(|view| (*view).to_owned())
        .collect()
}

/// Makes the root that the views are put into.
pub(crate) fn write_skeleton(to: &Path, network: bool) -> Result<(), Error> {
    skeleton(to, network).map_err(Error::io("making a view of this machine"))
}

fn skeleton(to: &Path, network: bool) -> io::Result<()> {
    for (folder, mode) in [
        ("", 0o755),
        ("etc", 0o755),
        ("root", 0o700),
        ("home", 0o755),
        ("tmp", 0o1777),
        ("var", 0o755),
        ("var/tmp", 0o1777),
        ("var/lib", 0o755),
        ("var/log", 0o755),
        ("var/cache", 0o755),
        ("var/spool", 0o755),
        ("var/cache/apt", 0o755),
        ("var/cache/apt/archives", 0o755),
        ("var/cache/apt/archives/partial", 0o755),
        ("var/cache/debconf", 0o755),
        ("var/log/apt", 0o755),
        ("run", 0o755),
        ("run/lock", 0o1777),
        ("proc", 0o555),
        ("sys", 0o555),
        ("dev", 0o755),
        ("mnt", 0o755),
        ("opt", 0o755),
        ("srv", 0o755),
        ("media", 0o755),
    ] {
        make_folder(&to.join(folder), mode)?;
    }
    symlink("/run", to.join("var/run"))?;
    symlink("/run/lock", to.join("var/lock"))?;
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        if let Ok(target) = fs::read_link(Path::new("/").join(name)) {
            symlink(target, to.join(name))?;
        }
    }
    for view in directories() {
        let at = to.join(view);
        if fs::symlink_metadata(&at).is_err() {
            fs::create_dir_all(at)?;
        }
    }
    copy_readable(Path::new("/etc"), &to.join("etc"), "", 0)?;
    fs::write(
        to.join("etc/hosts"),
        "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
    )?;
    if network {
        // The container shares this machine's network, and needs its resolver; the layer keeps no trace of it.
        match fs::read("/etc/resolv.conf") {
            Ok(text) => fs::write(to.join("etc/resolv.conf"), text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn make_folder(at: &Path, mode: u32) -> io::Result<()> {
    fs::create_dir_all(at)?;
    fs::set_permissions(at, fs::Permissions::from_mode(mode))
}

/// Copies files and folders that everybody may read, and links.
fn copy_readable(from: &Path, to: &Path, below: &str, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if secret(&path) || depth > DEPTH {
            continue;
        }
        let (known, target) = (fs::symlink_metadata(entry.path())?, to.join(&name));
        if known.is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
        } else if known.is_dir() && known.mode() & 0o005 == 0o005 {
            make_folder(&target, known.mode() & 0o7777)?;
            copy_readable(&entry.path(), &target, &path, depth + 1)?;
        } else if known.is_file() && known.mode() & 0o004 != 0 {
            fs::copy(entry.path(), &target)?;
        } else {
            continue;
        }
        if Uid::effective().is_root() && !known.is_symlink() {
            // As an ordinary user everything belongs to that user, who is root inside.
            match chown(&target, Some(known.uid()), Some(known.gid())) {
                Err(error)
                    if error.kind() != io::ErrorKind::InvalidInput && error.raw_os_error() != Some(22) =>
                {
                    return Err(error);
                }
                _ => fs::set_permissions(&target, fs::Permissions::from_mode(known.mode() & 0o7777))?,
            }
        }
    }
    Ok(())
}

fn secret(path: &str) -> bool {
    SECRET.contains(&path) || SECRET_ENDS.iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn keys_and_shadow_are_secret_and_settings_are_not() {
        for path in [
            "shadow",
            "gshadow-",
            "ssl/private",
            "app/server.key",
            "aws/credentials",
            "apt/auth.conf",
        ] {
            assert!(secret(path), "{path}");
        }
        for path in [
            "passwd",
            "group",
            "apt/sources.list",
            "ssl/certs/ca-certificates.crt",
            "profile",
        ] {
            assert!(!secret(path), "{path}");
        }
    }
}
