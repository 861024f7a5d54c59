//! Many comparisons at once, each of which may find a problem.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Comparisons at a time. More than there are cores, since a run mostly waits: for a connection, for a pause.
const AT_A_TIME: usize = 4;

/// Runs `compare` on every item, some at the same time. Gives the problems that were found, in the items' order; a panic
/// is one.
pub fn side_by_side<T: Sync>(items: &[T], compare: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let problem = catch_unwind(AssertUnwindSafe(|| compare(item)))
                        .unwrap_or_else(|_| Some(format!("comparison {index} panicked, see above")));
                    let mut found = found.lock().expect("no holder panics");
                    found.extend(problem.map(|problem| (index, problem)));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no holder panics");
    found.sort();
    found.into_iter().map(|(_, problem)| problem).collect()
}
