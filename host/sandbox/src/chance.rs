//! The clock and the random numbers that a run is told.
//!
//! They are the machine's own, but for a run that is to be like another: then time stands still, and the numbers follow
//! from a seed. ChaCha8 is a published algorithm, so that a seed means the same in every version of Kilnbox.

use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, SystemTime},
};

use chacha20::ChaCha8Rng;
use kilnbox_engine::Chance;
use rand_core::{Rng as _, SeedableRng as _};
use wasmtime_wasi::{HostWallClock, WasiCtxBuilder};

/// What the calls of one run draw from.
pub(crate) enum Draws {
    Real,
    Fixed { now: u64, numbers: Box<ChaCha8Rng> },
}

impl Draws {
    pub(crate) fn new(chance: Chance) -> Self {
        match chance {
            Chance::Real => Self::Real,
            Chance::Fixed { now, seed } => Self::Fixed {
                now,
                numbers: Box::new(ChaCha8Rng::seed_from_u64(seed)),
            },
        }
    }

    /// Unix time in seconds.
    pub(crate) fn now(&self) -> u64 {
        match self {
            Self::Real => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            Self::Fixed { now, .. } => *now,
        }
    }

    /// A number in `0..limit`; 0 where there is none.
    pub(crate) fn random(&mut self, limit: u32) -> u32 {
        let number = match self {
            // Keys of a `RandomState` come from the operating system; names of temporary files ask for no more.
            Self::Real => RandomState::new().hash_one(0_u8),
            Self::Fixed { numbers, .. } => numbers.next_u64(),
        };
        let scaled = (u128::from(number) * u128::from(limit)) >> 64;
        u32::try_from(scaled).unwrap_or_default()
    }
}

/// Gives WASI the same: languages seed their own random numbers by it.
pub(crate) fn tell_wasi(chance: Chance, wasi: &mut WasiCtxBuilder) {
    if let Chance::Fixed { now, seed } = chance {
        // A stream of its own, so that a language that draws at its start does not move `job.random`.
        let numbers = || ChaCha8Rng::seed_from_u64(!seed);
        wasi.secure_random(numbers())
            .insecure_random(numbers())
            .insecure_random_seed(seed.into())
            .wall_clock(Standing(Duration::from_secs(now)));
    }
}

/// A clock that stands still.
struct Standing(Duration);

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_the_same_in_every_version() {
        let mut draws = Draws::new(Chance::Fixed { now: 7, seed: 0 });
        assert_eq!(draws.now(), 7);
        let numbers = [(); 3].map(|()| draws.random(u32::MAX));
        assert_eq!(numbers, [3_045_455_718, 2_001_118_559, 3_002_797_361]);
    }

    #[test]
    fn numbers_are_below_their_limit() {
        for chance in [Chance::Real, Chance::Fixed { now: 0, seed: 1 }] {
            let mut draws = Draws::new(chance);
            assert!((0..1000).all(|_| draws.random(3) < 3));
            assert_eq!(draws.random(0), 0);
        }
    }
}
