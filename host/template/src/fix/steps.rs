//! Fixers of provisioners and post-processors, and of Docker's builder with them.

use jsonc_parser::cst::{CstInputValue, CstNode};

use super::{
    Unfixable,
    block::{Blocks, as_input, rewrite, text},
    words::without_backticks,
};

type Done = Result<(), Unfixable>;

pub(super) fn powershell_escapes(blocks: &Blocks) -> Done {
    for block in blocks.provisioners("powershell") {
        for key in ["elevated_user", "elevated_password"] {
            if let Some(value) = block.value(key) {
                rewrite(&value, without_backticks);
            }
        }
        if let Some(variables) = block.array("environment_vars") {
            for value in variables.elements() {
                rewrite(&value, without_backticks);
            }
        }
    }
    Ok(())
}

pub(super) fn galaxy_command(blocks: &Blocks) -> Done {
    for block in blocks.provisioners("ansible-local") {
        if block.text("galaxycommand").is_some() {
            block.rename_unless_there("galaxycommand", "galaxy_command");
        }
    }
    Ok(())
}

/// What `override` holds already stays, where Packer drops it.
pub(super) fn vagrant_override(blocks: &Blocks) -> Done {
    for block in blocks.post_processors("vagrant") {
        let mut moved = block.take(&["aws", "digitalocean", "virtualbox", "vmware"]);
        if moved.is_empty() {
            continue;
        }
        if let Some(CstInputValue::Object(there)) = block.value("override").as_ref().map(as_input) {
            let there = there
                .into_iter()
                .filter(|(key, _)| !moved.iter().any(|(known, _)| known == key));
            moved.extend(there.collect::<Vec<_>>());
        }
        block.set("override", CstInputValue::Object(moved));
    }
    Ok(())
}

pub(super) fn manifest_filename(blocks: &Blocks) -> Done {
    for block in blocks.post_processors("manifest") {
        if block.text("filename").is_some() {
            block.rename("filename", "output");
        }
    }
    Ok(())
}

pub(super) fn docker_email(blocks: &Blocks) -> Done {
    for block in blocks.builders(&["docker"]) {
        block.remove("login_email");
    }
    let docker = blocks
        .post_processors
        .iter()
        .filter(|block| block.is_of_family("docker-"));
    docker.for_each(|block| block.remove("login_email"));
    Ok(())
}

/// `tag` may be one name, several with commas between, or a list; its names stand before those of `tags`.
pub(super) fn docker_tag(blocks: &Blocks) -> Done {
    for block in blocks.post_processors("docker-tag") {
        let (old, new) = (block.value("tag"), block.value("tags"));
        let lists = [old.as_ref(), new.as_ref()].map(|value| value.map_or(Some(Vec::new()), names));
        let [Some(mut all), Some(others)] = lists else {
            continue;
        };
        for name in others {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        if old.is_some() {
            if new.is_none() {
                block.rename("tag", "tags");
            } else {
                block.remove("tag");
            }
            block.set("tags", all);
        }
    }
    Ok(())
}

/// None if it holds anything but names.
fn names(value: &CstNode) -> Option<Vec<String>> {
    match text(value) {
        Some(names) => Some(names.split(',').map(|name| name.trim().to_owned()).collect()),
        None => value.as_array()?.elements().iter().map(text).collect(),
    }
}
