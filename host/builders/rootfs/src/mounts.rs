//! The helper's private view: a mount namespace that holds the work folder, the base's layers and nothing else.
//!
//! The helper moves into a small root of its own before anything of the base is touched, so that a hostile archive
//! finds no host file to reach and the mounts disappear with the process. As root the layers are idmapped: what
//! belongs to root in the base belongs to an unused range of ids here, and to root again inside the container.

use std::{
    fs, io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::fs::{PermissionsExt, chown},
    },
    path::Path,
};

use nix::{
    libc,
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::wait::waitpid,
    unistd::{ForkResult, Uid, fork, getgid, getuid, pipe},
};
use rustix::{
    fs::CWD,
    mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree},
};

use crate::{Base, Error, Isolation, Setup, host_view, layers};

/// The first id outside, as root: above the accounts of people and services, below those of `systemd-nspawn`.
const FIRST_ID: u32 = 100_000;
/// As many ids as a system's accounts need, up to `nobody` (65534).
pub(crate) const ID_COUNT: u32 = 65_536;
/// The work folder as the helper sees it.
pub(crate) const WORK: &str = "/w";
/// The merged root.
pub(crate) const ROOT: &str = "/rootfs";

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// One overlay: where it lies in the root, and its number in `lower`, `upper` and `scratch`.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Relative to the root; empty for the root itself.
    pub(crate) target: String,
    pub(crate) number: usize,
}

impl View {
    /// The changes made in this view.
    pub(crate) fn upper(&self) -> String {
        format!("{WORK}/upper/{}", self.number)
    }

    /// The base below it.
    pub(crate) fn lower(&self) -> String {
        format!("/lower/{}", self.number)
    }
}

/// Enters the private view and mounts the root at [`ROOT`]. The current directory is the work folder.
pub(crate) fn enter(setup: &Setup) -> Result<(Isolation, Vec<View>), Error> {
    let (user, group) = (getuid(), getgid());
    if user.is_root() {
        unshare(CloneFlags::CLONE_NEWNS).map_err(refused("a mount namespace"))?;
    } else {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS).map_err(refused("a user namespace"))?;
        map_single(user.as_raw(), group.as_raw())?;
    }
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).map_err(refused("private mounts"))?;

    let mapping = if user.is_root() { id_mapping().ok() } else { None };
    fs::create_dir_all("stage").map_err(Error::io("making the stage"))?;
    mount(
        Some("stage"),
        "stage",
        Some("tmpfs"),
        MsFlags::MS_NOSUID,
        Some("mode=755,size=64m"),
    )
    .map_err(refused("a tmpfs"))?;
    for folder in [
        "w",
        "lower",
        "rootfs",
        "proc",
        "dev",
        "sys/fs/cgroup",
        "c/bundle",
        "c/state",
    ] {
        fs::create_dir_all(Path::new("stage").join(folder)).map_err(Error::io("making the stage"))?;
    }
    bind(Path::new("."), Path::new("stage/w"))?;
    for device in DEVICES {
        let to = Path::new("stage/dev").join(device);
        fs::File::create(&to).map_err(Error::io("making the stage"))?;
        bind(&Path::new("/dev").join(device), &to)?;
    }
    let mut trees = Vec::new();
    let mut archives = Vec::new();
    match &setup.base {
        Base::Host => {
            host_view::write_skeleton(Path::new("base"), setup.host_network)?;
            for target in host_view::directories() {
                trees.push((target.clone(), clone_tree(&Path::new("/").join(&target), false)?));
            }
        }
        Base::Directory(path) => trees.push((String::new(), clone_tree(path, false)?)),
        Base::Layers(paths) => {
            for path in paths {
                let doing = format!("opening `{}`", path.display());
                archives.push(fs::File::open(path).map_err(Error::io(doing))?);
            }
        }
    }
    let proc = clone_tree(Path::new("/proc"), true)?;

    std::env::set_current_dir("stage").map_err(Error::io("entering the stage"))?;
    rustix::process::pivot_root(".", ".")
        .map_err(io::Error::from)
        .map_err(Error::io("entering the stage"))?;
    umount2(".", MntFlags::MNT_DETACH).map_err(refused("leaving the old root"))?;
    std::env::set_current_dir("/").map_err(Error::io("entering the stage"))?;

    // No `/proc` yet: whatever an archive plants, there is nothing here to write to.
    if !archives.is_empty() {
        layers::unpack(archives, Path::new("/w/base"), user.is_root())?;
    }
    if !matches!(setup.base, Base::Directory(_)) {
        trees.insert(0, (String::new(), clone_tree(Path::new("/w/base"), false)?));
    }
    attach(&proc, Path::new("/proc"))?;

    let mapped =
        mapping.is_some_and(|mapping| trees.iter().all(|(_, tree)| map_tree(tree, &mapping).is_ok()));
    let isolation = match (user.is_root(), mapped) {
        (false, _) => Isolation::Single { uid: user.as_raw() },
        (true, true) => Isolation::Mapped { first: FIRST_ID },
        (true, false) => Isolation::Capabilities,
    };
    let mut views = Vec::new();
    for (number, (target, tree)) in trees.into_iter().enumerate() {
        let view = View { target, number };
        mount_view(&view, &tree, isolation)?;
        views.push(view);
    }
    Ok((isolation, views))
}

