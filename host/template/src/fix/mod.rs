//! `kilnbox fix`: brings a JSON template from older options of Packer to those of today.
//!
//! The fixers are Packer's, in its order (`reference/packer.md` §1); a later one sees what earlier ones did. They edit
//! the text in place: order, comments, white space and the spelling of everything else stay as they were written.

mod block;
mod builders;
mod hypervisors;
mod steps;
mod words;

use jsonc_parser::cst::CstRootNode;
use serde_json::{Value as Json, json};

use crate::{
    Diagnostic, Diagnostics, Source, Span,
    json::{self, Repeats},
};
use block::Blocks;

/// One repair, under the name Packer gives it.
#[derive(Clone, Copy)]
pub struct Fixer {
    /// Its name.
    pub name: &'static str,
    /// What it does, for `--help`.
    pub does: &'static str,
    apply: fn(&Blocks) -> Result<(), Unfixable>,
}

impl std::fmt::Debug for Fixer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// An old option whose value has no counterpart today.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
struct Unfixable {
    message: String,
    hint: &'static str,
}

const fn fixer(name: &'static str, does: &'static str, apply: fn(&Blocks) -> Result<(), Unfixable>) -> Fixer {
    Fixer { name, does, apply }
}

/// All of them, in the order they are applied.
pub const FIXERS: [Fixer; 34] = [
    fixer("iso-md5", "`iso_md5` becomes `iso_checksum`", builders::iso_md5),
    fixer(
        "createtime",
        "`{{.CreateTime}}` in names of images becomes `{{timestamp}}`",
        builders::create_time,
    ),
    fixer(
        "virtualbox-gaattach",
        "`guest_additions_attach` of VirtualBox becomes `guest_additions_mode`",
        hypervisors::virtualbox_guest_additions,
    ),
    fixer(
        "pp-vagrant-override",
        "options of `vagrant` for one provider move into `override`",
        steps::vagrant_override,
    ),
    fixer(
        "virtualbox-rename",
        "builder `virtualbox` becomes `virtualbox-iso`",
        hypervisors::virtualbox_rename,
    ),
    fixer(
        "vmware-rename",
        "builder `vmware` becomes `vmware-iso`",
        hypervisors::vmware_rename,
    ),
    fixer(
        "parallels-headless",
        "`headless` of Parallels, which did nothing, goes",
        hypervisors::parallels_headless,
    ),
    fixer(
        "parallels-deprecations",
        "`guest_os_distribution` of Parallels becomes `guest_os_type`",
        hypervisors::parallels_deprecations,
    ),
    fixer(
        "sshkeypath",
        "`ssh_key_path` becomes `ssh_private_key_file`",
        builders::ssh_key_path,
    ),
    fixer(
        "sshdisableagent",
        "`ssh_disable_agent` becomes `ssh_disable_agent_forwarding`",
        builders::ssh_disable_agent,
    ),
    fixer(
        "scaleway-access-key",
        "`access_key` of Scaleway becomes `organization_id`",
        builders::scaleway_access_key,
    ),
    fixer(
        "manifest-filename",
        "`filename` of `manifest` becomes `output`",
        steps::manifest_filename,
    ),
    fixer(
        "amazon-shutdown_behavior",
        "`shutdown_behaviour` of Amazon becomes `shutdown_behavior`",
        builders::amazon_shutdown_behavior,
    ),
    fixer(
        "amazon-enhanced-networking",
        "`enhanced_networking` of Amazon becomes `ena_support`",
        builders::amazon_enhanced_networking,
    ),
    fixer(
        "amazon-private-ip",
        "`ssh_private_ip` of Amazon becomes `ssh_interface`",
        builders::amazon_private_ip,
    ),
    fixer(
        "amazon-temp-sec-cidrs",
        "`temporary_security_group_source_cidr` becomes a list, `…_cidrs`",
        builders::amazon_source_cidr,
    ),
    fixer(
        "docker-email",
        "`login_email` of Docker goes",
        steps::docker_email,
    ),
    fixer(
        "docker-tag-tags",
        "`tag` of `docker-tag` becomes `tags`",
        steps::docker_tag,
    ),
    fixer(
        "powershell-escapes",
        "escapes in variables and passwords of `powershell` go",
        steps::powershell_escapes,
    ),
    fixer(
        "vmware-compaction",
        "`skip_compaction` for disks on ESX that cannot be compacted",
        hypervisors::vmware_compaction,
    ),
    fixer(
        "hyperv-deprecations",
        "`vhd_temp_path` of `hyperv-iso` goes",
        hypervisors::hyperv_deprecations,
    ),
    fixer(
        "hyperv-vmxc-typo",
        "`clone_from_vmxc_path` becomes `clone_from_vmcx_path`",
        hypervisors::hyperv_typo,
    ),
    fixer(
        "hyperv-cpu-and-ram",
        "`cpu` and `ram_size` of Hyper-V become `cpus` and `memory`",
        hypervisors::hyperv_cpu_and_ram,
    ),
    fixer(
        "clean-image-name",
        "`clean_ami_name` and its like become `clean_resource_name`",
        builders::clean_image_name,
    ),
    fixer(
        "spot-price-auto-product",
        "`spot_price_auto_product` of Amazon goes",
        builders::amazon_spot_price_product,
    ),
    fixer(
        "qemu-disk-size",
        "`disk_size` of QEMU becomes text with a unit",
        hypervisors::qemu_disk_size,
    ),
    fixer(
        "galaxy-command",
        "`galaxycommand` of `ansible-local` becomes `galaxy_command`",
        steps::galaxy_command,
    ),
    fixer(
        "comm-config",
        "`ssh_host_port_min` and its like of VirtualBox lose `ssh_`",
        hypervisors::virtualbox_ports,
    ),
    fixer(
        "ssh-wait-timeout",
        "`ssh_wait_timeout` becomes `ssh_timeout`",
        builders::ssh_wait_timeout,
    ),
    fixer(
        "vsphere-iso-net-disk",
        "one network and disk become `network_adapters` and `storage`",
        hypervisors::vsphere_network_and_disk,
    ),
    fixer(
        "iso-checksum-type-and-url",
        "`iso_checksum_type` and `iso_checksum_url` move into `iso_checksum`",
        builders::iso_checksum,
    ),
    fixer(
        "qemu-host-port",
        "`ssh_host_port_min` and its like of QEMU lose `ssh_`",
        hypervisors::qemu_ports,
    ),
    fixer(
        "azure-exclude_from_latest",
        "`exlude_from_latest` of Azure becomes `exclude_from_latest`",
        builders::azure_exclude_from_latest,
    ),
    fixer(
        "proxmox-type",
        "builder `proxmox` becomes `proxmox-iso`",
        hypervisors::proxmox_rename,
    ),
];

