//! `ui`: what the guest says to the person who watches. Bounds are in [`crate::voice`].

use crate::{
    bindings::kilnbox::plugin::ui::{Host, Level},
    store::State,
};

impl Host for State {
    async fn say(&mut self, text: String) -> wasmtime::Result<()> {
        self.voice.say(&text);
        Ok(())
    }

    async fn message(&mut self, text: String) -> wasmtime::Result<()> {
        self.voice.message(&text);
        Ok(())
    }

    async fn error(&mut self, text: String) -> wasmtime::Result<()> {
        self.voice.error(&text);
        Ok(())
    }

    async fn log(
        &mut self,
        level: Level,
        text: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => kilnbox_engine::Level::Trace,
            Level::Debug => kilnbox_engine::Level::Debug,
            Level::Info => kilnbox_engine::Level::Info,
            Level::Warn => kilnbox_engine::Level::Warn,
            Level::Error => kilnbox_engine::Level::Error,
        };
        self.voice.log(level, &text, &fields);
        Ok(())
    }

    async fn progress(&mut self, what: String, done: u64, total: Option<u64>) -> wasmtime::Result<()> {
        self.voice.progress(&what, done, total);
        Ok(())
    }
}
