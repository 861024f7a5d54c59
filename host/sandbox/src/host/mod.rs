//! The contract, served: one file per interface of `wit/`.
//!
//! Each file holds what its handles stand for on this side and answers the guest's calls from the run's
//! communicator, files and options. Every wait goes through [`crate::patience::Patience`].

#![expect(
    unreachable_pub,
    reason = "the generated bindings re-export the handles' types, which must be public for that"
)]

pub(crate) mod archive;
pub(crate) mod assets;
pub(crate) mod connection;
pub(crate) mod download;
pub(crate) mod exec;
pub(crate) mod host_exec;
pub(crate) mod local;
pub(crate) mod output_forwarding;
pub(crate) mod outputs;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod reconnect;
mod sparse;
mod stdin;
pub(crate) mod template;
mod tree;
pub(crate) mod types;
pub(crate) mod ui;
pub(crate) mod upload;

use wasmtime::component::{HasSelf, Linker};

use crate::{
    bindings::kilnbox::plugin,
    grants::{Capability, Grants},
    store::State,
};

/// Links what was granted, and WASI, inert. What is not linked cannot be called, whatever the check of the imports
/// said.
pub(crate) fn link(linker: &mut Linker<State>, grants: &Grants) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    for capability in Capability::ALL
        .into_iter()
        .filter(|capability| grants.allow(*capability))
    {
        let add = match capability {
            Capability::Types => plugin::types::add_to_linker::<State, HasSelf<State>>,
            Capability::Ui => plugin::ui::add_to_linker::<State, HasSelf<State>>,
            Capability::Template => plugin::template::add_to_linker::<State, HasSelf<State>>,
            Capability::Assets => plugin::assets::add_to_linker::<State, HasSelf<State>>,
            Capability::Exec => plugin::exec::add_to_linker::<State, HasSelf<State>>,
            Capability::Upload => plugin::upload::add_to_linker::<State, HasSelf<State>>,
            Capability::Download => plugin::download::add_to_linker::<State, HasSelf<State>>,
            Capability::Reconnect => plugin::reconnect::add_to_linker::<State, HasSelf<State>>,
            Capability::Outputs => plugin::outputs::add_to_linker::<State, HasSelf<State>>,
            Capability::Connection => plugin::connection::add_to_linker::<State, HasSelf<State>>,
            Capability::HostExec => plugin::host_exec::add_to_linker::<State, HasSelf<State>>,
            Capability::Prompt => plugin::prompt::add_to_linker::<State, HasSelf<State>>,
        };
        add(linker, |state| state)?;
    }
    Ok(())
}
