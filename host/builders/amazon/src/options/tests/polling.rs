//! How long AWS is asked again.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::parse_in;
use crate::options::Polling;

#[track_caller]
fn check(more: Json, environment: &[(&str, &str)], delay: Option<u64>, max_attempts: Option<u32>) {
    let config = parse_in(more, environment).unwrap();
    let expect = Polling {
        delay: delay.map(Duration::from_millis),
        max_attempts,
    };
    assert_eq!(config.polling, expect, "{environment:?}");
    assert!(config.warnings.is_empty());
}

#[test]
fn the_template_goes_before_the_environment() {
    let environment = [("AWS_POLL_DELAY_SECONDS", "0.25"), ("AWS_MAX_ATTEMPTS", "7")];
    check(json!({}), &[], None, None);
    check(json!({}), &environment, Some(250), Some(7));
    let written = json!({ "aws_polling": { "delay_seconds": 5, "max_attempts": 100 } });
    check(written, &environment, Some(5000), Some(100));
    let half = json!({ "aws_polling": { "delay_seconds": 5, "max_attempts": 0 } });
    check(half, &environment, Some(5000), Some(7));
}

#[test]
fn the_old_limit_of_time_is_turned_into_attempts() {
    check(json!({}), &[("AWS_TIMEOUT_SECONDS", "60")], None, Some(30));
    check(
        json!({}),
        &[("AWS_TIMEOUT_SECONDS", "61"), ("AWS_POLL_DELAY_SECONDS", "10")],
        Some(10_000),
        Some(7),
    );
    let both = [("AWS_TIMEOUT_SECONDS", "60"), ("AWS_MAX_ATTEMPTS", "5")];
    check(json!({}), &both, None, Some(5));
}

#[test]
fn what_is_no_number_is_passed_over_with_a_warning() {
    for text in ["soon", "-1", "NaN", "inf"] {
        let config = parse_in(json!({}), &[("AWS_POLL_DELAY_SECONDS", text)]).unwrap();
        assert_eq!(config.polling, Polling::default());
        assert_eq!(
            config.warnings[0].message,
            format!(
                "`AWS_POLL_DELAY_SECONDS` in the environment is passed over: `{text}` is not a number of zero or more"
            )
        );
    }
}

#[test]
fn numbers_beyond_all_bounds_are_bounded() {
    check(json!({}), &[("AWS_MAX_ATTEMPTS", "1e300")], None, Some(u32::MAX));
    check(json!({}), &[("AWS_POLL_DELAY_SECONDS", "1e300")], None, None);
}
