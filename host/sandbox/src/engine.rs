//! The one wasmtime engine of the process, and the clock that stops guests which compute for ever.
//!
//! Guests check an epoch counter at every loop and call. A thread advances it each [`TICK`]; the thread holds the
//! engine weakly and ends when the engine is gone.

use std::thread;

use wasmtime::Engine;

use crate::{Error, limits::TICK};

/// Makes the engine and starts its clock.
pub(crate) fn engine() -> Result<Engine, Error> {
    let engine = kilnbox_wasm::engine().map_err(|error| Error::Engine(format!("{error:#}")))?;
    let weak = engine.weak();
    thread::Builder::new()
        .name("kilnbox-epochs".to_owned())
        .spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })
        .map_err(|error| Error::Engine(format!("the clock of the sandbox cannot start: {error}")))?;
    Ok(engine)
}
