//! What a component asks for and offers, read from its bytes before anything of it is compiled.
//!
//! Only the names at the border matter: `kilnbox:plugin/x@1.y.z` is a capability, `wasi:…@0.2.y` is linked inert and
//! gives nothing, everything else is refused by name. Bytes of strangers are validated here first, with the features
//! the engine has, because an engine is no place to find out.

use std::collections::BTreeSet;

use kilnbox_engine::StepKind;
use semver::Version;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::{
    contract::{self, CONTRACT, Interface},
    grants::{Capability, Grants},
};

/// The parts of WASI 0.2 that guest toolchains import unasked. No HTTP, no key-value stores.
const INERT: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// The border of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Border {
    pub(crate) capabilities: BTreeSet<Capability>,
    /// Names of WASI interfaces, as imported.
    pub(crate) wasi: Vec<String>,
    pub(crate) kind: StepKind,
    pub(crate) validates: bool,
    /// The newest version of the contract that it names.
    pub(crate) contract: Option<Version>,
}

/// The bytes are no component that could run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BorderError {
    #[error("not a WebAssembly file")]
    Magic,
    #[error("a core module, not a component")]
    Module,
    #[error("not a valid component: {0}")]
    Invalid(String),
    #[error("imports `{0}`, which no component may have")]
    Foreign(String),
    #[error("imports `{0}`, and this Kilnbox serves the contract {CONTRACT}")]
    NotServed(String),
    #[error("exports no `{0}`")]
    Missing(&'static str),
    #[error("exports both `provisioner` and `post-processor`; one component is one step")]
    Both,
}

impl BorderError {
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Magic | Self::Invalid(_) => "the file may be damaged; build or download it again",
            Self::Module => "build it for `wasm32-wasip2`, or wrap it with `wasm-tools component new`",
            Self::Foreign(_) => "build it for a world of `kilnbox:plugin` and WASI 0.2 alone",
            Self::NotServed(name) => {
                let version = Interface::read(name).and_then(|interface| interface.version);
                return Some(contract::way_out(version.as_ref()));
            }
            Self::Missing(_) | Self::Both => {
                "build it for the world `provisioner-plugin` or `post-processor-plugin`"
            }
        };
        Some(hint.to_owned())
    }
}

/// Checks every byte of a component against the features the engine has.
pub(crate) fn validate(bytes: &[u8]) -> Result<(), BorderError> {
    magic(bytes)?;
    Validator::new_with_features(features())
        .validate_all(bytes)
        .map(drop)
        .map_err(|error| BorderError::Invalid(error.to_string()))
}

