//! All outcomes of a run of the benchmark, as text for people and as JSON.

use serde::Serialize;

use crate::{contest::Outcome, machine::Machine};

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) outcomes: Vec<Outcome>,
}

impl Report {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            machine,
            outcomes: Vec::new(),
        }
    }

    /// How many goals were met, and which were not.
    pub(crate) fn verdict(&self) -> String {
        let goals = || {
            self.outcomes
                .iter()
                .flat_map(|outcome| outcome.goals.iter().map(move |goal| (outcome, goal)))
        };
        let missed: Vec<String> = goals()
            .filter(|(_, goal)| !goal.met())
            .map(|(outcome, goal)| {
                format!(
                    "\nmissed: {}: {} is {:.3} {}, at most {} is wanted",
                    outcome.name, goal.what, goal.value, goal.unit, goal.at_most
                )
            })
            .collect();
        let all = goals().count();
        format!("{} of {all} goals met{}", all - missed.len(), missed.concat())
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data") + "\n"
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "# Results of the last `make bench`\n\n{}\n\n{}\n",
            self.machine,
            self.verdict()
        );
        for outcome in &self.outcomes {
            text.push_str(&format!("\n{outcome}"));
        }
        text
    }
}
