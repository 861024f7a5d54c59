//! What the user writes, and Packer's checks of it. That files and folders are there is checked by the host.

use kilnbox_guest::{AssetDirectory, AssetFile, Diagnostic, JsonSchema};
use serde::{Deserialize, Serialize};

use crate::places;

/// Runs `ansible-playbook` on the instance, where Ansible has to be. One of `playbook_file` and `playbook_files` must be
/// set.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(
    deny_unknown_fields,
    extend("examples" = [{
        "type": "ansible-local",
        "playbook_file": "site.yml",
        "inventory_groups": ["web"],
        "extra_arguments": ["--tags", "install"]
    }])
)]
pub struct Options {
    /// The playbook to run. It is put at the top of the staging folder.
    pub playbook_file: Option<AssetFile>,
    /// Playbooks to run, one after the other. One that is in `playbook_dir` is run where it is, others are uploaded
    /// under the path that is written here.
    pub playbook_files: Vec<AssetFile>,
    /// A folder whose whole content becomes the staging folder, before anything else is put there.
    pub playbook_dir: Option<AssetDirectory>,
    /// Folders of further playbooks. Each is put into `playbooks` of the staging folder, under its own name.
    pub playbook_paths: Vec<AssetDirectory>,
    /// Folders of roles. Each is put into `roles` of the staging folder, under its own name.
    pub role_paths: Vec<AssetDirectory>,
    /// Folders of collections. Each is put into `collections` of the staging folder, under its own name; Ansible finds
    /// collections in one that is called `ansible_collections`.
    pub collection_paths: Vec<AssetDirectory>,
    /// A folder of variables by group, to become `group_vars` of the staging folder.
    pub group_vars: Option<AssetDirectory>,
    /// A folder of variables by host, to become `host_vars` of the staging folder.
    pub host_vars: Option<AssetDirectory>,
    /// The inventory. Otherwise one is made of `inventory_groups`.
    pub inventory_file: Option<AssetFile>,
    /// Groups that the instance, `127.0.0.1`, is in. Not together with `inventory_file`.
    pub inventory_groups: Vec<String>,
    /// More of the command line of `ansible-playbook`. The instance's shell reads it, as in Packer: quote what has
    /// spaces in it.
    pub extra_arguments: Vec<String>,
    /// The program, with what stands before it on the command line. The instance's shell reads it.
    #[schemars(extend("default" = "ANSIBLE_FORCE_COLOR=1 PYTHONUNBUFFERED=1 ansible-playbook"))]
    pub command: Option<String>,
    /// Names the roles and collections that `ansible-galaxy` gets before the playbooks run: a `requirements.yml`.
    pub galaxy_file: Option<AssetFile>,
    /// The program that gets them, with what stands before it on the command line. The instance's shell reads it.
    #[schemars(extend("default" = "ansible-galaxy"))]
    pub galaxy_command: Option<String>,
    /// The folder of the instance that roles of `galaxy_file` are put into. Otherwise `galaxy_roles` in the staging
    /// folder.
    pub galaxy_roles_path: Option<String>,
    /// The folder of the instance that collections of `galaxy_file` are put into. Otherwise `galaxy_collections` in the
    /// staging folder.
    pub galaxy_collections_path: Option<String>,
    /// Whether roles and collections are put there again where they are already.
    pub galaxy_force_install: bool,
    /// The staging folder of the instance, an absolute path. Otherwise one of its own for each try, in
    /// `/tmp/packer-provisioner-ansible-local`.
    pub staging_directory: Option<String>,
    /// Whether the staging folder is removed in the end, also where a playbook failed.
    pub clean_staging_directory: bool,
}

/// Text of an option that is as good as not there when it is empty.
pub(crate) fn written<Text: std::ops::Deref<Target = str>>(option: &Option<Text>) -> Option<&str> {
    option.as_deref().filter(|text| !text.is_empty())
}

impl Options {
    pub(crate) fn problems(&self) -> Vec<Diagnostic> {
        let mut problems = self.playbook_problems();
        problems.extend(self.empty_paths());
        problems.extend(self.inventory_problems());
        problems.extend(self.galaxy_problems());
        problems.extend(self.staging_problem());
        problems
    }

