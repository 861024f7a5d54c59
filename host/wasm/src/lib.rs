//! The wasmtime engine settings, in one place.
//!
//! Code compiled ahead (`host/bundled`, at build time) runs only on an engine with the same settings, so `sandbox`
//! and the build script share this crate. The engine that runs components cannot compile; one that compiles is made
//! for each component that is not in the cache.

mod code_memory;

use std::sync::Arc;

use wasmtime::{Config, Engine};

pub use code_memory::RUNS_IN_PLACE;

/// Stack of a guest, in bytes.
pub const WASM_STACK: usize = 1024 * 1024;
/// Stack of the fiber a guest runs on: the guest's and what host functions need on top.
pub const ASYNC_STACK: usize = 2 * 1024 * 1024;
/// Address space reserved for each linear memory. Guests are limited far below.
pub const MEMORY_RESERVATION: u64 = 512 * 1024 * 1024;

/// An engine that runs what was compiled with these settings. Without a compiler it starts faster and takes less memory.
pub fn engine() -> Result<Engine, wasmtime::Error> {
    Engine::new(config().enable_compiler(false))
}

/// Compiles a component for this machine.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, wasmtime::Error> {
    Engine::new(&config())?.precompile_component(component)
}

/// Compiles a component for any machine of the triple `target`, not just this one.
pub fn compile_ahead(component: &[u8], target: &str) -> Result<Vec<u8>, wasmtime::Error> {
    let mut config = config();
    config.target(target)?;
    Engine::new(&config)?.precompile_component(component)
}

/// The settings every component is compiled and run with.
///
/// Epochs stop guests that loop. Threads, 64-bit memories, garbage collection and exceptions are off: steps need none
/// of them, and most of the engine's advisories lie there.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .wasm_component_model(true)
        .wasm_memory64(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(ASYNC_STACK)
        .memory_reservation(MEMORY_RESERVATION)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(16));
    if RUNS_IN_PLACE {
        config.with_custom_code_memory(Some(Arc::new(code_memory::InPlace)));
    }
    config
}
