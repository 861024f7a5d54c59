//! `connection`: the instance's address and private key, for tools that must connect themselves. Only if granted.

use kilnbox_engine::Deed;
use wasmtime::component::Resource;

use crate::{
    bindings::kilnbox::plugin::{
        connection::{Address, Host},
        types::ErrorCode,
    },
    failure::Failure,
    host::types::Instance,
    store::State,
};

impl Host for State {
    async fn get(&mut self, instance: Resource<Instance>) -> Result<Address, Failure> {
        let connection = self.instance(&instance)?.connection().ok_or_else(|| {
            Failure::new(
                ErrorCode::NotFound,
                "there is no other way to reach this instance",
            )
        })?;
        if let Some(key) = &connection.private_key {
            // A guest that prints it must not show it to anyone.
            self.running()?.job.secrets.add(key);
        }
        self.recorder()?.tell(|| Deed::Connection {
            host: connection.host.clone(),
            port: connection.port,
            user: connection.user.clone(),
        });
        Ok(Address {
            host: connection.host,
            port: connection.port,
            user: connection.user,
            private_key: connection.private_key,
        })
    }
}
