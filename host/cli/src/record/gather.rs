//! What the steps of each build did, gathered from the event stream while it happens.
//!
//! It is kept in memory within bounds: what is beyond them is counted and left out, and the record says so.

use std::sync::{Arc, Mutex, PoisonError};

use kilnbox_engine::{Body, Deed, Event, Reader, StepId};
use serde_json::{Value as Json, json};

/// Bytes of all acts of a run.
const LARGEST: usize = 64 << 20;
/// Steps and their tries, of one build.
const STEPS: usize = 20_000;

/// Shared by the reader's thread and by who writes the record.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathering(Arc<Mutex<Gathered>>);

/// All of a run.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The run's id.
    pub(super) run: String,
    pub(super) builds: Vec<Build>,
    /// Events that never came here.
    pub(super) missed: u64,
    bytes: usize,
}

/// What happened to one build.
#[derive(Debug, Default)]
pub(super) struct Build {
    pub(super) name: String,
    pub(super) builder: String,
    pub(super) started: Option<String>,
    pub(super) finished: Option<String>,
    pub(super) host: Option<String>,
    pub(super) error: Option<String>,
    pub(super) steps: Vec<Step>,
    /// Acts beyond the bounds.
    pub(super) left_out: u64,
}

/// One try of a step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) id: StepId,
    pub(super) started: String,
    pub(super) finished: Option<String>,
    pub(super) error: Option<String>,
    pub(super) component: Option<Json>,
    pub(super) acts: Vec<Json>,
}

impl Gathering {
    pub(super) fn take(&self) -> Gathered {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Reader for Gathering {
    fn event(&mut self, event: &Event) {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.hear(event);
    }

    fn records(&self) -> bool {
        true
    }
}

impl Gathered {
    /// The build of a name.
    pub(super) fn build(&self, name: &str) -> Option<&Build> {
        self.builds.iter().find(|build| build.name == name)
    }

    fn hear(&mut self, event: &Event) {
        match &event.body {
            Body::RunStarted { builds } => {
                self.run.clone_from(&event.run);
                let named = |name: &String| Build {
                    name: name.clone(),
                    ..Build::default()
                };
                self.builds = builds.iter().map(named).collect();
                return;
            }
            Body::Skipped { events } => {
                self.missed += events;
                return;
            }
            _ => {}
        }
        let Some(name) = &event.build else { return };
        let Some(build) = self.builds.iter_mut().find(|build| build.name == *name) else {
            return;
        };
        let time = || Some(event.time.clone());
        match (&event.body, &event.step) {
            (Body::BuildStarted { builder }, _) => {
                build.builder.clone_from(builder);
                build.started = time();
            }
            (Body::Connected { host }, _) => build.host = Some(host.clone()),
            (Body::BuildFinished { error, .. }, _) => {
                build.finished = time();
                build.error.clone_from(error);
            }
            (Body::StepStarted, Some(id)) => drop(build.step(id, &event.time)),
            (Body::StepFinished { error, .. }, Some(id)) => {
                if let Some(step) = build.step(id, &event.time) {
                    step.finished = time();
                    step.error.clone_from(error);
                }
            }
            (Body::Act(act), Some(id)) => {
                let Ok(mut told) = serde_json::to_value(act) else {
                    return;
                };
                let component = matches!(act.deed, Deed::Component(_));
                let size = told.to_string().len();
                if let Some(members) = told.as_object_mut() {
                    if component {
                        members.shift_remove("act");
                    } else {
                        members.insert("time".to_owned(), event.time.clone().into());
                    }
                }
                let fits = self.bytes + size <= LARGEST;
                match build.step(id, &event.time).filter(|_| fits) {
                    Some(step) if component => step.component = Some(told),
                    Some(step) => step.acts.push(told),
                    None => {
                        build.left_out += 1;
                        return;
                    }
                }
                self.bytes += size;
            }
            _ => {}
        }
    }
}

impl Build {
    /// What is told of a try; the clean-up of a builder's step belongs to the step. None when there are too many.
    fn step(&mut self, id: &StepId, time: &str) -> Option<&mut Step> {
        let place = match self.steps.iter().rposition(|step| step.id == *id) {
            Some(place) => place,
            None if self.steps.len() < STEPS => {
                self.steps.push(Step {
                    id: id.clone(),
                    started: time.to_owned(),
                    finished: None,
                    error: None,
                    component: None,
                    acts: Vec::new(),
                });
                self.steps.len() - 1
            }
            None => return None,
        };
        self.steps.get_mut(place)
    }
}

impl Step {
    /// As it stands in the record.
    pub(super) fn to_json(&self) -> Json {
        json!({
            "kind": self.id.kind,
            "index": self.id.index,
            "name": self.id.name,
            "try": self.id.attempt,
            "thirdParty": self.id.third_party,
            "component": self.component,
            "startedOn": self.started,
            "finishedOn": self.finished,
            "error": self.error,
            "acts": self.acts,
        })
    }
}

#[cfg(test)]
mod tests {
    use kilnbox_engine::Act;

    use super::*;
    use crate::readers::script;

    fn act(line: usize) -> Body {
        let path = format!("{line} {}", "x".repeat(1 << 20));
        Body::Act(Act::done(Deed::Remove { path }))
    }

    #[test]
    fn acts_are_kept_within_bounds_and_counted_beyond() {
        let mut gathering = Gathering::default();
        let (build, step) = (Some("a"), script::step("shell", "provisioner", false));
        let builds = vec!["a".to_owned()];
        gathering.event(&script::event(None, None, Body::RunStarted { builds }));
        for line in 0..70 {
            gathering.event(&script::event(build, step.clone(), act(line)));
        }
        let gathered = gathering.take();
        let build = gathered.build("a").unwrap();
        assert_eq!(build.steps.len(), 1);
        assert_eq!(build.steps[0].acts.len() + build.left_out as usize, 70);
        assert_eq!(build.steps[0].acts.len(), 63, "64 MiB with what surrounds each");
    }
}