fn mount_view(view: &View, tree: &OwnedFd, isolation: Isolation) -> Result<(), Error> {
    let lower = view.lower();
    fs::create_dir_all(&lower).map_err(Error::io("making the layers' folders"))?;
    attach(tree, Path::new(&lower))?;
    let scratch = format!("{WORK}/scratch/{}", view.number);
    for folder in [&view.upper(), &scratch] {
        fs::create_dir_all(folder).map_err(Error::io("making the layers' folders"))?;
    }
    let upper = view.upper();
    fs::set_permissions(&upper, fs::Permissions::from_mode(0o755))
        .map_err(Error::io("making the layers' folders"))?;
    if let Isolation::Mapped { first } = isolation {
        chown(&upper, Some(first), Some(first)).map_err(Error::io("giving the layer to the container"))?;
    }
    // `redirect_dir` would leave renamed directories out of the captured layer.
    let mode = if matches!(isolation, Isolation::Single { .. }) {
        "userxattr"
    } else {
        "redirect_dir=off,metacopy=off"
    };
    let options = format!("lowerdir={lower},upperdir={upper},workdir={scratch},{mode}");
    let at = Path::new(ROOT).join(&view.target);
    mount(Some("overlay"), &at, Some("overlay"), MsFlags::MS_NODEV, Some(options.as_str())).map_err(|source| {
        Error::Unable {
            message: format!("mounting an overlay over `/{}`: {source}", view.target),
            hint: Some(
                "the state folder must be on a file system that can hold an overlay's upper layer (ext4, xfs, btrfs, \
                 tmpfs), and an ordinary user needs Linux 5.11 or later"
                    .to_owned(),
            ),
        }
    })
}

fn bind(from: &Path, to: &Path) -> Result<(), Error> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .map_err(refused(&format!("binding `{}`", from.display())))
}

/// A detached copy of the mount at `path`. Mounts below it are left out, as an overlay does, unless `all` is asked for.
fn clone_tree(path: &Path, all: bool) -> Result<OwnedFd, Error> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    // In a user namespace mounts that cover something may be copied only together with what they are part of.
    if all || !Uid::effective().is_root() || !getuid_outside_is_root() {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    open_tree(CWD, path, flags)
        .map_err(io::Error::from)
        .map_err(Error::io(format!("taking a view of `{}`", path.display())))
}

/// Whether this process is root outside of any user namespace of its own.
fn getuid_outside_is_root() -> bool {
    fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]))
}