    fn playbook_problems(&self) -> Vec<Diagnostic> {
        match (written(&self.playbook_file), self.playbook_files.is_empty()) {
            (Some(_), false) => vec![Diagnostic::error(
                "/playbook_files",
                "Either playbook_file or playbook_files can be specified, not both",
            )],
            (None, true) => vec![
                Diagnostic::error("", "Either playbook_file or playbook_files must be specified")
                    .hint("add `\"playbook_file\": \"path\"`"),
            ],
            _ => self.playbooks_apart_from_their_folder(),
        }
    }

    /// A step does not know where it was started, so it cannot tell that `/srv/ansible/a.yml` is in `ansible`.
    fn playbooks_apart_from_their_folder(&self) -> Vec<Diagnostic> {
        let Some(folder) = written(&self.playbook_dir) else {
            return Vec::new();
        };
        let apart = |path: &&AssetFile| path.starts_with('/') != folder.starts_with('/');
        let files = self.playbook_files.iter().enumerate();
        files
            .filter(|(_, path)| !path.is_empty() && apart(path))
            .map(|(index, path)| {
                Diagnostic::warning(
                    format!("/playbook_files/{index}"),
                    format!("`{path}` counts as outside of `playbook_dir`, `{folder}`"),
                )
                .hint("write both as absolute paths, or both as relative ones")
            })
            .collect()
    }

    fn empty_paths(&self) -> Vec<Diagnostic> {
        let folders = [
            ("playbook_paths", &self.playbook_paths),
            ("role_paths", &self.role_paths),
            ("collection_paths", &self.collection_paths),
        ];
        let files = self.playbook_files.iter().map(|path| &**path).enumerate();
        let files = files.map(|(index, path)| ("playbook_files", index, path));
        let folders = folders.into_iter().flat_map(|(option, paths)| {
            let paths = paths.iter().map(|path| &**path).enumerate();
            paths.map(move |(index, path)| (option, index, path))
        });
        files
            .chain(folders)
            .filter(|(_, _, path)| path.is_empty())
            .map(|(option, index, _)| {
                Diagnostic::error(
                    format!("/{option}/{index}"),
                    format!("{option} must be specified."),
                )
            })
            .collect()
    }

    fn inventory_problems(&self) -> Vec<Diagnostic> {
        let groups = self.inventory_groups.iter().enumerate();
        let mut problems: Vec<_> = groups
            .filter(|(_, group)| group.is_empty() || group.contains([']', '\n', '\r']))
            .map(|(index, group)| {
                Diagnostic::error(
                    format!("/inventory_groups/{index}"),
                    format!("`{group}` cannot be the name of a group"),
                )
            })
            .collect();
        if written(&self.inventory_file).is_some() && !self.inventory_groups.is_empty() {
            problems.push(Diagnostic::warning(
                "/inventory_groups",
                "`inventory_groups` has no effect beside `inventory_file`",
            ));
        }
        problems
    }

    // Of `galaxy_command` nobody can tell: the host fills in its default.
    fn galaxy_problems(&self) -> Vec<Diagnostic> {
        if written(&self.galaxy_file).is_some() {
            return Vec::new();
        }
        [
            ("galaxy_roles_path", written(&self.galaxy_roles_path).is_some()),
            (
                "galaxy_collections_path",
                written(&self.galaxy_collections_path).is_some(),
            ),
            ("galaxy_force_install", self.galaxy_force_install),
        ]
        .into_iter()
        .filter(|(_, is_set)| *is_set)
        .map(|(option, _)| {
            Diagnostic::warning(
                format!("/{option}"),
                format!("`{option}` has no effect without `galaxy_file`"),
            )
        })
        .collect()
    }

