//! `kilnbox.lock`: what is read is written and read back as it was, whatever its texts hold.

use kilnbox_registry::{Lock, LockProblem};

/// See the module.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Lock::parse(text) {
        Ok(lock) => {
            let written = lock.text().expect("what was read can be written");
            assert_eq!(
                Lock::parse(&written).as_ref(),
                Ok(&lock),
                "another lock after it was written:\n{written}"
            );
        }
        Err(LockProblem::Damaged(reason)) => assert!(!reason.is_empty(), "refused without a reason"),
        Err(LockProblem::Newer) => {}
    }
}
