//! Versions of the contract: which this host serves, and what to say where a component was built for another.
//!
//! Every `kilnbox:plugin@1.y.z` is one track: imports only grow, so an older component runs on a newer host. A newer
//! component runs too, unless it calls what this host does not have yet.

use std::fmt;

use semver::Version;

/// What this host serves: the version in `wit/`.
pub(crate) const CONTRACT: Version = Version::new(1, 0, 0);

/// An interface of the contract as a component names it, such as `kilnbox:plugin/exec@1.2.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface<'n> {
    /// Such as `exec`.
    pub(crate) name: &'n str,
    /// Absent where the name has none that could be read.
    pub(crate) version: Option<Version>,
}

impl<'n> Interface<'n> {
    /// Reads a name; none where it is not of the contract.
    pub(crate) fn read(name: &'n str) -> Option<Self> {
        let rest = name.strip_prefix("kilnbox:plugin/")?;
        let (name, version) = rest.split_once('@').unwrap_or((rest, ""));
        Some(Self {
            name,
            version: Version::parse(version).ok(),
        })
    }

    /// Whether it is of the track that this host serves.
    pub(crate) fn served(&self) -> bool {
        let version = self.version.as_ref();
        version.is_some_and(|version| version.major == CONTRACT.major && version.pre.is_empty())
    }
}

/// Which side is behind, in the words of a hint.
pub(crate) fn way_out(theirs: Option<&Version>) -> String {
    match theirs {
        Some(theirs) if theirs.major < CONTRACT.major => {
            format!(
                "the plugin is older than this contract: get a newer version of it, or build it against {CONTRACT}"
            )
        }
        Some(theirs) if *theirs > CONTRACT => {
            format!(
                "upgrade Kilnbox, or get a version of the plugin that was built against {CONTRACT} or earlier"
            )
        }
        _ => format!(
            "the plugin was built against other files than those of the contract {CONTRACT}: build it anew"
        ),
    }
}

/// Why a component does not link, read from what wasmtime says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) reason: String,
    pub(crate) hint: Option<String>,
}

impl Mismatch {
    /// The engine says it as a chain: the interface, then the function, then what is the matter with it. `theirs` is the
    /// newest version that the component names anywhere.
    pub(crate) fn of(error: &wasmtime::Error, theirs: Option<&Version>) -> Self {
        let links: Vec<String> = error.chain().map(ToString::to_string).collect();
        let interface = links
            .iter()
            .find_map(|link| quoted(link).and_then(Interface::read));
        let function = links
            .iter()
            .filter_map(|link| quoted(link))
            .find(|name| Interface::read(name).is_none());
        let whole = links.join(": ");
        let reason = match (&interface, function) {
            (Some(interface), Some(function)) => {
                let named = Named { interface, function };
                if whole.contains("implementation is missing") {
                    format!("imports {named}, which the contract {CONTRACT} of this Kilnbox does not have")
                } else {
                    format!(
                        "does not fit the contract {CONTRACT} of this Kilnbox: {named}: {}",
                        last(&links)
                    )
                }
            }
            _ => format!("does not fit the contract {CONTRACT} of this Kilnbox: {whole}"),
        };
        let theirs = interface
            .and_then(|interface| interface.version)
            .or(theirs.cloned());
        Self {
            reason,
            hint: Some(way_out(theirs.as_ref())),
        }
    }
}

/// A function with its interface: `nice` of `kilnbox:plugin/exec@1.3.0`.
struct Named<'n> {
    interface: &'n Interface<'n>,
    function: &'n str,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interface { name, version } = self.interface;
        write!(f, "`{}` of `kilnbox:plugin/{name}", self.function)?;
        match version {
            Some(version) => write!(f, "@{version}`"),
            None => f.write_str("`"),
        }
    }
}

/// What stands between the first two backticks.
fn quoted(text: &str) -> Option<&str> {
    text.split('`').nth(1)
}

fn last(links: &[String]) -> &str {
    links.last().map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use wit_parser::Resolve;

    use super::*;

    #[test]
    fn the_version_is_that_of_the_files() {
        let mut resolve = Resolve::default();
        let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
        let (package, _) = resolve.push_dir(wit).unwrap();
        assert_eq!(resolve.packages[package].name.version, Some(CONTRACT));
    }

    #[test]
    fn the_side_that_is_behind_is_named() {
        for (theirs, way) in [
            ("0.1.0", "the plugin is older"),
            ("1.0.0", "build it anew"),
            ("1.4.0", "upgrade Kilnbox"),
            ("2.0.0", "upgrade Kilnbox"),
        ] {
            let hint = way_out(Some(&theirs.parse().unwrap()));
            assert!(hint.contains(way), "{theirs}: {hint}");
        }
    }

    #[test]
    fn one_track_is_one_major_version() {
        for (name, served) in [
            ("kilnbox:plugin/exec@1.0.0", true),
            ("kilnbox:plugin/exec@1.9.3", true),
            ("kilnbox:plugin/exec@1.0.0-rc.1", false),
            ("kilnbox:plugin/exec@0.1.0", false),
            ("kilnbox:plugin/exec@2.0.0", false),
            ("kilnbox:plugin/exec", false),
        ] {
            assert_eq!(Interface::read(name).unwrap().served(), served, "{name}");
        }
        assert_eq!(Interface::read("wasi:io/streams@0.2.6"), None);
    }
}
