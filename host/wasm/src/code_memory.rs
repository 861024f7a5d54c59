//! Makes compiled code executable where it lies.
//!
//! The code of Kilnbox's own components lies in the program's read-only data. Wasmtime by itself would copy it to
//! memory of its own before it may be executed; with this, only the pages that run are ever read. On x86-64 alone:
//! other processors need their instruction caches told of new code, which wasmtime does where it manages the memory.

use std::ffi::c_void;

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::CustomCodeMemory;

/// Whether an engine with [`crate::config`] executes code where it lies.
pub const RUNS_IN_PLACE: bool = cfg!(target_arch = "x86_64");

/// Changes the protection of the pages, nothing else.
#[derive(Debug)]
pub(crate) struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        rustix::param::page_size()
    }

    fn publish_executable(&self, code: *const u8, length: usize) -> wasmtime::Result<()> {
        protect(code, length, MprotectFlags::READ | MprotectFlags::EXEC)
    }

    fn unpublish_executable(&self, code: *const u8, length: usize) -> wasmtime::Result<()> {
        protect(code, length, MprotectFlags::READ)
    }
}

fn protect(code: *const u8, length: usize, flags: MprotectFlags) -> wasmtime::Result<()> {
    #[expect(unsafe_code, reason = "wasmtime hands over the range as an address")]
    // SAFETY: wasmtime calls with whole pages that hold a loaded component's code, which it owns until it is unloaded;
    // it unmaps the memory it allocated itself and never writes to code again.
    unsafe {
        mprotect(code.cast_mut().cast::<c_void>(), length, flags)?;
    }
    Ok(())
}
