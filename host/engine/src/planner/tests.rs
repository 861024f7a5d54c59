//! Plans of whole templates, with a builder and components that say what they were given.

mod builders;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use kilnbox_template::{Diagnostics, Inputs, Resolved, Source, Template, Variables};
use serde_json::{Value as Json, json};

use super::{PlanRequest, Planned, plan};
use crate::{
    BuildStep, Builder, Folders, Job, Lifecycle, LoadError, Options, PathAccess, PlannedStep, PostProcessed,
    Problem, SharedArtifact, SharedCommunicator, Step, StepError, StepKind, StepRunner,
};

#[derive(Debug)]
struct Kiln(Json);

impl Builder for Kiln {
    fn kind(&self) -> &'static str {
        "kiln"
    }

    fn schema(&self) -> &Json {
        &self.0
    }

    fn clean_resource_name(&self, name: &str) -> String {
        name.replace(' ', "-")
    }

    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        if options.json.get("host") == Some(&json!("nowhere")) {
            return Err(vec![
                Problem::error("/host", "`nowhere` is no host").hint("name a real one"),
            ]);
        }
        Ok(Box::new(Steps))
    }
}

#[derive(Debug)]
struct Steps;

impl Lifecycle for Steps {
    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        Vec::new()
    }
}

#[derive(Debug)]
struct Component {
    name: String,
    schema: Json,
    third_party: bool,
}

#[async_trait]
impl Step for Component {
    fn name(&self) -> &str {
        &self.name
    }

    fn uses_instance(&self) -> bool {
        self.name() != "shell-local"
    }

    fn third_party(&self) -> bool {
        self.third_party
    }

    fn schema(&self) -> &Json {
        &self.schema
    }

    async fn validate(&self, options: &Json) -> Result<Vec<Problem>, StepError> {
        let both = options.get("inline").is_some() && options.get("script").is_some();
        Ok(if both {
            vec![Problem::error("/script", "only one of `inline` and `script`")]
        } else {
            Vec::new()
        })
    }

    async fn provision(&self, _: Job, _: SharedCommunicator) -> Result<(), StepError> {
        unreachable!("a plan starts nothing")
    }

    async fn post_process(&self, _: Job, _: SharedArtifact) -> Result<PostProcessed, StepError> {
        unreachable!("a plan starts nothing")
    }
}

#[derive(Debug)]
struct Shelf;

#[async_trait]
impl StepRunner for Shelf {
    async fn load(&self, kind: StepKind, name: &str) -> Result<Arc<dyn Step>, LoadError> {
        let schema = match (kind, name) {
            (StepKind::Provisioner, "shell" | "stranger") => json!({
                "type": "object",
                "properties": {
                    "inline": {"type": ["array", "null"], "items": {"type": "string"}},
                    "script": {"type": ["string", "null"], "format": "asset-path"},
                    "scripts": {"type": "array", "items": {"type": "string", "format": "asset-path"}},
                    "playbook": {"type": "string", "format": "asset-file"},
                    "roles": {"type": "array", "items": {"type": "string", "format": "asset-directory"}},
                    "reports": {"type": "array", "items": {"type": "string", "format": "output-path"}},
                    "execute_command": {
                        "type": "string", "format": "runtime-template", "default": "{{.Vars}} {{.Path}}"
                    },
                    "valid_exit_codes": {"type": "array", "items": {"type": "integer"}, "default": [0]},
                    "pause_after": {"type": ["string", "integer"], "format": "duration", "default": "0s"},
                    "token": {"type": "string", "format": "secret"},
                    "log": {"type": "string", "format": "output-path", "default": "run.log"},
                    "environment": {"type": "object", "additionalProperties": {"type": "string"}},
                    "generated": {"type": "boolean"}
                },
                "additionalProperties": false
            }),
            (StepKind::PostProcessor, "manifest") => json!({
                "properties": {"output": {"type": "string", "format": "output-path", "default": "manifest.json"}}
            }),
            (StepKind::Provisioner, "shell-local") => {
                return Err(LoadError::Denied {
                    name: name.to_owned(),
                    capabilities: vec!["host-exec".to_owned()],
                    grant: "[plugins.shell-local]\ngrant = [\"host-exec\"]".to_owned(),
                });
            }
            _ => {
                let known = vec!["shell".to_owned(), "file".to_owned()];
                return Err(LoadError::Unknown {
                    kind,
                    name: name.to_owned(),
                    known,
                });
            }
        };
        Ok(Arc::new(Component {
            name: name.to_owned(),
            schema,
            third_party: name == "stranger",
        }))
    }
}

