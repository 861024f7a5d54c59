//! Durations as Packer's users write them: `5m`, `1h30m`, `1.5s`, `500ms`, or whole nanoseconds.

use std::{borrow::Cow, fmt, str::FromStr, time};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time in an option. The schema marks it `format: "duration"`.
///
/// ```
/// let pause: kilnbox_guest::Duration = "1m30s".parse().unwrap();
/// assert_eq!(pause.get().as_secs(), 90);
/// assert_eq!(pause.to_string(), "1m30s");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(time::Duration);

impl Duration {
    /// Whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(time::Duration::from_secs(seconds))
    }

    /// As the standard library has it.
    pub const fn get(self) -> time::Duration {
        self.0
    }

    /// No time at all.
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// As the contract counts, cut off at what fits.
    pub fn as_millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl From<time::Duration> for Duration {
    fn from(duration: time::Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for Duration {
    type Err = humantime::DurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "0" {
            return Ok(Self::default());
        }
        // More than what Go reads is understood below, such as `5 minutes`.
        let of_go = |letter: char| letter.is_ascii_digit() || ".nuµmsh".contains(letter);
        match text.find(|letter| !of_go(letter)) {
            Some(at) => Err(humantime::DurationError::InvalidCharacter(at)),
            None => humantime::parse_duration(text).map(Self),
        }
    }
}

/// As Go writes it, since Packer's messages do: `5m0s`, `1h0m0s`, `1.5s`, `500ms`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if seconds == 0 && !self.0.is_zero() {
            // The standard library writes what is below a second as Go does.
            return write!(f, "{:?}", self.0);
        }
        if seconds >= 3600 {
            write!(f, "{}h", seconds / 3600)?;
        }
        if seconds >= 60 {
            write!(f, "{}m", seconds / 60 % 60)?;
        }
        write!(f, "{}", seconds % 60)?;
        if self.0.subsec_nanos() > 0 {
            write!(
                f,
                ".{}",
                format!("{:09}", self.0.subsec_nanos()).trim_end_matches('0')
            )?;
        }
        f.write_str("s")
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written<'a> {
            Nanoseconds(u64),
            #[serde(borrow)]
            Text(Cow<'a, str>),
        }

        match Written::deserialize(deserializer)? {
            Written::Nanoseconds(count) => Ok(Self(time::Duration::from_nanos(count))),
            Written::Text(text) => text
                .parse()
                .map_err(|error| D::Error::custom(format!("`{text}` is no duration: {error}"))),
        }
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "format": "duration" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_and_written_as_go_does() {
        for (written, nanoseconds, shown) in [
            ("5m", 300_000_000_000, "5m0s"),
            ("1h30m", 5_400_000_000_000, "1h30m0s"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("500ms", 500_000_000, "500ms"),
            ("250us", 250_000, "250µs"),
            ("2h0m0.25s", 7_200_250_000_000, "2h0m0.25s"),
            ("0", 0, "0s"),
        ] {
            let duration: Duration = written.parse().unwrap();
            assert_eq!(duration.get().as_nanos(), nanoseconds, "{written}");
            assert_eq!(duration.to_string(), shown, "{written}");
        }
    }

    #[test]
    fn what_go_does_not_read_is_refused() {
        for written in ["", "5", "soon", "5 minutes", "5min", "1h 30m", "-1s"] {
            assert!(written.parse::<Duration>().is_err(), "{written}");
        }
    }

    #[test]
    fn is_read_from_text_and_from_nanoseconds() {
        assert_eq!(
            serde_json::from_str::<Duration>("\"10s\"").unwrap(),
            Duration::from_secs(10)
        );
        assert_eq!(
            serde_json::from_str::<Duration>("2000000000").unwrap(),
            Duration::from_secs(2)
        );
        for wrong in ["\"\"", "\"10\"", "\"-1s\"", "\"soon\"", "-1", "true"] {
            assert!(serde_json::from_str::<Duration>(wrong).is_err(), "{wrong}");
        }
    }
}
