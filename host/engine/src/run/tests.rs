//! Tests of a run: order, clean-up, cancellation, questions, limits.

mod chains;
mod fakes;
mod provision;

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::{BuildContext, BuildStep, StepError};
use fakes::{Act, Bed, Steps, error};

#[tokio::test]
async fn steps_run_in_order_and_are_cleaned_up_in_reverse() {
    let mut bed = Bed::new();
    bed.build("a", &[("One", Act::Succeed), ("Two", Act::Capture)]);
    let (summary, log, collected) = bed.run().await;
    assert_eq!(log, ["run One", "run Two", "clean Two", "clean One"]);
    assert_eq!(summary.builds[0].result.as_ref().unwrap().len(), 1);
    let kinds: Vec<String> = collected
        .events()
        .iter()
        .map(|event| {
            serde_json::to_value(event).unwrap()["kind"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "run-started",
            "build-started",
            "step-started",
            "step-finished",
            "step-started",
            "step-finished",
            "build-finished",
            "artifact",
            "run-finished"
        ]
    );
}

#[tokio::test]
async fn what_was_started_is_cleaned_up_after_an_error_and_a_panic() {
    for (act, expect) in [
        (Act::Fail, "broken"),
        (Act::Panic, "internal error, please report it: oh"),
    ] {
        let mut bed = Bed::new();
        bed.build(
            "a",
            &[("One", Act::Succeed), ("Two", act), ("Three", Act::Succeed)],
        );
        bed.build("b", &[("Other", Act::Succeed)]);
        bed.options.parallel = 1;
        let (summary, log, _) = bed.run().await;
        assert_eq!(
            log,
            [
                "run One",
                "run Two",
                "clean Two failed",
                "clean One failed",
                "run Other",
                "clean Other"
            ]
        );
        assert_eq!(error(&summary, 0), expect);
        assert!(
            summary.builds[1].result.is_ok(),
            "{act:?} takes no other build down"
        );
    }
}

#[tokio::test]
async fn a_panic_in_a_clean_up_does_not_stop_the_others() {
    let mut bed = Bed::new();
    bed.build("a", &[("One", Act::Succeed), ("BadCleanup", Act::Succeed)]);
    let (_, log, collected) = bed.run().await;
    assert_eq!(log.last().unwrap(), "clean One");
    assert!(
        collected.texts().iter().any(|text| text.contains("in cleanup")),
        "{:?}",
        collected.texts()
    );
}

#[tokio::test]
async fn a_cancelled_step_that_hangs_is_dropped_and_cleaned_up() {
    let mut bed = Bed::new();
    bed.options.parallel = 1;
    bed.build("a", &[("One", Act::CancelAndHang), ("Two", Act::Succeed)]);
    bed.build("b", &[("Other", Act::Succeed)]);
    let (summary, log, _) = bed.run().await;
    assert_eq!(log, ["run One", "clean One failed"]);
    assert!(summary.cancelled && !summary.builds[1].started);
    assert_eq!(error(&summary, 0), "cancelled");
    assert_eq!(error(&summary, 1), "cancelled before it was started");
}

#[tokio::test]
async fn abort_leaves_everything_and_says_what() {
    let mut bed = Bed::new();
    bed.options.on_error = OnError::Abort;
    bed.build("a", &[("One", Act::Succeed), ("Two", Act::Fail)]);
    let (_, log, collected) = bed.run().await;
    assert_eq!(log, ["run One", "run Two"]);
    assert_eq!(
        collected.texts(),
        [
            "broken",
            "Step \"Two\" failed, aborting...",
            "aborted: skipping cleanup of step \"One\""
        ]
    );
}

#[derive(Debug)]
struct Answers(Mutex<Vec<&'static str>>);

#[async_trait]
impl Prompt for Answers {
    async fn ask(&self, _: &str, _: &str) -> Option<String> {
        self.0.lock().unwrap().pop().map(str::to_owned)
    }
}

#[tokio::test]
async fn the_person_is_asked_after_an_error() {
    for (answers, runs, cleaned) in [
        (vec!["c"], 1, true),
        (vec!["a", "?", "r"], 2, false),
        (vec![], 1, true),
    ] {
        let mut bed = Bed::new();
        bed.options.on_error = OnError::Ask;
        bed.options.prompt = Some(Arc::new(Answers(Mutex::new(answers.clone()))));
        bed.build("a", &[("One", Act::Fail)]);
        let (_, log, _) = bed.run().await;
        assert_eq!(
            log.iter().filter(|line| *line == "run One").count(),
            runs,
            "{answers:?}"
        );
        assert_eq!(
            log.contains(&"clean One failed".to_owned()),
            cleaned,
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn no_more_builds_run_at_once_than_allowed() {
    #[derive(Debug)]
    struct Counting(Arc<Mutex<(usize, usize)>>);
    #[async_trait]
    impl BuildStep for Counting {
        fn name(&self) -> &'static str {
            "Counting"
        }
        async fn run(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
            {
                let mut count = self.0.lock().unwrap();
                count.0 += 1;
                count.1 = count.1.max(count.0);
            }
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.0.lock().unwrap().0 -= 1;
            Ok(())
        }
        async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
            Ok(())
        }
    }
    for (parallel, most) in [(1, 1), (3, 3), (0, 8)] {
        let mut bed = Bed::new();
        bed.options.parallel = parallel;
        let count = Arc::new(Mutex::new((0, 0)));
        for index in 0..8 {
            let steps: Vec<Box<dyn BuildStep>> = vec![Box::new(Counting(count.clone()))];
            bed.build(&index.to_string(), &[]).lifecycle = Box::new(Steps(steps));
        }
        let (summary, _, _) = bed.run().await;
        assert_eq!(count.lock().unwrap().1, most, "parallel {parallel}");
        let names: Vec<_> = summary.builds.iter().map(|build| build.name.clone()).collect();
        assert_eq!(
            names,
            (0..8).map(|index: usize| index.to_string()).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_step_says_how_long_its_clean_up_may_take() {
    #[derive(Debug)]
    struct Slow(Duration);
    #[async_trait]
    impl BuildStep for Slow {
        fn name(&self) -> &'static str {
            "Slow"
        }
        async fn run(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
            Ok(())
        }
        async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
            std::future::pending().await
        }
        fn cleanup_limit(&self) -> Duration {
            self.0
        }
    }
    let mut bed = Bed::new();
    bed.build("a", &[]).lifecycle = Box::new(Steps(vec![Box::new(Slow(Duration::from_millis(50)))]));
    let (_, _, collected) = bed.run().await;
    assert_eq!(
        collected.texts(),
        ["cleaning up after step \"Slow\": not done after 50ms"]
    );

    // One that asks for ever gets the most there is, and that too is shortened.
    let mut bed = Bed::new();
    bed.hurry.cancel();
    bed.build("a", &[]).lifecycle = Box::new(Steps(vec![Box::new(Slow(Duration::MAX))]));
    let (_, _, collected) = bed.run().await;
    assert_eq!(
        collected.texts(),
        ["cleaning up after step \"Slow\": not done after 5s"]
    );
    assert_eq!(lifecycle::bound(&Slow(Duration::MAX)), limits::CLEANUP_MOST);
}

#[tokio::test]
async fn the_second_signal_shortens_a_clean_up() {
    let hurry = CancellationToken::new();
    hurry.cancel();
    let begun = Instant::now();
    let outcome = within(std::future::pending(), limits::CLEANUP, &hurry).await;
    assert_eq!(outcome.unwrap_err().message, "not done after 5s");
    assert!(begun.elapsed() < limits::CLEANUP / 2);
}
