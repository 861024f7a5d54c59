//! The manifest as it is in the file: the shape, the order and the escapes of Packer's.

use std::collections::BTreeMap;

use kilnbox_guest::Error;
use serde::{Deserialize, Serialize};

/// All of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ManifestFile {
    builds: Option<Vec<Build>>,
    last_run_uuid: String,
}

/// One build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Build {
    pub(crate) name: String,
    pub(crate) builder_type: String,
    /// Unix time; left out where it is 0.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) build_time: u64,
    /// `null` for an artifact without files.
    pub(crate) files: Option<Vec<ArtifactFile>>,
    pub(crate) artifact_id: String,
    pub(crate) packer_run_uuid: String,
    pub(crate) custom_data: Option<BTreeMap<String, String>>,
}

/// One file of an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct ArtifactFile {
    pub(crate) name: String,
    pub(crate) size: u64,
}

impl ManifestFile {
    /// Reads the file; an empty or missing one has no builds.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, Error> {
        if content.is_empty() {
            return Ok(Self::default());
        }
        Ok(serde_json::from_slice(content)?)
    }

    /// Adds a build. With `force`, what other runs left is dropped first; builds of this run stay.
    pub(crate) fn with(self, build: Build, run: &str, force: bool) -> Self {
        let earlier = if force && self.last_run_uuid != run {
            Self::default()
        } else {
            self
        };
        let mut builds = earlier.builds.unwrap_or_default();
        builds.push(build);
        Self {
            builds: Some(builds),
            last_run_uuid: run.to_owned(),
        }
    }

    /// The text of the file, without a newline at its end.
    pub(crate) fn to_json(&self) -> Result<String, Error> {
        let text = serde_json::to_string_pretty(self)?;
        // Go's encoder escapes what HTML reads. These characters occur in strings alone.
        Ok(text
            .replace('&', r"\u0026")
            .replace('<', r"\u003c")
            .replace('>', r"\u003e")
            .replace('\u{2028}', r"\u2028")
            .replace('\u{2029}', r"\u2029"))
    }
}

/// The last component of a path.
pub(crate) fn base_name(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{
  "builds": [
    {
      "name": "docker",
      "builder_type": "docker",
      "build_time": 1507245986,
      "files": [
        {
          "name": "packer_example",
          "size": 102219776
        }
      ],
      "artifact_id": "Container",
      "packer_run_uuid": "6d5d3185-fa95-44e1-8775-9e64fe2e2d8f",
      "custom_data": {
        "my_custom_data": "example"
      }
    }
  ],
  "last_run_uuid": "6d5d3185-fa95-44e1-8775-9e64fe2e2d8f"
}"#;

    const RUN: &str = "6d5d3185-fa95-44e1-8775-9e64fe2e2d8f";

    fn docker() -> Build {
        Build {
            name: "docker".into(),
            builder_type: "docker".into(),
            build_time: 1_507_245_986,
            files: Some(vec![ArtifactFile {
                name: "packer_example".into(),
                size: 102_219_776,
            }]),
            artifact_id: "Container".into(),
            packer_run_uuid: RUN.into(),
            custom_data: Some(BTreeMap::from([("my_custom_data".into(), "example".into())])),
        }
    }

    fn image() -> Build {
        Build {
            name: "image".into(),
            packer_run_uuid: "other".into(),
            ..Build::default()
        }
    }

    fn names(manifest: &ManifestFile) -> Vec<&str> {
        manifest
            .builds
            .iter()
            .flatten()
            .map(|build| build.name.as_str())
            .collect()
    }

    #[test]
    fn the_bytes_are_packers() {
        assert_eq!(
            ManifestFile::default()
                .with(docker(), RUN, false)
                .to_json()
                .unwrap(),
            ONE
        );
    }

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(
            ManifestFile::parse(ONE.as_bytes()).unwrap().to_json().unwrap(),
            ONE
        );
        assert_eq!(ManifestFile::parse(b"").unwrap(), ManifestFile::default());
        assert!(ManifestFile::parse(b"{").is_err());
    }

    #[test]
    fn what_is_not_there_is_null_or_left_out() {
        let text = ManifestFile::default()
            .with(image(), "run", false)
            .to_json()
            .unwrap();
        assert_eq!(
            text,
            r#"{
  "builds": [
    {
      "name": "image",
      "builder_type": "",
      "files": null,
      "artifact_id": "",
      "packer_run_uuid": "other",
      "custom_data": null
    }
  ],
  "last_run_uuid": "run"
}"#
        );
    }

    #[test]
    fn strings_are_escaped_as_go_does() {
        let build = Build {
            name: "a<b>&\"\u{2028}é".into(),
            ..Build::default()
        };
        let text = ManifestFile::default().with(build, "", false).to_json().unwrap();
        assert!(
            text.contains(r#""name": "a\u003cb\u003e\u0026\"\u2028é""#),
            "{text}"
        );
    }

    #[test]
    fn builds_accumulate_and_force_drops_other_runs() {
        let earlier = ManifestFile::parse(ONE.as_bytes()).unwrap();
        let check = |run, force, expect: &[&str]| {
            let manifest = earlier.clone().with(image(), run, force);
            assert_eq!(names(&manifest), expect, "{run} {force}");
            assert_eq!(manifest.last_run_uuid, run);
        };
        check("other", false, &["docker", "image"]);
        check("other", true, &["image"]);
        check(RUN, true, &["docker", "image"]);
    }

    #[test]
    fn the_base_name_is_the_last_component() {
        for (path, expect) in [("a/b.oci", "b.oci"), ("b", "b"), ("a/b/", "b")] {
            assert_eq!(base_name(path), expect);
        }
    }
}
