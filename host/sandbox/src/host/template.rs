//! `template`: the step's own `runtime-template` options, rendered with the guest's data.

use crate::{bindings::kilnbox::plugin::template::Host, failure::Failure, store::State};

impl Host for State {
    async fn render(&mut self, at: String, data: Vec<(String, String)>) -> Result<String, Failure> {
        let job = self.running()?.job.clone();
        job.templates
            .render(&at, &data.into_iter().collect())
            .map_err(|reason| Failure::invalid(format!("option `{at}`: {reason}")))
    }
}
