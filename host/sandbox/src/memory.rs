//! One account for all memory of a run: linear memories, tables and what the host keeps for the guest.
//!
//! A guest that asks for more is refused, as by a machine that has no more, and the refusal is remembered so that
//! the crash that usually follows can be explained.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use wasmtime::ResourceLimiter;

use crate::{
    Limits,
    limits::{Reached, Unit},
};

/// The account. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    account: Arc<Account>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Account {
    used: AtomicUsize,
    /// The first that was refused.
    refused: OnceLock<Reached>,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            account: Arc::default(),
            limit,
        }
    }

    /// What the guest was refused, if anything.
    pub(crate) fn refused(&self) -> Option<&Reached> {
        self.account.refused.get()
    }

    fn refuse(&self, reached: Reached) {
        // The first one explains what follows.
        let _ = self.account.refused.set(reached);
    }

    fn reached(&self) -> Reached {
        let most = Unit::Bytes.show(self.limit as u64);
        Reached::new("memory", format!("may use {most} of memory"))
    }

    /// Books `bytes` until the charge is dropped.
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge, Reached> {
        if self.take(bytes) {
            Ok(Charge {
                memory: self.clone(),
                bytes,
            })
        } else {
            Err(self.reached())
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = self
            .account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|total| *total <= self.limit)
            });
        if taken.is_err() {
            self.refuse(self.reached());
        }
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.account.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Memory the host holds for the guest.
#[derive(Debug)]
pub(crate) struct Charge {
    memory: Memory,
    bytes: usize,
}

impl Charge {
    /// Books more on the same charge.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Reached> {
        let mut more = self.memory.charge(bytes)?;
        self.bytes += more.bytes;
        more.bytes = 0;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

/// What wasmtime asks before memories and tables grow.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: Memory,
    last: usize,
    elements: usize,
    limits: Arc<Limits>,
}

impl Limiter {
    pub(crate) fn new(memory: Memory, limits: Arc<Limits>) -> Self {
        Self {
            memory,
            last: 0,
            elements: 0,
            limits,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.last = desired.saturating_sub(current);
        Ok(self.memory.take(self.last))
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        // Called only when growing was allowed and the machine had no more.
        self.memory.give_back(std::mem::take(&mut self.last));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.elements.saturating_add(desired.saturating_sub(current));
        let fits = total <= self.limits.table_elements;
        if fits {
            self.elements = total;
        } else {
            let most = self.limits.table_elements;
            self.memory.refuse(Reached::new(
                "table-elements",
                format!("may have {most} elements in its tables"),
            ));
        }
        Ok(fits)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_buffers_share_one_account() {
        let memory = Memory::new(100);
        let mut limiter = Limiter::new(memory.clone(), Arc::new(Limits::default()));
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        let buffer = memory.charge(30).unwrap();
        assert_eq!(memory.refused(), None);
        assert!(!limiter.memory_growing(60, 80, None).unwrap());
        assert_eq!(memory.refused().unwrap().limit, "memory");
        drop(buffer);
        assert!(limiter.memory_growing(60, 80, None).unwrap());
        assert!(memory.charge(21).is_err());
        assert!(memory.charge(usize::MAX).is_err());
    }

    #[test]
    fn a_grown_charge_gives_all_back() {
        let memory = Memory::new(10);
        let mut charge = memory.charge(4).unwrap();
        charge.grow(6).unwrap();
        assert!(charge.grow(1).is_err());
        drop(charge);
        assert!(memory.charge(10).is_ok());
    }

    #[test]
    fn the_engine_is_told_how_many_there_may_be() {
        let limits = Limits {
            instances: 3,
            tables: 4,
            memories: 5,
            ..Limits::default()
        };
        let limiter = Limiter::new(Memory::new(100), Arc::new(limits));
        assert_eq!(
            (limiter.instances(), limiter.tables(), limiter.memories()),
            (3, 4, 5)
        );
    }
}
