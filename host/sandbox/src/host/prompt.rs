//! `prompt`: a question to the person at the terminal. Only if granted.

use kilnbox_engine::text;

use crate::{
    bindings::kilnbox::plugin::{prompt::Host, types::ErrorCode},
    failure::Failure,
    store::State,
};

impl Host for State {
    async fn ask(&mut self, question: String) -> Result<String, Failure> {
        let run = self.running()?.clone();
        let nobody = || Failure::new(ErrorCode::NotFound, "nobody is there to answer");
        let prompt = run.prompt.as_ref().ok_or_else(nobody)?;
        let question = question
            .get(..question.floor_char_boundary(self.limits.message))
            .unwrap_or_default();
        // The name says who asks: no step can ask as Kilnbox.
        let question = format!("{}: {}", run.name, text::clean(question));
        let answer = async {
            run.job.events.settled().await;
            prompt.ask(&run.job.build_name, &question).await
        };
        self.patience.wait(answer).await?.ok_or_else(nobody)
    }
}