/// The template with everything fixed that [`FIXERS`] know. Only its JSON must be right; what it says need not be.
pub fn fix(source: &Source) -> Result<Source, Diagnostics> {
    let (root, mut problems) = json::read(source, Repeats::Refused);
    if root.is_none() || problems.has_errors() {
        return Err(problems);
    }
    let root = CstRootNode::parse(&source.text, &json::STRICT).map_err(|error| {
        let span = Span::new(error.range().start, error.range().end);
        problems.push(Diagnostic::error(span, error.kind().to_string()));
        problems.clone()
    })?;
    let blocks = Blocks::of(&root);
    for fixer in FIXERS {
        if let Err(Unfixable { message, hint }) = (fixer.apply)(&blocks) {
            problems.push(Diagnostic::anywhere(format!("{}: {message}", fixer.name)).hint(hint));
        }
    }
    problems.or(Source::new(source.name.clone(), root.to_string()))
}

/// Whether a fixer takes `key` from a block of the type `kind` in `section`, such as `builders`: then it is an option of
/// old, and not a misspelt one.
pub fn is_outdated(section: &str, kind: &str, key: &str, value: &Json) -> bool {
    let template = json!({ section: [{ "type": kind, key: value }] });
    let Ok(fixed) = fix(&Source::new("", template.to_string())) else {
        // One that a fixer knows, and cannot fix by itself.
        return true;
    };
    let fixed: Json = serde_json::from_str(&fixed.text).unwrap_or_default();
    let block = fixed.get(section).and_then(|blocks| blocks.get(0));
    block.is_some_and(|block| block.get(key).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outdated_is_what_a_fixer_takes_away() {
        for (section, kind, key, value, expect) in [
            ("post-processors", "manifest", "filename", json!("x"), true),
            ("builders", "manifest", "filename", json!("x"), false),
            ("builders", "null", "ssh_wait_timeout", json!("5m"), true),
            (
                "builders",
                "amazon-ebs",
                "ssh_private_ip",
                json!("{{user `x`}}"),
                true,
            ),
            ("builders", "null", "nonsense", json!(1), false),
        ] {
            assert_eq!(is_outdated(section, kind, key, &value), expect, "{kind} {key}");
        }
    }

    fn fixed(text: &str) -> String {
        fix(&Source::new("t.json", text)).unwrap().text.to_string()
    }

    #[test]
    fn what_needs_no_fix_stays_byte_for_byte() {
        for text in [
            "{ \"builders\" : [ {\"type\":\"null\"} ]\r\n}\r\n",
            "{\"_comment\": \"k\\u0065pt\", \"builders\": [], \"x\": 1.50e+3}",
            "[]",
            "{\"builders\": {\"type\": \"qemu\", \"disk_size\": 1}}",
            "{\"builders\": [\"qemu\", {\"disk_size\": 1}, {\"type\": 5, \"disk_size\": 1}]}",
        ] {
            assert_eq!(fixed(text), text);
        }
    }

    #[test]
    fn order_and_spelling_stay_around_a_fix() {
        let text = "{\n\t\"_why\": \"slow\\u0020net\",\n\t\"builders\": [{\n\t\t\"z\": 1.0,\n\t\t\
                    \"ssh_wait_timeout\": \"5m\",\n\t\t\"type\": \"parallels-iso\",\n\t\t\"headless\": true\n\t}]\n}\n";
        insta::assert_snapshot!(fixed(text), @r#"
        {
        	"_why": "slow\u0020net",
        	"builders": [{
        		"z": 1.0,
        		"ssh_timeout": "5m",
        		"type": "parallels-iso"
        	}]
        }
        "#);
    }

    #[test]
    fn a_value_without_counterpart_is_told() {
        let text = r#"{"builders": [{"type": "amazon-ebs", "ssh_private_ip": "{{user `x`}}"}]}"#;
        let problems = fix(&Source::new("t.json", text)).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "amazon-private-ip: ssh_private_ip is not a boolean: \"{{user `x`}}\""
        );
    }

    #[test]
    fn broken_json_is_told_at_its_place() {
        let problems = fix(&Source::new("t.json", "{\"builders\": [}")).unwrap_err();
        assert!(problems.to_string().contains("Error parsing JSON"), "{problems}");
    }
}
