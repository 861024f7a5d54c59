//! The schema of a component's options: whatever a stranger's says, reading it and checking options by it ends.
//!
//! The first part of the input is the schema, the second one the options of a builder and of a step that both have it.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use futures::executor::block_on;
use kilnbox_engine::{
    BuildStep, Builder, Folders, Job, Lifecycle, LoadError, Options, PlanRequest, PostProcessed, Problem,
    SharedArtifact, SharedCommunicator, Step, StepError, StepKind, StepRunner, make_plan, options_in_words,
};
use kilnbox_template::{Inputs, Source, Template, Variables};
use serde_json::{Value as Json, json};

use crate::{parts, places};

/// See the module.
pub fn check(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else {
        return;
    };
    let (schema, options) = parts::two(input);
    let Ok(schema @ Json::Object(_)) = serde_json::from_str(schema) else {
        return;
    };
    for option in options_in_words(&schema) {
        assert!(!option.kind.is_empty(), "`{}` is of no kind", option.name);
    }
    let Ok(Json::Object(options)) = serde_json::from_str(options) else {
        return;
    };
    let block = |kind: &str| {
        let mut block = options.clone();
        for own in ["type", "name", "only", "except", "override", "timeout"] {
            block.remove(own);
        }
        block.insert("type".to_owned(), Json::from(kind));
        Json::Object(block)
    };
    let template = json!({"builders": [block("kiln")], "provisioners": [block("step")], "post-processors": [block("step")]});
    let source = Source::new("template.json", format!("{template:#}"));
    if let Ok(template) = Template::parse(source.clone()) {
        planning(&source, template, &schema);
    }
}

fn planning(source: &Source, template: Template, schema: &Json) {
    let Ok(resolved) = template.resolve(&Inputs::default(), &Variables::default()) else {
        return;
    };
    let folders = Folders {
        working_dir: Path::new("/nowhere").to_owned(),
        template_dir: None,
    };
    let builders: [Arc<dyn Builder>; 1] = [Arc::new(Kiln(schema.clone()))];
    let planned = block_on(make_plan(&PlanRequest {
        resolved: &resolved,
        builders: &builders,
        runner: &Shelf(schema.clone()),
        folders: &folders,
        only: &[],
        except: &[],
        force: false,
    }));
    match planned {
        Ok(planned) => places::problems(source, &planned.diagnostics),
        Err(problems) => {
            assert!(problems.has_errors(), "refused without a reason");
            places::problems(source, &problems);
        }
    }
}

/// A builder with the schema of a stranger.
#[derive(Debug)]
struct Kiln(Json);

impl Builder for Kiln {
    fn kind(&self) -> &'static str {
        "kiln"
    }

    fn schema(&self) -> &Json {
        &self.0
    }

    fn prepare(&self, _: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        Ok(Box::new(NoSteps))
    }
}

#[derive(Debug)]
struct NoSteps;

impl Lifecycle for NoSteps {
    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        Vec::new()
    }
}

/// Has one component under every name.
#[derive(Debug)]
struct Shelf(Json);

#[async_trait]
impl StepRunner for Shelf {
    async fn load(&self, _: StepKind, _: &str) -> Result<Arc<dyn Step>, LoadError> {
        Ok(Arc::new(Component(self.0.clone())))
    }
}

#[derive(Debug)]
struct Component(Json);

#[async_trait]
impl Step for Component {
    fn name(&self) -> &str {
        "step"
    }

    fn third_party(&self) -> bool {
        true
    }

    fn uses_instance(&self) -> bool {
        true
    }

    fn schema(&self) -> &Json {
        &self.0
    }

    async fn validate(&self, _: &Json) -> Result<Vec<Problem>, StepError> {
        Ok(Vec::new())
    }

    async fn provision(&self, _: Job, _: SharedCommunicator) -> Result<(), StepError> {
        unreachable!("a plan starts nothing")
    }

    async fn post_process(&self, _: Job, _: SharedArtifact) -> Result<PostProcessed, StepError> {
        unreachable!("a plan starts nothing")
    }
}