/// A template in a folder of its own, with `here.sh` in the working directory and `there.sh` beside the template.
struct Bench {
    folder: tempfile::TempDir,
    resolved: Resolved,
    text: String,
}

impl Bench {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for file in ["work/here.sh", "templates/there.sh", "templates/tree/a"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("making a folder");
            std::fs::write(path, "true\n").expect("writing a file");
        }
        let template = Template::parse(Source::new("template.json", text)).expect("a template that parses");
        let inputs = Inputs {
            env: Arc::new(|_| None),
            now: "2024-03-07T09:05:02Z".parse().expect("a time"),
            working_dir: folder.path().join("work"),
            template_dir: Some(folder.path().join("templates")),
            secrets: None,
        };
        let resolved = template
            .resolve(&inputs, &Variables::default())
            .expect("variables that resolve");
        Self {
            folder,
            resolved,
            text: text.to_owned(),
        }
    }

    async fn plan(&self, only: &[&str], except: &[&str]) -> Result<Planned, Diagnostics> {
        let kiln: Arc<dyn Builder> = Arc::new(Kiln(json!({
            "properties": {
                "host": {"type": "string"},
                "port": {"type": "integer", "minimum": 1, "default": 22},
                "image": {"type": "string"}
            },
            "required": ["host"]
        })));
        let owned = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let folders = Folders {
            working_dir: self.path("work"),
            template_dir: Some(self.path("templates")),
        };
        plan(&PlanRequest {
            resolved: &self.resolved,
            builders: &[kiln],
            runner: &Shelf,
            folders: &folders,
            only: &owned(only),
            except: &owned(except),
            force: false,
        })
        .await
    }

    fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().join(below)
    }

    /// Each problem with the text it points at; the folder's own name left out.
    fn show(&self, problems: &Diagnostics) -> String {
        let mut shown = String::new();
        for problem in problems.iter() {
            let place = problem
                .span
                .map_or("nowhere", |span| &self.text[span.start..span.end]);
            shown.push_str(&format!(
                "{:?}: {}\n  at {place}\n",
                problem.severity, problem.message
            ));
            if let Some(label) = &problem.label {
                shown.push_str(&format!("  label: {label}\n"));
            }
            if let Some(hint) = &problem.hint {
                shown.push_str(&format!("  help: {hint}\n"));
            }
        }
        shown.replace(&*self.folder.path().to_string_lossy(), "<folder>")
    }

    /// The provisioners of the only build.
    async fn provisioners(&self) -> Vec<PlannedStep> {
        let mut planned = self
            .plan(&[], &[])
            .await
            .unwrap_or_else(|problems| panic!("{}", self.show(&problems)));
        assert!(
            planned.diagnostics.is_empty(),
            "{}",
            self.show(&planned.diagnostics)
        );
        assert_eq!(planned.plan.builds.len(), 1);
        planned.plan.builds.remove(0).provisioners
    }
}

fn with_provisioner(provisioner: &str) -> Bench {
    Bench::new(&format!(
        r#"{{ "variables": {{"count": "3", "command": "sudo {{{{.Vars}}}}"}},
            "builders": [{{"type": "kiln", "host": "h"}}], "provisioners": [{provisioner}] }}"#
    ))
}