    /// Commands run in the staging folder and name it, so a relative path would be looked for in itself.
    fn staging_problem(&self) -> Option<Diagnostic> {
        let folder = written(&self.staging_directory)?;
        // A value of the build, which comes when it runs.
        if folder.contains("{{") {
            return None;
        }
        if !folder.starts_with('/') {
            return Some(
                Diagnostic::error(
                    "/staging_directory",
                    format!("`{folder}` is not an absolute path"),
                )
                .hint("begin with `/`; `~` and `$HOME` are not expanded"),
            );
        }
        (self.clean_staging_directory && places::join(folder, "") == "/").then(|| {
            Diagnostic::error(
                "/clean_staging_directory",
                "to clean `/` is to remove all of the instance",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use kilnbox_guest::Severity;

    use super::*;

    /// `expect` are places and messages.
    fn check(options: &str, severity: Severity, expect: &[(&str, &str)]) {
        let read: Options = serde_json::from_str(options).unwrap();
        let problems = read.problems();
        assert!(
            problems.iter().all(|problem| problem.severity == severity),
            "{options}"
        );
        let found: Vec<_> = problems
            .iter()
            .map(|problem| (problem.at.as_str(), problem.message.as_str()))
            .collect();
        assert_eq!(found, expect, "{options}");
    }

    #[test]
    fn exactly_one_kind_of_playbook() {
        let check = |options, expect| check(options, Severity::Error, expect);
        check(r#"{"playbook_file": "a.yml"}"#, &[]);
        check(r#"{"playbook_files": ["a.yml", "b.yml"]}"#, &[]);
        check(r#"{"playbook_file": "", "playbook_files": ["a.yml"]}"#, &[]);
        let none = &[("", "Either playbook_file or playbook_files must be specified")];
        check("{}", none);
        check(r#"{"playbook_file": "", "playbook_files": []}"#, none);
        check(
            r#"{"playbook_file": "a.yml", "playbook_files": ["b.yml"]}"#,
            &[(
                "/playbook_files",
                "Either playbook_file or playbook_files can be specified, not both",
            )],
        );
    }

    #[test]
    fn an_empty_path_is_told_in_its_list() {
        let check = |options, expect| check(options, Severity::Error, expect);
        check(
            r#"{"playbook_files": ["a.yml", ""], "role_paths": [""], "collection_paths": ["c", ""], "playbook_paths": [""]}"#,
            &[
                ("/playbook_files/1", "playbook_files must be specified."),
                ("/playbook_paths/0", "playbook_paths must be specified."),
                ("/role_paths/0", "role_paths must be specified."),
                ("/collection_paths/1", "collection_paths must be specified."),
            ],
        );
    }

    #[test]
    fn the_staging_folder_is_absolute_and_not_everything() {
        let check = |folder: &str, clean: bool, expect| {
            let options = format!(
                r#"{{"playbook_file": "a", "staging_directory": "{folder}", "clean_staging_directory": {clean}}}"#
            );
            check(&options, Severity::Error, expect);
        };
        check("/opt/ansible", true, &[]);
        check("", true, &[]);
        check("{{build `ID`}}", true, &[]);
        check("/", false, &[]);
        check(
            "opt",
            false,
            &[("/staging_directory", "`opt` is not an absolute path")],
        );
        let everything = &[(
            "/clean_staging_directory",
            "to clean `/` is to remove all of the instance",
        )];
        check("/", true, everything);
        check("/opt/..//.", true, everything);
    }

    #[test]
    fn names_of_groups_stay_in_their_brackets() {
        let check = |group: &str, expect| {
            let options = serde_json::json!({ "playbook_file": "a", "inventory_groups": [group] });
            check(&options.to_string(), Severity::Error, expect);
        };
        check("web", &[]);
        check("web:children", &[]);
        check("", &[("/inventory_groups/0", "`` cannot be the name of a group")]);
        check(
            "a]\nb",
            &[("/inventory_groups/0", "`a]\nb` cannot be the name of a group")],
        );
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let check = |options, expect| check(options, Severity::Warning, expect);
        check(
            r#"{"playbook_file": "a", "inventory_file": "hosts", "inventory_groups": ["web"]}"#,
            &[(
                "/inventory_groups",
                "`inventory_groups` has no effect beside `inventory_file`",
            )],
        );
        check(
            r#"{"playbook_file": "a", "galaxy_roles_path": "g", "galaxy_force_install": true}"#,
            &[
                (
                    "/galaxy_roles_path",
                    "`galaxy_roles_path` has no effect without `galaxy_file`",
                ),
                (
                    "/galaxy_force_install",
                    "`galaxy_force_install` has no effect without `galaxy_file`",
                ),
            ],
        );
        check(
            r#"{"playbook_dir": "play", "playbook_files": ["play/a.yml", "/srv/play/b.yml"]}"#,
            &[(
                "/playbook_files/1",
                "`/srv/play/b.yml` counts as outside of `playbook_dir`, `play`",
            )],
        );
    }

    #[test]
    fn the_schema_is_what_users_are_checked_with() {
        let schema: serde_json::Value = serde_json::from_str(&kilnbox_guest::schema_of::<Options>()).unwrap();
        insta::assert_json_snapshot!(schema);
    }
}
