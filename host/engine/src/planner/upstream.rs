//! What Packer offers and Kilnbox does not have yet: refused by name, with what to do instead, never ignored.
//!
//! A name that stands here is no misspelling, so nobody is told "did you mean" about it. A line goes when its component
//! comes.

use kilnbox_template::{Diagnostic, Text};

/// The hint for a name, or for every name that begins with it.
type Known = &'static [(&'static str, &'static str)];

const WINDOWS: &str = "steps for Windows come with WinRM; until then, build Windows images with Packer";
const CLOUD: &str =
    "this cloud is not built yet; `null` runs the provisioners on a machine that is already there";
const HYPERVISOR: &str =
    "this hypervisor is not built yet; `null` runs the provisioners on a machine that is already there";
const ON_THE_INSTANCE: &str = "run the tool with `shell`: it has to be on the instance";
const ON_THIS_MACHINE: &str = "run the tool with `shell-local`: it has to be on this machine";

const PROVISIONERS: Known = &[
    ("powershell", WINDOWS),
    ("windows-", WINDOWS),
    ("ansible", ON_THIS_MACHINE),
    ("chef-", ON_THE_INSTANCE),
    ("puppet-", ON_THE_INSTANCE),
    ("salt-masterless", ON_THE_INSTANCE),
    ("converge", ON_THE_INSTANCE),
    ("inspec", ON_THIS_MACHINE),
    ("goss", ON_THE_INSTANCE),
    (
        "hcp-sbom",
        "HCP Packer is a service of its own; make the list of software with `shell`",
    ),
];

const POST_PROCESSORS: Known = &[
    ("docker-", ON_THIS_MACHINE),
    (
        "vagrant",
        "boxes are not built yet; make the box with `shell-local`",
    ),
    ("amazon-import", ON_THIS_MACHINE),
    ("googlecompute-", ON_THIS_MACHINE),
    ("vsphere", ON_THIS_MACHINE),
    ("digitalocean-", ON_THIS_MACHINE),
    ("alicloud-", ON_THIS_MACHINE),
    ("ucloud-", ON_THIS_MACHINE),
    ("yandex-", ON_THIS_MACHINE),
    ("exoscale-", ON_THIS_MACHINE),
    ("scaleway-", ON_THIS_MACHINE),
    (
        "provenance",
        "statements of provenance are not built yet; make one with `shell-local`",
    ),
];

const BUILDERS: Known = &[
    ("amazon-", CLOUD),
    ("azure-", CLOUD),
    ("googlecompute", CLOUD),
    ("digitalocean", CLOUD),
    ("hcloud", CLOUD),
    ("openstack", CLOUD),
    ("linode", CLOUD),
    ("scaleway", CLOUD),
    ("vultr", CLOUD),
    ("oracle-", CLOUD),
    ("alicloud-", CLOUD),
    ("tencentcloud-", CLOUD),
    ("yandex", CLOUD),
    ("ibmcloud", CLOUD),
    ("cloudstack", CLOUD),
    (
        "docker",
        "Docker is not built yet; `rootfs` builds a container image without it",
    ),
    ("lxc", "`rootfs` builds a root file system without it"),
    ("lxd", "`rootfs` builds a root file system without it"),
    ("qemu", HYPERVISOR),
    ("virtualbox-", HYPERVISOR),
    ("vmware-", HYPERVISOR),
    ("vsphere-", HYPERVISOR),
    ("hyperv-", HYPERVISOR),
    ("parallels-", HYPERVISOR),
    ("proxmox", HYPERVISOR),
    ("nutanix", HYPERVISOR),
    ("vagrant", HYPERVISOR),
];

/// The refusal of a builder that Packer has.
pub(super) fn builder(kind: &Text) -> Option<Diagnostic> {
    refusal("builder", BUILDERS, kind)
}

/// The refusal of a step that Packer has.
pub(super) fn step(of: crate::StepKind, kind: &Text) -> Option<Diagnostic> {
    let known = match of {
        crate::StepKind::Provisioner => PROVISIONERS,
        crate::StepKind::PostProcessor => POST_PROCESSORS,
    };
    refusal(of.as_str(), known, kind)
}

fn refusal(what: &str, known: Known, kind: &Text) -> Option<Diagnostic> {
    let (_, hint) = known.iter().find(|(name, _)| {
        if name.ends_with('-') {
            kind.value.starts_with(name)
        } else {
            kind.value == *name || kind.value.starts_with(&format!("{name}-"))
        }
    })?;
    let message = format!("the {what} `{}` of Packer is not built yet", kind.value);
    Some(
        Diagnostic::error(kind.span, message)
            .label("not here yet")
            .hint(*hint),
    )
}

#[cfg(test)]
mod tests {
    use kilnbox_template::Span;

    use super::*;
    use crate::StepKind;

    fn named(name: &str) -> Text {
        Text {
            value: name.to_owned(),
            span: Span::default(),
        }
    }

    #[test]
    fn what_packer_has_is_known_and_nothing_else() {
        for name in [
            "powershell",
            "windows-shell",
            "windows-restart",
            "ansible",
            "chef-solo",
        ] {
            assert!(step(StepKind::Provisioner, &named(name)).is_some(), "{name}");
        }
        for name in ["docker-push", "vagrant", "vagrant-cloud", "vsphere-template"] {
            assert!(step(StepKind::PostProcessor, &named(name)).is_some(), "{name}");
        }
        for name in ["amazon-ebs", "docker", "qemu", "vsphere-iso", "proxmox-iso"] {
            assert!(builder(&named(name)).is_some(), "{name}");
        }
        for name in ["shel", "powershel", "amazon", "dockerx", ""] {
            assert!(step(StepKind::Provisioner, &named(name)).is_none(), "{name}");
            assert!(builder(&named(name)).is_none(), "{name}");
        }
    }
}
