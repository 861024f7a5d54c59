//! Fixers of builders that run a hypervisor.

use jsonc_parser::cst::CstInputValue;

use super::{
    Unfixable,
    block::{Block, Blocks, as_input},
};

type Done = Result<(), Unfixable>;

pub(super) fn virtualbox_guest_additions(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["virtualbox"]) {
        if let Some(attach) = block.flag("guest_additions_attach") {
            block.rename("guest_additions_attach", "guest_additions_mode");
            block.set("guest_additions_mode", if attach { "attach" } else { "upload" });
        }
    }
    Ok(())
}

pub(super) fn virtualbox_rename(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["virtualbox"]) {
        block.set("type", "virtualbox-iso");
    }
    for block in &blocks.provisioners {
        if let Some(overrides) = block.object("override") {
            overrides.rename("virtualbox", "virtualbox-iso");
        }
    }
    Ok(())
}

pub(super) fn vmware_rename(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["vmware"]) {
        block.set("type", "vmware-iso");
    }
    Ok(())
}

pub(super) fn proxmox_rename(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["proxmox"]) {
        block.set("type", "proxmox-iso");
    }
    Ok(())
}

const PARALLELS: [&str; 2] = ["parallels-iso", "parallels-pvm"];

pub(super) fn parallels_headless(blocks: &Blocks) -> Done {
    blocks
        .builders(&PARALLELS)
        .for_each(|block| block.remove("headless"));
    Ok(())
}

pub(super) fn parallels_deprecations(blocks: &Blocks) -> Done {
    for block in blocks.builders(&PARALLELS) {
        block.remove("parallels_tools_host_path");
        block.rename("guest_os_distribution", "guest_os_type");
    }
    Ok(())
}

pub(super) fn vmware_compaction(blocks: &Blocks) -> Done {
    const THICK: &str = "zeroedthick";
    for block in blocks.builders(&["vmware-iso"]) {
        if block.text("remote_type").as_deref() != Some("esx5") {
            continue;
        }
        if !block.has("disk_type_id") {
            block.set("disk_type_id", THICK);
        }
        if matches!(
            block.text("disk_type_id").as_deref(),
            Some("" | THICK | "eagerzeroedthick")
        ) {
            block.set("skip_compaction", true);
        }
    }
    Ok(())
}

pub(super) fn hyperv_deprecations(blocks: &Blocks) -> Done {
    blocks
        .builders(&["hyperv-iso"])
        .for_each(|block| block.remove("vhd_temp_path"));
    Ok(())
}

pub(super) fn hyperv_typo(blocks: &Blocks) -> Done {
    blocks
        .builders(&["hyperv-vmcx"])
        .for_each(|block| block.rename("clone_from_vmxc_path", "clone_from_vmcx_path"));
    Ok(())
}

pub(super) fn hyperv_cpu_and_ram(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["hyperv-iso", "hyperv-vmcx"]) {
        block.rename("cpu", "cpus");
        block.rename("ram_size", "memory");
    }
    Ok(())
}

/// A number is MiB. As in Packer, a fraction of one is cut off.
pub(super) fn qemu_disk_size(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["qemu"]) {
        if let Some(size) = block
            .number("disk_size")
            .and_then(|size| size.parse::<f64>().ok())
        {
            block.set("disk_size", format!("{:.0}M", size.trunc()));
        }
    }
    Ok(())
}

const PORTS: [(&str, &str); 2] = [
    ("ssh_host_port_min", "host_port_min"),
    ("ssh_host_port_max", "host_port_max"),
];

pub(super) fn virtualbox_ports(blocks: &Blocks) -> Done {
    let virtualbox = |block: &&Block| block.is_of_family("virtualbox");
    for block in blocks.builders.iter().filter(virtualbox) {
        for (old, new) in PORTS {
            block.rename_unless_there(old, new);
        }
        if block.flag("ssh_skip_nat_mapping").is_some() {
            block.rename_unless_there("ssh_skip_nat_mapping", "skip_nat_mapping");
        }
    }
    Ok(())
}

pub(super) fn qemu_ports(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["qemu"]) {
        PORTS.iter().for_each(|(old, new)| block.rename(old, new));
    }
    Ok(())
}

/// The one network and the one disk become the first of the lists that replaced them.
pub(super) fn vsphere_network_and_disk(blocks: &Blocks) -> Done {
    const LISTS: [(&str, &[&str]); 2] = [
        ("network_adapters", &["network", "network_card"]),
        (
            "storage",
            &["disk_size", "disk_thin_provisioned", "disk_eagerly_scrub"],
        ),
    ];
    for block in blocks.builders(&["vsphere-iso"]) {
        for (list, old) in LISTS {
            // A list that is none has no place for another.
            if block.has(list) && block.array(list).is_none() {
                continue;
            }
            let first = block.take(old);
            if first.is_empty() {
                continue;
            }
            let others = block
                .array(list)
                .map(|array| array.elements())
                .unwrap_or_default();
            let mut items = vec![CstInputValue::Object(first)];
            items.extend(others.iter().map(as_input));
            block.set(list, CstInputValue::Array(items));
        }
    }
    Ok(())
}