#[tokio::test]
async fn options_are_interpolated_coerced_and_completed() {
    let bench = with_provisioner(
        r#"{"type": "shell", "inline": "echo {{build_name}}", "valid_exit_codes": "{{user `count`}}",
            "environment": {"A": 1, "B": true}, "packer_debug": true, "Token": null,
            "pause_before": "1m30s", "timeout": 2000000000, "max_retries": "{{user `count`}}"}"#,
    );
    let steps = bench.provisioners().await;
    assert_eq!(
        steps[0].options,
        json!({
            "inline": ["echo kiln"], "valid_exit_codes": [3], "environment": {"A": "1", "B": "1"},
            "execute_command": "{{.Vars}} {{.Path}}", "pause_after": "0s", "log": "run.log"
        })
    );
    assert_eq!(steps[0].pause_before.map(|pause| pause.as_secs()), Some(90));
    assert_eq!(steps[0].timeout.map(|timeout| timeout.as_secs()), Some(2));
    assert_eq!(steps[0].max_retries, 3);
}

#[tokio::test]
async fn every_wrong_option_is_told_at_its_place() {
    let bench = Bench::new(
        r#"{
  "builders": [{"type": "kiln", "prot": 5, "port": "many", "image": "{{build `ID`}}"}],
  "provisioners": [
    {"type": "shell", "inlin": ["a"]},
    {"type": "shell", "inline": {"a": 1}},
    {"type": "shell", "script": "gone.sh"},
    {"type": "shell", "scripts": ["here.sh", "~/gone.sh"]},
    {"type": "shell", "inline": ["a"], "script": "here.sh"},
    {"type": "shell", "valid_exit_codes": "0,x"},
    {"type": "shell", "execute_command": "{{.Vars"},
    {"type": "shell", "inline": ["{{uper `a`}}"]},
    {"type": "shell", "script": "{{build `ID`}}"},
    {"type": "shell", "pause_before": "300", "timeout": "soon", "max_retries": "often"},
    {"type": "shel"},
    {"type": "shell-local"}
  ],
  "post-processors": [{"type": "manifest", "keep_input_artifact": "maybe"}]
}"#,
    );
    let problems = bench.plan(&[], &[]).await.expect_err("no build can run");
    insta::assert_snapshot!(bench.show(&problems));
}

#[tokio::test]
async fn paths_are_looked_for_below_the_working_directory_then_the_template() {
    let bench = with_provisioner(
        r#"{"type": "shell", "scripts": ["here.sh", "there.sh", "tree/"], "reports": "out/r.txt"}"#,
    );
    let steps = bench.provisioners().await;
    let paths: Vec<_> = steps[0]
        .paths
        .iter()
        .map(|path| (path.written.as_str(), path.resolved.clone(), path.access))
        .collect();
    assert_eq!(
        paths,
        [
            ("here.sh", bench.path("work/here.sh"), PathAccess::Asset),
            ("there.sh", bench.path("templates/there.sh"), PathAccess::Asset),
            ("tree/", bench.path("templates/tree/"), PathAccess::Asset),
            ("out/r.txt", bench.path("work/out/r.txt"), PathAccess::Output),
            ("run.log", bench.path("work/run.log"), PathAccess::Output),
        ]
    );
}

