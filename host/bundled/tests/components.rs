//! What the embedded components ask for, and that they are whole.

use std::collections::BTreeSet;

use kilnbox_bundled::components;
use wasmparser::{Parser, Payload};

/// The interfaces of the contract that a component imports, without package and version. WASI's are no capabilities:
/// the sandbox links them inert.
fn imports(component: &[u8]) -> anyhow::Result<Vec<String>> {
    let mut depth = 0;
    let mut found = BTreeSet::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let name = import?.name.name.to_owned();
                    if let Some(interface) = name.strip_prefix("kilnbox:plugin/") {
                        found.insert(interface.split('@').next().unwrap_or_default().to_owned());
                    } else {
                        assert!(name.starts_with("wasi:"), "{name}");
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found.into_iter().collect())
}

#[test]
fn each_imports_what_it_uses_and_no_more() {
    let check = |kind, name, expect: &[&str]| {
        let component = components()
            .iter()
            .find(|found| (found.kind, found.name) == (kind, name))
            .unwrap();
        assert_eq!(imports(component.wasm).unwrap(), expect, "{kind} {name}");
    };
    check(
        "provisioner",
        "shell",
        &["assets", "exec", "reconnect", "template", "types", "ui", "upload"],
    );
    check(
        "provisioner",
        "file",
        &["assets", "download", "outputs", "types", "ui", "upload"],
    );
    check(
        "provisioner",
        "shell-local",
        &["assets", "host-exec", "template", "types", "ui"],
    );
    check(
        "provisioner",
        "ansible-local",
        &["assets", "exec", "types", "ui", "upload"],
    );
    check("post-processor", "manifest", &["outputs", "types"]);
    check(
        "post-processor",
        "shell-local",
        &["assets", "host-exec", "template", "types", "ui"],
    );
    check("provisioner", "sleep", &["types"]);
    check("provisioner", "breakpoint", &["prompt", "types", "ui"]);
    for name in ["checksum", "artifice", "compress"] {
        let ui = (name != "checksum").then_some("ui");
        let expect: Vec<&str> = ["outputs", "types"].into_iter().chain(ui).collect();
        check("post-processor", name, &expect);
    }
    assert_eq!(components().len(), 11);
}

#[test]
fn compiled_code_is_there_and_on_a_page() {
    for component in components() {
        assert!(component.ahead.starts_with(b"\x7fELF"), "{component:?}");
        assert_eq!(component.ahead.as_ptr() as usize % 4096, 0, "{component:?}");
    }
}
