//! A provisioner that asks for more than is granted by default: the instance's address and private key.

use kilnbox_guest::{Error, Instance, Job, JsonSchema, Provisioner, connection, ui};
use serde::Deserialize;

/// Nothing to say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {}

/// The provisioner.
#[derive(Debug)]
pub struct Nosy;

impl Provisioner for Nosy {
    type Options = Options;
    const NAME: &'static str = "nosy";

    fn run(_options: Options, on: &Instance, _job: &Job) -> Result<(), Error> {
        let address = connection::get(on)?;
        let key = if address.private_key.is_some() {
            "with its key"
        } else {
            "without a key"
        };
        ui::say(&format!("knows {}:{} {key}", address.host, address.port));
        Ok(())
    }
}

kilnbox_guest::provisioner!(Nosy);
