//! `reconnect`: waiting for the instance after a reboot.

use std::time::Duration;

use kilnbox_engine::Deed;
use wasmtime::component::Resource;

use crate::{
    bindings::kilnbox::plugin::reconnect::Host, failure::Failure, host::types::Instance, store::State,
};

/// Longest wait that a guest can ask for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl Host for State {
    async fn wait(&mut self, instance: Resource<Instance>, milliseconds: u64) -> Result<(), Failure> {
        let on = self.instance(&instance)?;
        let within = Duration::from_millis(milliseconds).min(LONGEST);
        let doing = self.recorder()?.begin(|| Deed::Reconnect);
        let reconnected = self
            .patience
            .wait_at_most(Some(within), on.reconnect(within))
            .await
            .and_then(|reconnected| Ok(reconnected?));
        doing.over(&reconnected, |_| {});
        reconnected
    }
}
