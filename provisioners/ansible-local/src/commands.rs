//! The command lines that the instance runs.
//!
//! A path of plain characters makes the line that Packer makes; any other is quoted, where Packer leaves it to a shell.
//! `command`, `galaxy_command` and `extra_arguments` are text for that shell and stay as they are.

use kilnbox_guest::{Error, Job};

use crate::{Options, galaxy::Requirements, options::written, places::join};

const COMMAND: &str = "ANSIBLE_FORCE_COLOR=1 PYTHONUNBUFFERED=1 ansible-playbook";
const GALAXY_COMMAND: &str = "ansible-galaxy";

/// What a playbook is told of the build. No more than these: user variables may be secrets.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) build_name: String,
    pub(crate) builder_type: String,
    pub(crate) http_addr: String,
}

impl Told {
    pub(crate) fn by(job: &Job) -> Self {
        Self {
            build_name: job.build_name(),
            builder_type: job.build_type(),
            http_addr: job.generated("PackerHTTPAddr").unwrap_or_default(),
        }
    }

    /// The argument of `--extra-vars`. Packer's text cannot hold spaces or quotes; JSON can.
    fn argument(&self) -> Result<String, Error> {
        let Self {
            build_name,
            builder_type,
            http_addr,
        } = self;
        let is_plain =
            |text: &String| text.is_empty() || matches!(quoted(text), Ok(quoted) if quoted == *text);
        if [build_name, builder_type, http_addr].into_iter().all(is_plain) {
            return Ok(format!(
                "\"packer_build_name={build_name} packer_builder_type={builder_type} packer_http_addr={http_addr} \
                 -o IdentitiesOnly=yes\""
            ));
        }
        quoted(
            &serde_json::json!({
                "packer_build_name": build_name,
                "packer_builder_type": builder_type,
                "packer_http_addr": http_addr,
            })
            .to_string(),
        )
    }
}

/// Makes the command lines of one run.
#[derive(Debug)]
pub(crate) struct Commands<'o> {
    pub(crate) options: &'o Options,
    /// The staging folder.
    pub(crate) staging: &'o str,
}

impl Commands<'_> {
    pub(crate) fn ansible(&self) -> &str {
        written(&self.options.command).unwrap_or(COMMAND)
    }

    pub(crate) fn galaxy(&self) -> &str {
        written(&self.options.galaxy_command).unwrap_or(GALAXY_COMMAND)
    }

    /// Runs a playbook with an inventory, both paths on the instance.
    pub(crate) fn playbook(
        &self,
        playbook: &str,
        inventory: &str,
        requirements: Requirements,
        told: &Told,
    ) -> Result<String, Error> {
        Ok(format!(
            "cd {} && {}{} {} --extra-vars {} {} -c local -i {}",
            quoted(self.staging)?,
            self.environment(requirements)?,
            self.ansible(),
            quoted(playbook)?,
            told.argument()?,
            self.options.extra_arguments.join(" "),
            quoted(inventory)?,
        ))
    }

    /// Where Ansible finds what was put there for it, each followed by a space.
    fn environment(&self, requirements: Requirements) -> Result<String, Error> {
        let mut collections = Vec::new();
        if requirements.collections {
            collections.push(self.galaxy_collections());
        }
        if !self.options.collection_paths.is_empty() {
            collections.push(join(self.staging, "collections"));
        }
        let roles: Vec<_> = requirements
            .roles
            .then(|| self.galaxy_roles())
            .into_iter()
            .collect();
        let mut text = String::new();
        for (name, folders) in [
            ("ANSIBLE_COLLECTIONS_PATH", collections),
            ("ANSIBLE_ROLES_PATH", roles),
        ] {
            if !folders.is_empty() {
                text += &format!("{name}=${name}:{} ", quoted(&folders.join(":"))?);
            }
        }
        Ok(text)
    }

    /// Gets roles, then collections, as far as they are asked for in `file`, a path on the instance.
    pub(crate) fn install(&self, file: &str, requirements: Requirements) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        if requirements.roles {
            lines.push(self.install_into(&self.galaxy_roles(), "install", file)?);
        }
        if requirements.collections {
            lines.push(self.install_into(&self.galaxy_collections(), "collection install", file)?);
        }
        Ok(lines)
    }

    fn install_into(&self, folder: &str, what: &str, file: &str) -> Result<String, Error> {
        let force = if self.options.galaxy_force_install {
            " -f"
        } else {
            ""
        };
        Ok(format!(
            "cd {} && {} {what} -r {} -p {}{force}",
            quoted(self.staging)?,
            self.galaxy(),
            quoted(file)?,
            quoted(folder)?,
        ))
    }

    fn galaxy_roles(&self) -> String {
        written(&self.options.galaxy_roles_path)
            .map_or_else(|| join(self.staging, "galaxy_roles"), str::to_owned)
    }

    fn galaxy_collections(&self) -> String {
        written(&self.options.galaxy_collections_path)
            .map_or_else(|| join(self.staging, "galaxy_collections"), str::to_owned)
    }
}

pub(crate) fn make_folder(folder: &str) -> Result<String, Error> {
    Ok(format!("mkdir -p {}", always_quoted(folder)?))
}

pub(crate) fn remove_folder(folder: &str) -> Result<String, Error> {
    Ok(format!("rm -rf {}", always_quoted(folder)?))
}

/// One word for a POSIX shell, as it is where it can be.
fn quoted(text: &str) -> Result<String, Error> {
    shlex::try_quote(text)
        .map(Into::into)
        .map_err(|_| Error::invalid(format!("`{text}` has a zero byte in it")))
}