/// Reads imports and exports. The bytes need not have been validated.
pub(crate) fn border(bytes: &[u8]) -> Result<Border, BorderError> {
    magic(bytes)?;
    let invalid = |error: wasmparser::BinaryReaderError| BorderError::Invalid(error.to_string());
    let mut capabilities = BTreeSet::new();
    let mut wasi = Vec::new();
    let (mut plugin, mut provisioner, mut post_processor, mut validates) = (false, false, false, false);
    let mut newest = None;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => return Err(BorderError::Module),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import.map_err(invalid)?.name.name;
                    newest = newest.max(Interface::read(name).and_then(|interface| interface.version));
                    match Import::read(name)? {
                        Import::Capability(capability) => {
                            capabilities.insert(capability);
                        }
                        Import::Wasi(name) => wasi.push(name),
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let name = export.map_err(invalid)?.name.name;
                    let Some(interface) = Interface::read(name) else {
                        continue;
                    };
                    newest = newest.max(interface.version.clone());
                    match (interface.name, interface.served()) {
                        ("plugin", true) => plugin = true,
                        ("provisioner", true) => provisioner = true,
                        ("post-processor", true) => post_processor = true,
                        ("validator", true) => validates = true,
                        // Exports that the host does not know are not called.
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if !plugin {
        return Err(BorderError::Missing("kilnbox:plugin/plugin@1.0.0"));
    }
    let kind = match (provisioner, post_processor) {
        (true, false) => StepKind::Provisioner,
        (false, true) => StepKind::PostProcessor,
        (true, true) => return Err(BorderError::Both),
        (false, false) => return Err(BorderError::Missing("kilnbox:plugin/provisioner@1.0.0")),
    };
    Ok(Border {
        capabilities,
        wasi,
        kind,
        validates,
        contract: newest,
    })
}

impl Border {
    /// What is asked for and not granted.
    pub(crate) fn missing(&self, grants: &Grants) -> Vec<Capability> {
        self.capabilities
            .iter()
            .copied()
            .filter(|capability| !grants.allow(*capability))
            .collect()
    }
}

enum Import {
    Capability(Capability),
    Wasi(String),
}

impl Import {
    fn read(name: &str) -> Result<Self, BorderError> {
        if let Some(interface) = Interface::read(name) {
            return match Capability::from_name(interface.name) {
                Some(capability) if interface.served() => Ok(Self::Capability(capability)),
                _ => Err(BorderError::NotServed(name.to_owned())),
            };
        }
        let inert = name
            .strip_prefix("wasi:")
            .and_then(|rest| rest.split_once('/'))
            .is_some_and(|(package, rest)| {
                INERT.contains(&package)
                    && rest
                        .split_once('@')
                        .is_some_and(|(_, version)| version.starts_with("0.2."))
            });
        if inert {
            Ok(Self::Wasi(name.to_owned()))
        } else {
            Err(BorderError::Foreign(name.to_owned()))
        }
    }
}

fn magic(bytes: &[u8]) -> Result<(), BorderError> {
    if bytes.starts_with(b"\0asm") {
        Ok(())
    } else {
        Err(BorderError::Magic)
    }
}

/// What the settings of `kilnbox_wasm` turn on.
fn features() -> WasmFeatures {
    WasmFeatures::default()
        .difference(WasmFeatures::THREADS)
        .difference(WasmFeatures::MEMORY64)
        .difference(WasmFeatures::GC)
        .difference(WasmFeatures::EXCEPTIONS)
        .difference(WasmFeatures::FUNCTION_REFERENCES)
        .union(WasmFeatures::COMPONENT_MODEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wat: &str) -> Result<Border, BorderError> {
        let bytes = wat::parse_str(wat).unwrap();
        validate(&bytes)?;
        border(&bytes)
    }

    #[test]
    fn garbage_is_not_a_component() {
        assert_eq!(validate(b"#!/bin/sh\n"), Err(BorderError::Magic));
        assert_eq!(validate(b""), Err(BorderError::Magic));
        assert!(matches!(
            validate(b"\0asm\x0d\0\x01\0garbage"),
            Err(BorderError::Invalid(_))
        ));
    }

    #[test]
    fn a_core_module_is_named_as_one() {
        assert_eq!(read("(module)"), Err(BorderError::Module));
    }

    #[test]
    fn foreign_imports_are_refused_by_name() {
        for name in [
            "evil:corp/rootkit@1.0.0",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:cli/environment@0.3.0",
        ] {
            let component = format!("(component (import \"{name}\" (instance)))");
            assert_eq!(read(&component), Err(BorderError::Foreign(name.to_owned())));
        }
        assert_eq!(
            read("(component (import \"run\" (func)))"),
            Err(BorderError::Foreign("run".to_owned()))
        );
    }

    #[test]
    fn parts_of_a_newer_contract_are_named() {
        for name in [
            "kilnbox:plugin/teleport@1.0.0",
            "kilnbox:plugin/exec@2.0.0",
            "kilnbox:plugin/exec",
        ] {
            let component = format!("(component (import \"{name}\" (instance)))");
            assert_eq!(read(&component), Err(BorderError::NotServed(name.to_owned())));
        }
    }

    #[test]
    fn a_nested_import_is_not_one_of_the_component() {
        let component = r#"(component (component (import "evil:corp/rootkit@1.0.0" (instance))))"#;
        assert_eq!(
            read(component),
            Err(BorderError::Missing("kilnbox:plugin/plugin@1.0.0"))
        );
    }

    #[test]
    fn later_patches_of_the_contract_and_of_wasi_are_read() {
        let component = r#"(component
            (import "kilnbox:plugin/exec@1.2.7" (instance))
            (import "wasi:cli/environment@0.2.6" (instance))
            (instance $i)
            (export "kilnbox:plugin/plugin@1.0.0" (instance $i))
            (instance $j)
            (export "kilnbox:plugin/post-processor@1.0.3" (instance $j)))"#;
        let border = read(component).unwrap();
        assert_eq!(border.capabilities, BTreeSet::from([Capability::Exec]));
        assert_eq!(border.wasi, ["wasi:cli/environment@0.2.6"]);
        assert_eq!(border.kind, StepKind::PostProcessor);
        assert!(!border.validates);
        assert_eq!(border.contract, Some(Version::new(1, 2, 7)));
    }

    #[test]
    fn sixty_four_bit_memories_are_not_valid_here() {
        let component = "(component (core module (memory i64 1)))";
        assert!(matches!(read(component), Err(BorderError::Invalid(_))));
    }
}
