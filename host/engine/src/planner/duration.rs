//! Durations as templates write them: Go's "1h30m", or a whole number of nanoseconds.

use std::time::Duration;

use serde_json::Value as Json;

use crate::duration::from_go;

/// What to do about one that is none.
pub(crate) const HINT: &str = "write it like \"1h30m\", \"10s\" or \"500ms\"";

/// Reads one, or says why it is none.
pub(crate) fn parse(value: &Json) -> Result<Duration, String> {
    match value {
        Json::Number(number) => number
            .as_u64()
            .map(Duration::from_nanos)
            .ok_or_else(|| format!("`{number}` is not a whole number of nanoseconds")),
        Json::String(text) => from_go(text)
            .ok_or_else(|| format!("`{text}` is not a duration"))
            .and_then(|duration| Duration::try_from(duration).map_err(|_| format!("`{text}` is below zero"))),
        other => Err(format!("`{other}` is not a duration")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_gos() {
        for (written, milliseconds) in [
            (json!("1h30m"), Some(5_400_000)),
            (json!("1.5s"), Some(1_500)),
            (json!("1m0.5s"), Some(60_500)),
            (json!("500ms"), Some(500)),
            (json!("10s"), Some(10_000)),
            (json!("0"), Some(0)),
            (json!(5_000_000_000_u64), Some(5_000)),
            (json!("300"), None),
            (json!("-1s"), None),
            (json!("soon"), None),
            (json!("5 minutes"), None),
            (json!("5min"), None),
            (json!("PT5M"), None),
            (json!(true), None),
        ] {
            let parsed = parse(&written).ok().map(|duration| duration.as_millis());
            assert_eq!(parsed, milliseconds, "{written}");
        }
    }
}
