//! The system calls a step may not make.
//!
//! A list of refusals on top of namespaces and capabilities, close to Docker's default: what changes mounts, kernel,
//! clock or other processes, and what has no namespace of its own (keys, `AF_VSOCK`). Package managers work under it.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::Error;

/// Refused with `EPERM` whatever the arguments are.
const DENIED: &[libc::c_long] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_setns,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_userfaultfd,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_kexec_file_load,
];

/// Socket families without a namespace: they would reach the hypervisor or the kernel's crypto.
const DENIED_FAMILIES: [i32; 2] = [libc::AF_VSOCK, libc::AF_ALG];

/// Applies the filter to this process and all that it starts.
pub(crate) fn apply() -> Result<(), Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let new_user = u64::from(libc::CLONE_NEWUSER.cast_unsigned());
    for call in [libc::SYS_unshare, libc::SYS_clone] {
        rules.insert(call, vec![rule(SeccompCmpOp::MaskedEq(new_user), new_user)?]);
    }
    let families = DENIED_FAMILIES.map(|family| rule(SeccompCmpOp::Eq, u64::from(family.cast_unsigned())));
    rules.insert(libc::SYS_socket, families.into_iter().collect::<Result<_, _>>()?);
    install(rules, libc::EPERM)?;
    // The flags of `clone3` lie in memory, out of a filter's reach; on `ENOSYS` libraries fall back to `clone`.
    install(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

fn rule(op: SeccompCmpOp, value: u64) -> Result<SeccompRule, Error> {
    SeccompCondition::new(0, SeccompCmpArgLen::Dword, op, value)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(unable)
}

fn install(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<(), Error> {
    let arch = std::env::consts::ARCH.try_into().map_err(unable)?;
    let deny = SeccompAction::Errno(errno.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, deny, arch).map_err(unable)?;
    let program: BpfProgram = filter.try_into().map_err(unable)?;
    seccompiler::apply_filter(&program).map_err(unable)
}

fn unable(error: impl std::fmt::Display) -> Error {
    Error::Unable {
        message: format!("the seccomp filter: {error}"),
        hint: None,
    }
}
