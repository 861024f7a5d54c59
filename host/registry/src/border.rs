//! What a component imports and exports, by the names in its bytes. Nothing of it is compiled.
//!
//! The sandbox reads the same names to decide what may run; here they are compared with what a registry tells.

use wasmparser::{Encoding, Parser, Payload};

/// The package of the contract; its interfaces are the capabilities.
const CONTRACT: &str = "kilnbox:plugin/";

/// The names at the border of a component, in the order of the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Border {
    /// Such as `kilnbox:plugin/exec@1.0.0` and `wasi:io/streams@0.2.6`.
    pub imports: Vec<String>,
    /// Such as `kilnbox:plugin/provisioner@1.0.0`.
    pub exports: Vec<String>,
}

impl Border {
    /// Reads the bytes; they need not have been validated.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut border = Self::default();
        // Components and modules within have names of their own.
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(|error| error.to_string())? {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => return Err("a core module, not a component".to_owned()),
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(|error| error.to_string())?;
                        border.imports.push(import.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        let export = export.map_err(|error| error.to_string())?;
                        border.exports.push(export.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(border)
    }
}

/// The capability behind an import, such as `exec`; WASI's are none.
pub(crate) fn capability(import: &str) -> Option<&str> {
    let name = import.strip_prefix(CONTRACT)?;
    Some(name.split_once('@').map_or(name, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_the_border_and_no_others() {
        let bytes = wat::parse_str(
            r#"(component
                (import "kilnbox:plugin/exec@1.0.0" (instance $i))
                (import "wasi:io/streams@0.2.6" (instance))
                (component (import "within" (instance)))
                (core module (import "a" "b" (func)))
                (export "kilnbox:plugin/plugin@1.0.0" (instance $i)))"#,
        );
        let border = Border::read(&bytes.unwrap()).unwrap();
        assert_eq!(
            border.imports,
            ["kilnbox:plugin/exec@1.0.0", "wasi:io/streams@0.2.6"]
        );
        assert_eq!(border.exports, ["kilnbox:plugin/plugin@1.0.0"]);
        let capabilities: Vec<_> = border
            .imports
            .iter()
            .filter_map(|name| capability(name))
            .collect();
        assert_eq!(capabilities, ["exec"]);
    }

    #[test]
    fn other_bytes_are_refused() {
        assert!(Border::read(b"nothing").is_err());
        assert!(Border::read(&wat::parse_str("(module)").unwrap()).is_err());
    }
}
