//! Fixers of options that many builders have, and of those in the cloud.

use jsonc_parser::cst::CstInputValue;

use super::{
    Unfixable,
    block::{Block, Blocks, rewrite, text},
    words::{boolean, replace_action},
};

type Done = Result<(), Unfixable>;

pub(super) fn iso_md5(blocks: &Blocks) -> Done {
    for block in &blocks.builders {
        if block.text("iso_md5").is_some() {
            block.rename("iso_md5", "iso_checksum");
            block.set("iso_checksum_type", "md5");
        }
    }
    Ok(())
}

pub(super) fn iso_checksum(blocks: &Blocks) -> Done {
    for block in &blocks.builders {
        let option = |key| block.text(key).filter(|text| !text.is_empty());
        let kind = option("iso_checksum_type");
        if let Some(url) = option("iso_checksum_url") {
            if block.has("iso_checksum") {
                block.set("iso_checksum", format!("file:{url}"));
            } else {
                block.rename("iso_checksum_url", "iso_checksum");
                block.set("iso_checksum", format!("file:{url}"));
            }
        } else if let (Some(kind), Some(checksum)) = (kind, option("iso_checksum")) {
            block.set("iso_checksum", format!("{kind}:{checksum}"));
        }
        block.remove("iso_checksum_type");
        block.remove("iso_checksum_url");
    }
    Ok(())
}

pub(super) fn create_time(blocks: &Blocks) -> Done {
    for block in &blocks.builders {
        for key in ["ami_name", "bundle_prefix", "snapshot_name"] {
            if let Some(value) = block.value(key) {
                rewrite(&value, |text| replace_action(text, ".CreateTime", "timestamp"));
            }
        }
    }
    Ok(())
}

/// In the options themselves and in those of one level below, such as `tags`.
pub(super) fn clean_image_name(blocks: &Blocks) -> Done {
    let renamed = |text: &str| {
        text.replace("clean_ami_name", "clean_resource_name")
            .replace("clean_image_name", "clean_resource_name")
    };
    let all = |block: &Block| {
        for key in block.keys() {
            if let Some(value) = block.value(&key) {
                rewrite(&value, renamed);
            }
        }
    };
    for block in &blocks.builders {
        all(block);
        for key in block.keys() {
            if let Some(inner) = block.object(&key) {
                all(&inner);
            }
        }
    }
    Ok(())
}

pub(super) fn ssh_key_path(blocks: &Blocks) -> Done {
    for block in &blocks.builders {
        if block.text("ssh_key_path").is_some() {
            block.rename_unless_there("ssh_key_path", "ssh_private_key_file");
        }
    }
    Ok(())
}

pub(super) fn ssh_disable_agent(blocks: &Blocks) -> Done {
    for block in &blocks.builders {
        if block.flag("ssh_disable_agent").is_some() {
            block.rename_unless_there("ssh_disable_agent", "ssh_disable_agent_forwarding");
        }
    }
    Ok(())
}

pub(super) fn ssh_wait_timeout(blocks: &Blocks) -> Done {
    for block in &blocks.builders {
        if block.text("ssh_wait_timeout").is_some() {
            block.rename_unless_there("ssh_wait_timeout", "ssh_timeout");
        }
    }
    Ok(())
}

pub(super) fn scaleway_access_key(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["scaleway"]) {
        if block.text("access_key").is_some() {
            block.rename_unless_there("access_key", "organization_id");
        }
    }
    Ok(())
}

fn amazon(blocks: &Blocks) -> impl Iterator<Item = &Block> {
    blocks
        .builders
        .iter()
        .filter(|block| block.is_of_family("amazon-"))
}

pub(super) fn amazon_shutdown_behavior(blocks: &Blocks) -> Done {
    amazon(blocks).for_each(|block| block.rename("shutdown_behaviour", "shutdown_behavior"));
    Ok(())
}

pub(super) fn amazon_enhanced_networking(blocks: &Blocks) -> Done {
    for block in amazon(blocks) {
        if block.flag("enhanced_networking").is_some() {
            block.rename("enhanced_networking", "ena_support");
        }
    }
    Ok(())
}

/// Where `ssh_interface` is written too, nobody knows which of the two is meant.
pub(super) fn amazon_private_ip(blocks: &Blocks) -> Done {
    for block in amazon(blocks).filter(|block| !block.has("ssh_interface")) {
        let written = block.text("ssh_private_ip");
        let private = match (block.flag("ssh_private_ip"), &written) {
            (Some(flag), _) => flag,
            (None, None) => continue,
            (None, Some(text)) => boolean(text).ok_or_else(|| Unfixable {
                message: format!("ssh_private_ip is not a boolean: {text:?}"),
                hint: "write `ssh_interface` with `private_ip` or `public_ip` instead",
            })?,
        };
        block.rename("ssh_private_ip", "ssh_interface");
        block.set("ssh_interface", if private { "private_ip" } else { "public_ip" });
    }
    Ok(())
}

pub(super) fn amazon_source_cidr(blocks: &Blocks) -> Done {
    const OLD: &str = "temporary_security_group_source_cidr";
    const NEW: &str = "temporary_security_group_source_cidrs";
    for block in amazon(blocks) {
        if let Some(cidr) = block.value(OLD).and_then(|value| text(&value)) {
            block.rename(OLD, NEW);
            block.set(NEW, CstInputValue::Array(vec![cidr.into()]));
        }
    }
    Ok(())
}

pub(super) fn amazon_spot_price_product(blocks: &Blocks) -> Done {
    const BUILDERS: [&str; 4] = [
        "amazon-ebs",
        "amazon-ebssurrogate",
        "amazon-ebsvolume",
        "amazon-instance",
    ];
    for block in blocks.builders(&BUILDERS) {
        block.remove("spot_price_auto_product");
    }
    Ok(())
}

pub(super) fn azure_exclude_from_latest(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["azure-chroot"]) {
        if let Some(image) = block.object("shared_image_destination") {
            image.rename("exlude_from_latest", "exclude_from_latest");
        }
    }
    Ok(())
}
