//! What a builder renders itself, while it runs: options marked `runtime-template`.

use std::sync::Mutex;

use super::*;

/// A builder with tags, which keeps the options it was given.
#[derive(Debug)]
struct Tagger {
    schema: Json,
    given: Mutex<Option<Options>>,
}

impl Builder for Tagger {
    fn kind(&self) -> &'static str {
        "tagger"
    }

    fn schema(&self) -> &Json {
        &self.schema
    }

    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        *self.given.lock().unwrap() = Some(options.clone());
        Ok(Box::new(Steps))
    }
}

/// The options as the builder gets them; or the problems.
async fn prepare(options: &str) -> Result<Options, String> {
    let bench = Bench::new(&format!(
        r#"{{ "variables": {{"site": "a {{{{.BuildRegion}}}}", "key": "Owner", "plain": "x"}},
            "builders": [{{"type": "tagger", {options}}}] }}"#
    ));
    let text = json!({"type": "string", "format": "runtime-template"});
    let tagger = Arc::new(Tagger {
        schema: json!({
            "properties": {
                "about": text,
                "host": {"type": "string"},
                "tags": {"type": "object", "additionalProperties": text},
                "tag": {"type": "array", "items": {"type": "object", "properties": {
                    "key": {"type": "string"}, "value": text
                }, "additionalProperties": false}}
            },
            "additionalProperties": false
        }),
        given: Mutex::default(),
    });
    let builder: Arc<dyn Builder> = tagger.clone();
    let folders = Folders {
        working_dir: bench.path("work"),
        template_dir: None,
    };
    let planned = plan(&PlanRequest {
        resolved: &bench.resolved,
        builders: &[builder],
        runner: &Shelf,
        folders: &folders,
        only: &[],
        except: &[],
        force: false,
    })
    .await;
    match planned {
        Ok(_) => Ok(tagger
            .given
            .lock()
            .unwrap()
            .take()
            .expect("a builder that was asked")),
        Err(problems) => Err(bench.show(&problems)),
    }
}

fn data() -> BTreeMap<String, String> {
    [
        ("SourceAMI", "ami-1 {{user `site`}}"),
        ("BuildRegion", "eu-west-1"),
        ("SourceAMITags.Name", "base"),
        ("SourceAMITags.team.example/of", "web"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[tokio::test]
async fn a_builder_renders_its_runtime_templates_with_its_data() {
    let options = prepare(
        r#""host": "{{user `plain`}}", "about": "of {{.SourceAMI}}",
           "tags": {
               "Name": "{{ .SourceAMITags.Name }} {{ user `site` }} {{isotime}}",
               "team/x": "{{index .SourceAMITags `team.example/of`}}",
               "{{user `key`}}": "{{.SourceAMITags.Owner}}{{if .SourceAMITags.Owner}}!{{end}}",
               "plain": 5
           },
           "tag": [{"key": "{{user `key`}}", "value": "{{.BuildRegion}}"}]"#,
    )
    .await
    .unwrap();
    assert_eq!(options.json["host"], "x", "what is no runtime template is ready");
    assert_eq!(options.json["about"], "of {{.SourceAMI}}");
    assert_eq!(options.json["tag"][0]["key"], "Owner");
    for (at, expect) in [
        ("/about", "of ami-1 {{user `site`}}"),
        ("/tags/Name", "base a eu-west-1 2024-03-07T09:05:02Z"),
        ("/tags/team~1x", "web"),
        ("/tags/Owner", "<no value>"),
        ("/tags/plain", "5"),
        ("/tag/0/value", "eu-west-1"),
    ] {
        assert_eq!(
            options.templates.render(at, &data()).as_deref(),
            Ok(expect),
            "{at}"
        );
    }
    for at in ["/host", "/tags/gone", "/tag/0/key"] {
        assert!(options.templates.render(at, &data()).is_err(), "{at}");
    }
}

#[tokio::test]
async fn one_block_stands_for_a_list_of_one() {
    let options = prepare(r#""tag": {"key": "a", "value": "{{.BuildRegion}}"}"#)
        .await
        .unwrap();
    assert_eq!(
        options.templates.render("/tag/0/value", &data()).as_deref(),
        Ok("eu-west-1")
    );
}

#[tokio::test]
async fn what_can_be_known_to_be_wrong_is_told_before_the_build() {
    for (options, expect) in [
        (r#""about": "{{.SourceAMI""#, "unclosed"),
        (
            r#""tags": {"a": "{{uper `x`}}"}"#,
            "function \"uper\" not defined",
        ),
        (
            r#""about": "{{.SourceAMI}} {{build `ID`}}""#,
            "`{{build}}` is not possible in a builder",
        ),
        (
            r#""tags": {"a": "{{index .SourceAMITags `x`}} {{build `ID`}}"}"#,
            "`{{build}}` is not possible in a builder",
        ),
        (
            r#""host": "{{build `ID`}}""#,
            "`{{build}}` is not possible in a builder",
        ),
        (r#""host": "{{.SourceAMI}}""#, "have no value here"),
        (r#""tags": {"{{.SourceAMI}}": "a"}"#, "have no value here"),
    ] {
        let problems = prepare(options)
            .await
            .err()
            .unwrap_or_else(|| panic!("{options} was accepted"));
        assert!(problems.contains(expect), "{options}: {problems}");
    }
}
