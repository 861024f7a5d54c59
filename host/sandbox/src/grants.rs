//! What a component may do: the names of the contract's interfaces, and what the user granted of them.
//!
//! Imports are the request, grants are the answer (invariant 2). Deny by default: a capability is usable only if it
//! stands in the table below as always or by default granted, or if the user wrote it down.

use std::collections::BTreeSet;

use crate::Error;

/// An interface of `kilnbox:plugin` that components import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// What every other interface speaks of.
    Types,
    /// Words for the person who watches.
    Ui,
    /// The step's own run-time templates.
    Template,
    /// Local files that the user named.
    Assets,
    /// Commands on the instance.
    Exec,
    /// Files to the instance.
    Upload,
    /// Files from the instance.
    Download,
    /// Coming back after a reboot.
    Reconnect,
    /// Local files that the user named as outputs.
    Outputs,
    /// Address and private key of the instance.
    Connection,
    /// Programs on the host.
    HostExec,
    /// Questions to the person at the terminal.
    Prompt,
}

impl Capability {
    /// All there are, in the order of `wit/worlds.wit`.
    pub const ALL: [Self; 12] = [
        Self::Types,
        Self::Ui,
        Self::Template,
        Self::Assets,
        Self::Exec,
        Self::Upload,
        Self::Download,
        Self::Reconnect,
        Self::Outputs,
        Self::Connection,
        Self::HostExec,
        Self::Prompt,
    ];

    /// Whether it does anything to the instance.
    pub const fn reaches_instance(self) -> bool {
        matches!(
            self,
            Self::Exec | Self::Upload | Self::Download | Self::Reconnect | Self::Connection
        )
    }

    /// The interface's name, which is also what users write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Ui => "ui",
            Self::Template => "template",
            Self::Assets => "assets",
            Self::Exec => "exec",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Reconnect => "reconnect",
            Self::Outputs => "outputs",
            Self::Connection => "connection",
            Self::HostExec => "host-exec",
            Self::Prompt => "prompt",
        }
    }

    /// The capability behind an interface's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }

    /// Whether every component has it without being asked for.
    pub const fn by_default(self) -> bool {
        match self {
            Self::Types
            | Self::Ui
            | Self::Template
            | Self::Assets
            | Self::Exec
            | Self::Upload
            | Self::Download
            | Self::Reconnect
            | Self::Outputs => true,
            Self::Connection | Self::HostExec | Self::Prompt => false,
        }
    }
}

/// What one component was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grants(BTreeSet<Capability>);

impl Default for Grants {
    fn default() -> Self {
        Self(
            Capability::ALL
                .into_iter()
                .filter(|capability| capability.by_default())
                .collect(),
        )
    }
}

impl Grants {
    /// The defaults and what the user wrote in `grant = [...]`.
    pub fn with<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        let mut grants = Self::default();
        for name in names {
            let name = name.as_ref();
            let capability = Capability::from_name(name).ok_or_else(|| Error::UnknownCapability {
                name: name.to_owned(),
                known: Capability::ALL
                    .iter()
                    .map(|capability| capability.name())
                    .collect(),
            })?;
            grants.0.insert(capability);
        }
        Ok(grants)
    }

    /// Everything, for looking at a component without running it on anything.
    pub(crate) fn everything() -> Self {
        Self(Capability::ALL.into_iter().collect())
    }

    /// Whether `capability` is among them.
    pub fn allow(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }

    /// Those that no component has without being granted them.
    pub(crate) fn beyond_default(&self) -> Vec<String> {
        let granted = self.0.iter().filter(|capability| !capability.by_default());
        granted.map(|capability| capability.name().to_owned()).collect()
    }

    /// The lines of `kilnbox.toml` that grant the plugin `name` what it has and `missing`.
    pub(crate) fn lines(&self, name: &str, missing: &[Capability]) -> String {
        let list: Vec<String> = Capability::ALL
            .into_iter()
            .filter(|capability| !capability.by_default())
            .filter(|capability| self.allow(*capability) || missing.contains(capability))
            .map(|capability| format!("\"{}\"", capability.name()))
            .collect();
        format!("[plugins.{}]\ngrant = [{}]", toml_key(name), list.join(", "))
    }
}

