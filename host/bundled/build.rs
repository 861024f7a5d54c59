//! Builds the first-party components and compiles them for the machine that Kilnbox is built for.
//!
//! Each component is compiled ahead with the engine settings that run it later.

use std::{env, fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context as _, Result};

struct Guest {
    name: &'static str,
    kind: &'static str,
}

const GUESTS: [Guest; 11] = [
    Guest::provisioner("shell"),
    Guest::provisioner("file"),
    Guest::provisioner("shell-local"),
    Guest::provisioner("sleep"),
    Guest::provisioner("breakpoint"),
    Guest::provisioner("ansible-local"),
    Guest::post_processor("manifest"),
    Guest::post_processor("checksum"),
    Guest::post_processor("compress"),
    Guest::post_processor("artifice"),
    Guest::post_processor("shell-local"),
];

impl Guest {
    const fn provisioner(name: &'static str) -> Self {
        let kind = "provisioner";
        Self { name, kind }
    }

    const fn post_processor(name: &'static str) -> Self {
        let kind = "post-processor";
        Self { name, kind }
    }

    fn package(&self) -> String {
        format!("kilnbox-{}-{}", self.kind, self.name)
    }
}

fn main() -> Result<()> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let target = env::var("TARGET")?;

    let packages: Vec<String> = GUESTS.iter().map(Guest::package).collect();
    let built = kilnbox_component_build::build(&workspace, &packages, &["provisioners", "post-processors"])?;
    let mut list = String::from("&[\n");
    for guest in &GUESTS {
        let wasm = built.join(kilnbox_component_build::file_name(&guest.package()));
        let bytes = fs::read(&wasm).with_context(|| format!("reading {}", wasm.display()))?;
        let ahead = kilnbox_wasm::compile_ahead(&bytes, &target)
            .map_err(|error| anyhow::anyhow!("compiling `{}` for {target}: {error:?}", guest.package()))?;
        for (extension, content) in [("wasm", &bytes), ("cwasm", &ahead)] {
            fs::write(out.join(guest.package()).with_added_extension(extension), content)?;
        }
        writeln!(
            list,
            "    Component {{ name: {:?}, kind: {:?}, wasm: include_bytes!({:?}), ahead: page_aligned!({:?}) }},",
            guest.name,
            guest.kind,
            out.join(guest.package()).with_added_extension("wasm"),
            out.join(guest.package()).with_added_extension("cwasm"),
        )?;
    }
    list.push(']');
    fs::write(out.join("components.rs"), list)?;
    Ok(())
}