/// As [`quoted`], with Packer's quotes where none are needed.
fn always_quoted(text: &str) -> Result<String, Error> {
    let word = quoted(text)?;
    Ok(if word == text { format!("'{word}'") } else { word })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAGING: &str = "/tmp/ansible";

    fn told(build_name: &str) -> Told {
        Told {
            build_name: build_name.to_owned(),
            builder_type: "null".to_owned(),
            http_addr: "10.0.2.2:8123".to_owned(),
        }
    }

    fn options(text: &str) -> Options {
        serde_json::from_str(text).unwrap()
    }

    fn playbook(text: &str, requirements: Requirements) -> String {
        let options = options(text);
        let commands = Commands {
            options: &options,
            staging: STAGING,
        };
        commands
            .playbook(
                "/tmp/ansible/site.yml",
                "/tmp/ansible/hosts",
                requirements,
                &told("web"),
            )
            .unwrap()
    }

    const EXTRA_VARS: &str = "--extra-vars \"packer_build_name=web packer_builder_type=null \
        packer_http_addr=10.0.2.2:8123 -o IdentitiesOnly=yes\"";

    #[test]
    fn a_playbook_runs_in_the_staging_folder() {
        assert_eq!(
            playbook("{}", Requirements::default()),
            format!(
                "cd /tmp/ansible && ANSIBLE_FORCE_COLOR=1 PYTHONUNBUFFERED=1 ansible-playbook /tmp/ansible/site.yml \
                 {EXTRA_VARS}  -c local -i /tmp/ansible/hosts"
            )
        );
        assert_eq!(
            playbook(
                r#"{"command": "sudo ansible-playbook", "extra_arguments": ["-e", "'a=b c'", "--tags=x"]}"#,
                Requirements::default()
            ),
            format!(
                "cd /tmp/ansible && sudo ansible-playbook /tmp/ansible/site.yml {EXTRA_VARS} -e 'a=b c' --tags=x \
                 -c local -i /tmp/ansible/hosts"
            )
        );
    }

    #[test]
    fn ansible_is_told_where_things_are() {
        let check = |text, roles, collections, expect| {
            let line = playbook(text, Requirements { roles, collections });
            let environment = line
                .strip_prefix("cd /tmp/ansible && ")
                .and_then(|rest| rest.split_once("ansible-playbook"))
                .map(|(before, _)| before);
            assert_eq!(environment, Some(expect), "{line}");
        };
        check(r#"{"command": "ansible-playbook"}"#, false, false, "");
        check(
            r#"{"command": "ansible-playbook", "collection_paths": ["c"]}"#,
            true,
            true,
            "ANSIBLE_COLLECTIONS_PATH=$ANSIBLE_COLLECTIONS_PATH:/tmp/ansible/galaxy_collections:/tmp/ansible/collections \
             ANSIBLE_ROLES_PATH=$ANSIBLE_ROLES_PATH:/tmp/ansible/galaxy_roles ",
        );
        check(
            r#"{"command": "ansible-playbook", "galaxy_roles_path": "/opt/my roles"}"#,
            true,
            false,
            "ANSIBLE_ROLES_PATH=$ANSIBLE_ROLES_PATH:'/opt/my roles' ",
        );
    }

    #[test]
    fn a_name_that_packers_text_cannot_hold_goes_as_json() {
        let argument = |name| told(name).argument().unwrap();
        assert!(argument("web-1.0").starts_with("\"packer_build_name=web-1.0 "));
        assert_eq!(
            argument("a b"),
            r#"'{"packer_build_name":"a b","packer_builder_type":"null","packer_http_addr":"10.0.2.2:8123"}'"#
        );
        for name in ["$(reboot)", "`id`", "it's", "a\"b", "a\\", "x;y"] {
            let words = shlex::split(&argument(name)).unwrap();
            let [word] = words.as_slice() else {
                panic!("{words:?}")
            };
            let vars: serde_json::Value = serde_json::from_str(word).unwrap();
            assert_eq!(vars["packer_build_name"], name);
        }
    }

    #[test]
    fn galaxy_gets_what_is_asked_for() {
        let check = |text, roles, collections, expect: &[&str]| {
            let options = options(text);
            let commands = Commands {
                options: &options,
                staging: STAGING,
            };
            let lines = commands.install("/tmp/ansible/req.yml", Requirements { roles, collections });
            assert_eq!(lines.unwrap(), expect);
        };
        check(
            "{}",
            true,
            true,
            &[
                "cd /tmp/ansible && ansible-galaxy install -r /tmp/ansible/req.yml -p /tmp/ansible/galaxy_roles",
                "cd /tmp/ansible && ansible-galaxy collection install -r /tmp/ansible/req.yml \
                 -p /tmp/ansible/galaxy_collections",
            ],
        );
        check(
            r#"{"galaxy_command": "/opt/galaxy", "galaxy_force_install": true, "galaxy_roles_path": "~/roles"}"#,
            true,
            false,
            &["cd /tmp/ansible && /opt/galaxy install -r /tmp/ansible/req.yml -p '~/roles' -f"],
        );
    }

    #[test]
    fn folders_are_always_quoted() {
        let check =
            |folder, expect: &str| assert_eq!(make_folder(folder).unwrap(), format!("mkdir -p {expect}"));
        check("/tmp/a", "'/tmp/a'");
        check("/tmp/a b", "'/tmp/a b'");
        check("/tmp/it's", "\"/tmp/it's\"");
        assert_eq!(remove_folder("/tmp/a").unwrap(), "rm -rf '/tmp/a'");
        assert!(make_folder("a\0b").is_err());
    }
}