fn attach(tree: &OwnedFd, to: &Path) -> Result<(), Error> {
    move_mount(tree, "", CWD, to, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(io::Error::from)
        .map_err(Error::io(format!("attaching a view at `{}`", to.display())))
}

/// Maps this process, alone in its new user namespace, to root.
fn map_single(user: u32, group: u32) -> Result<(), Error> {
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/self/{file}"), text).map_err(|source| Error::Unable {
            message: format!("becoming root in a user namespace: {source}"),
            hint: Some(USER_NAMESPACES.to_owned()),
        })
    };
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("0 {user} 1"))?;
    write("gid_map", format!("0 {group} 1"))
}

/// A user namespace that maps the ids of a layer to the container's range. Nobody lives in it.
fn id_mapping() -> Result<OwnedFd, Error> {
    let doing = "mapping the ids of the layers";
    let (ready, signal) = pipe().map_err(io::Error::from).map_err(Error::io(doing))?;
    let (held, hold) = pipe().map_err(io::Error::from).map_err(Error::io(doing))?;
    #[expect(unsafe_code, reason = "a user namespace is made by a process that enters it")]
    // SAFETY: the helper is single-threaded, so that the child may do anything a process may.
    let child = match unsafe { fork() }
        .map_err(io::Error::from)
        .map_err(Error::io(doing))?
    {
        ForkResult::Child => {
            drop((ready, hold));
            let entered = unshare(CloneFlags::CLONE_NEWUSER).is_ok();
            let told = entered && nix::unistd::write(&signal, b"1").is_ok();
            if told {
                // Ends when the parent closes its end.
                let _ended = nix::unistd::read(&held, &mut [0]);
            }
            #[expect(unsafe_code, reason = "the child must not run the parent's exit handlers")]
            // SAFETY: `_exit` is allowed at any time.
            unsafe {
                libc::_exit(i32::from(!told))
            }
        }
        ForkResult::Parent { child } => child,
    };
    drop((signal, held));
    let namespace = (|| {
        if nix::unistd::read(&ready, &mut [0])? != 1 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        for file in ["uid_map", "gid_map"] {
            fs::write(
                format!("/proc/{child}/{file}"),
                format!("0 {FIRST_ID} {ID_COUNT}"),
            )?;
        }
        fs::File::open(format!("/proc/{child}/ns/user")).map(OwnedFd::from)
    })();
    drop(hold);
    waitpid(child, None)
        .map_err(io::Error::from)
        .map_err(Error::io(doing))?;
    namespace.map_err(Error::io(doing))
}

/// Shifts the ids of a detached mount and makes it read-only.
fn map_tree(tree: &OwnedFd, mapping: &OwnedFd) -> io::Result<()> {
    set_attributes(
        tree.as_fd(),
        libc::MOUNT_ATTR_IDMAP | libc::MOUNT_ATTR_RDONLY,
        mapping.as_fd(),
    )
}

fn set_attributes(tree: BorrowedFd<'_>, set: u64, mapping: BorrowedFd<'_>) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: set,
        attr_clr: 0,
        propagation: 0,
        userns_fd: u64::try_from(mapping.as_raw_fd()).unwrap_or(u64::MAX),
    };
    #[expect(unsafe_code, reason = "no crate wraps `mount_setattr`")]
    // SAFETY: both descriptors are open, and the structure outlives the call, which reads as many bytes as it is told.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

const USER_NAMESPACES: &str = "run as root, or let ordinary users make user namespaces: \
    `sysctl kernel.unprivileged_userns_clone=1` (Debian), `sysctl kernel.apparmor_restrict_unprivileged_userns=0` \
    (Ubuntu), `sysctl user.max_user_namespaces=10000`; a container runtime around Kilnbox must allow `unshare`";

fn refused(what: &str) -> impl FnOnce(nix::Error) -> Error {
    let message = format!("this machine does not allow {what}");
    move |source| Error::Unable {
        message: format!("{message}: {source}"),
        hint: Some(USER_NAMESPACES.to_owned()),
    }
}