#[tokio::test]
async fn a_file_is_no_folder_and_a_folder_no_file() {
    let bench = with_provisioner(r#"{"type": "shell", "playbook": "here.sh", "roles": ["tree"]}"#);
    assert_eq!(bench.provisioners().await[0].paths.len(), 3, "with the log");
    let bench = with_provisioner(r#"{"type": "shell", "playbook": "tree", "roles": ["tree", "here.sh"]}"#);
    let problems = bench
        .plan(&[], &[])
        .await
        .expect_err("both are of the wrong kind");
    let said = bench.show(&problems);
    assert!(said.contains("playbook: tree must point to a file"), "{said}");
    assert!(
        said.contains("roles: here.sh must point to a directory"),
        "{said}"
    );
}

#[tokio::test]
async fn a_file_that_comes_later_need_not_exist() {
    let bench = with_provisioner(r#"{"type": "shell", "script": "later.sh", "generated": true}"#);
    assert_eq!(
        bench.provisioners().await[0].paths[0].resolved,
        bench.path("work/later.sh")
    );
}

#[tokio::test]
async fn a_stranger_gets_paths_below_the_template_and_no_default_outputs() {
    let bench = with_provisioner(r#"{"type": "stranger", "script": "there.sh", "reports": []}"#);
    let steps = bench.provisioners().await;
    assert_eq!(
        steps[0]
            .paths
            .iter()
            .map(|path| path.written.as_str())
            .collect::<Vec<_>>(),
        ["there.sh"]
    );
    let outside = bench.path("work/here.sh");
    let link = bench.path("templates/link.sh");
    std::os::unix::fs::symlink(&outside, &link).expect("a link");
    for (option, path) in [
        ("script", outside.as_path()),
        ("script", link.as_path()),
        ("script", Path::new("/etc/passwd")),
        ("reports", &bench.path("templates/.hidden")),
        ("reports", &bench.path("templates/kilnbox.toml")),
        ("reports", &bench.path("templates/../work/x")),
    ] {
        let refused = with_provisioner(&json!({"type": "stranger", option: path}).to_string());
        // The same folders as `bench`, so that its files are there.
        let refused = Bench {
            folder: tempfile::tempdir().expect("a folder"),
            ..refused
        };
        let folders = Folders {
            working_dir: bench.path("work"),
            template_dir: Some(bench.path("templates")),
        };
        let kiln: Arc<dyn Builder> = Arc::new(Kiln(json!({"properties": {"host": {"type": "string"}}})));
        let problems = plan(&PlanRequest {
            resolved: &refused.resolved,
            builders: &[kiln],
            runner: &Shelf,
            folders: &folders,
            only: &[],
            except: &[],
            force: false,
        })
        .await
        .expect_err("a path that is not open");
        assert!(
            refused
                .show(&problems)
                .contains("is not open to a third-party step"),
            "{option} {path:?}"
        );
    }
}

#[tokio::test]
async fn runtime_templates_expand_the_users_text_and_never_data() {
    let bench = with_provisioner(
        r#"{"type": "shell", "execute_command": "{{user `command`}} sh {{.Path}} {{build `ID`}}",
            "inline": ["id {{build `ID`}}", "plain"]}"#,
    );
    let step = bench.provisioners().await.remove(0);
    let hostile = "{{user `count`}}{{";
    let data = BTreeMap::from([
        ("Vars".to_owned(), hostile.to_owned()),
        ("Path".to_owned(), "/x".to_owned()),
    ]);
    assert!(
        step.templates.render("/execute_command", &data).is_err(),
        "the build's values are not known yet"
    );
    let generated = BTreeMap::from([("ID".to_owned(), hostile.to_owned())]);
    let bound = step
        .templates
        .bind(&step.options, &generated)
        .expect("values")
        .expect("something to bind");
    assert_eq!(bound.options["inline"], json!([format!("id {hostile}"), "plain"]));
    assert_eq!(
        bound.templates.render("/execute_command", &data).expect("text"),
        format!("sudo {hostile} sh /x {hostile}")
    );
    assert!(
        bound.templates.render("/inline/0", &data).is_err(),
        "not an option the step renders"
    );
    assert!(
        step.templates.bind(&step.options, &BTreeMap::new()).is_err(),
        "`ID` is unknown"
    );
}

#[tokio::test]
async fn the_default_of_a_runtime_template_is_rendered_too() {
    let step = with_provisioner(r#"{"type": "shell"}"#)
        .provisioners()
        .await
        .remove(0);
    let data = BTreeMap::from([
        ("Vars".to_owned(), "A=1".to_owned()),
        ("Path".to_owned(), "/x".to_owned()),
    ]);
    assert_eq!(
        step.templates.render("/execute_command", &data).as_deref(),
        Ok("A=1 /x")
    );
}

const MANY: &str = r#"{
  "variables": {"suffix": "x", "password": "hunter2"},
  "sensitive-variables": ["password"],
  "builders": [
    {"type": "kiln", "name": "b-{{user `suffix`}}", "host": "h"},
    {"type": "kiln", "host": "{{user `password`}}"},
    {"type": "kiln", "name": "a", "host": "nowhere"}
  ],
  "provisioners": [
    {"type": "shell", "inline": ["1"], "only": ["kiln"]},
    {"type": "shell", "inline": ["2"], "except": ["kiln"]},
    {"type": "shell", "inline": ["3"], "token": "t0ken", "override": {"kiln": {"inline": ["over"]}}}
  ],
  "error-cleanup-provisioner": {"type": "shell", "inline": ["clean"]},
  "post-processors": [
    "manifest",
    [{"type": "manifest", "name": "first", "keep_input_artifact": true}, {"type": "manifest", "name": "second"}],
    {"type": "manifest", "only": ["a"]}
  ]
}"#;

fn summary(planned: &Planned) -> Vec<String> {
    let steps =
        |steps: &[PlannedStep]| -> Vec<String> { steps.iter().map(|step| step.name.clone()).collect() };
    planned
        .plan
        .builds
        .iter()
        .map(|build| {
            let inline: Vec<String> = build
                .provisioners
                .iter()
                .map(|step| step.options["inline"].to_string())
                .collect();
            let chains: Vec<String> = build.chains.iter().map(|chain| steps(chain).join("+")).collect();
            format!(
                "{} ({}): {} / {} / cleanup {}",
                build.display_name,
                build.name,
                inline.join(" "),
                chains.join(" "),
                build.error_cleanup.is_some()
            )
        })
        .collect()
}

#[tokio::test]
async fn a_build_that_cannot_be_prepared_does_not_stop_the_others() {
    let bench = Bench::new(MANY);
    let planned = bench.plan(&[], &[]).await.expect("two builds");
    assert_eq!(
        summary(&planned),
        [
            r#"kiln.b-x (b-x): ["2"] ["3"] / manifest first+second / cleanup true"#,
            r#"kiln (kiln): ["1"] ["over"] / manifest first+second / cleanup true"#,
        ]
    );
    assert_eq!(planned.failed, ["a"]);
    assert_eq!(
        bench.show(&planned.diagnostics),
        "Error: `nowhere` is no host\n  at \"nowhere\"\n  help: name a real one\n"
    );
    assert_eq!(planned.plan.secrets, ["hunter2", "t0ken"]);
    let chain = &planned.plan.builds[0].chains[1];
    assert_eq!(
        chain.iter().map(|step| step.keep_input).collect::<Vec<_>>(),
        [Some(true), None]
    );
}

#[tokio::test]
async fn only_and_except_choose_builds_and_post_processors() {
    let bench = Bench::new(MANY);
    let only = bench.plan(&["b-x"], &["second"]).await.expect("one build");
    assert_eq!(
        summary(&only),
        [r#"kiln.b-x (b-x): ["2"] ["3"] / manifest first / cleanup true"#]
    );
    let except = bench.plan(&[], &["b-x", "a", "first"]).await.expect("one build");
    assert_eq!(
        summary(&except),
        [r#"kiln (kiln): ["1"] ["over"] / manifest / cleanup true"#]
    );
    let nothing = bench.plan(&["b"], &[]).await.expect_err("no build of this name");
    assert!(bench.show(&nothing).contains("No builds to run"));
}

#[tokio::test]
async fn an_undefined_variable_is_empty_and_warned_of() {
    let bench = with_provisioner(r#"{"type": "shell", "inline": ["echo {{user `cuont`}}."]}"#);
    let planned = bench.plan(&[], &[]).await.expect("a build");
    assert_eq!(
        planned.plan.builds[0].provisioners[0].options["inline"],
        json!(["echo ."])
    );
    assert_eq!(
        bench.show(&planned.diagnostics),
        "Warning: variable `cuont` is not defined; it is empty here\n  at \"echo {{user `cuont`}}.\"\n  \
         label: used here\n  help: did you mean `count`?\n"
    );
}

#[tokio::test]
async fn an_unknown_builder_is_named() {
    let bench = Bench::new(r#"{"builders": [{"type": "kilm"}]}"#);
    let problems = bench.plan(&[], &[]).await.expect_err("no such builder");
    assert_eq!(
        bench.show(&problems),
        "Error: unknown builder `kilm`\n  at \"kilm\"\n  help: did you mean `kiln`?\n"
    );
}