/// A bare key where TOML allows one, else a quoted one.
fn toml_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

#[cfg(test)]
mod tests {
    use wit_parser::{PackageId, Resolve};

    use super::*;

    #[test]
    fn lines_hold_what_is_granted_and_what_is_missing() {
        let grants = Grants::with(["prompt", "exec"]).unwrap();
        assert_eq!(
            grants.lines("shell-local", &[Capability::HostExec]),
            "[plugins.shell-local]\ngrant = [\"host-exec\", \"prompt\"]"
        );
        assert_eq!(
            Grants::default().lines("acme.tool", &[Capability::Connection]),
            "[plugins.\"acme.tool\"]\ngrant = [\"connection\"]"
        );
    }

    #[test]
    fn grants_beyond_the_default_are_never_implied() {
        let grants = Grants::default();
        for capability in [Capability::Connection, Capability::HostExec, Capability::Prompt] {
            assert!(!grants.allow(capability), "{capability:?}");
        }
    }

    #[test]
    fn an_unknown_grant_is_refused() {
        assert!(
            Grants::with(["everything"])
                .unwrap_err()
                .to_string()
                .contains("`everything`")
        );
    }

    fn contract() -> (Resolve, PackageId) {
        let mut resolve = Resolve::default();
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
        let (package, _) = resolve.push_dir(wit).unwrap();
        (resolve, package)
    }

    /// The names of all interfaces that a world of the contract imports.
    fn imported(resolve: &Resolve, package: PackageId) -> BTreeSet<String> {
        let worlds = resolve.packages[package].worlds.values();
        worlds
            .flat_map(|world| resolve.worlds[*world].imports.keys())
            .map(|key| resolve.name_world_key(key))
            .collect()
    }

    /// A new interface in `wit/` must get a rule here before it can be imported.
    #[test]
    fn every_interface_of_the_contract_has_a_rule() {
        let (resolve, package) = contract();
        let imported = imported(&resolve, package);
        let ruled: BTreeSet<String> = Capability::ALL
            .iter()
            .map(|c| format!("kilnbox:plugin/{}@1.0.0", c.name()))
            .collect();
        assert_eq!(imported, ruled);

        // What is in a world that steps are built for is exactly what is granted by default.
        for (world, whole) in [("provisioner-plugin", true), ("post-processor-plugin", false)] {
            let world = resolve.packages[package].worlds[world];
            let imports: BTreeSet<String> = resolve.worlds[world]
                .imports
                .keys()
                .map(|key| resolve.name_world_key(key))
                .collect();
            let default: BTreeSet<String> = Capability::ALL
                .iter()
                .filter(|c| c.by_default())
                .map(|c| format!("kilnbox:plugin/{}@1.0.0", c.name()))
                .collect();
            assert!(imports.is_subset(&default));
            assert!(!whole || imports == default);
        }
    }

    /// For every interface in `wit/`, what a component that imports it is missing under every single grant.
    #[test]
    fn the_matrix_of_interfaces_and_grants() {
        let (resolve, package) = contract();
        let imported = imported(&resolve, package);
        let granted = ["connection", "host-exec", "prompt"];
        for name in &imported {
            let component = wat::parse_str(format!(
                r#"(component (import "{name}" (instance)) (instance $i)
                    (export "kilnbox:plugin/plugin@1.0.0" (instance $i)) (instance $j)
                    (export "kilnbox:plugin/provisioner@1.0.0" (instance $j)))"#
            ));
            let border = crate::imports::border(&component.unwrap()).unwrap();
            let interface = name
                .trim_start_matches("kilnbox:plugin/")
                .trim_end_matches("@1.0.0");
            let asks = granted.contains(&interface);
            assert_eq!(
                border.missing(&Grants::default()).is_empty(),
                !asks,
                "{interface}"
            );
            for grant in granted {
                let grants = Grants::with([grant]).unwrap();
                assert_eq!(
                    border.missing(&grants).is_empty(),
                    !asks || grant == interface,
                    "{interface} with {grant}"
                );
            }
        }
    }
}
