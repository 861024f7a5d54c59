//! What a program used: wall clock, processor time and peak memory, as the kernel counts them.
//!
//! Processor time and memory are those of the program and of all the children it waited for. Peak memory is that of
//! the largest process, and no less than this program itself had when it started the other.

use std::time::Duration;

use serde::Serialize;
use wait4::ResourceUsage;

/// What one run took.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Usage {
    /// Seconds.
    pub wall: f64,
    /// Seconds of processor time, user and system.
    pub cpu: f64,
    /// Bytes.
    pub peak: u64,
}

impl Usage {
    /// From the kernel's figures.
    pub fn new(wall: Duration, counted: &ResourceUsage) -> Self {
        Self {
            wall: wall.as_secs_f64(),
            cpu: (counted.utime + counted.stime).as_secs_f64(),
            peak: counted.maxrss,
        }
    }
}
