//! The limits that `limits = { … }` of a plugin may change, with the names they have there.
//!
//! `kilnbox.toml` may come from a stranger with the plugin, so every setting has a ceiling that a machine survives.

use std::time::Duration;

use bytesize::ByteSize;

use super::{DAY, GIB, HOUR, Limits};

/// What the compiler takes before it has seen a component, in bytes.
const COMPILER: u64 = 64 << 20;

/// One limit that can be set.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The key in `kilnbox.toml`.
    pub name: &'static str,
    /// What its value counts.
    pub unit: Unit,
    /// The lowest value, in `unit`.
    pub floor: u64,
    /// The highest value, in `unit`.
    pub ceiling: u64,
    /// What it bounds, in words.
    pub what: &'static str,
    read: fn(&Limits) -> u64,
    write: fn(&mut Limits, u64),
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, written such as `"64MiB"`.
    Bytes,
    /// Milliseconds, written such as `"10m"`.
    Time,
    /// A number of things.
    Count,
}

impl Unit {
    /// A value as a person would write it.
    pub fn show(self, value: u64) -> String {
        match self {
            Self::Bytes => ByteSize(value).display().iec().to_string().replace(".0 ", " "),
            Self::Time => humantime::format_duration(Duration::from_millis(value)).to_string(),
            Self::Count => value.to_string(),
        }
    }

    /// A value as TOML that `kilnbox.toml` takes.
    fn toml(self, value: u64) -> String {
        match self {
            Self::Count => value.to_string(),
            Self::Bytes => format!("\"{}\"", self.show(value).replace(' ', "")),
            Self::Time => format!("\"{}\"", self.show(value)),
        }
    }
}

macro_rules! setting {
    ($name:literal, $field:ident as $as:ty, $unit:ident, $ceiling:expr, $what:literal) => {
        Setting {
            name: $name,
            unit: Unit::$unit,
            floor: 1,
            ceiling: $ceiling,
            what: $what,
            read: |limits| u64::try_from(limits.$field).unwrap_or(u64::MAX),
            write: |limits, value| limits.$field = <$as>::try_from(value).unwrap_or(<$as>::MAX),
        }
    };
    ($name:literal, $field:ident, $ceiling:expr, $what:literal) => {
        Setting {
            name: $name,
            unit: Unit::Time,
            floor: 1,
            ceiling: $ceiling * 1000,
            what: $what,
            read: |limits| u64::try_from(limits.$field.as_millis()).unwrap_or(u64::MAX),
            write: |limits, value| limits.$field = Duration::from_millis(value),
        }
    };
}

impl Limits {
    /// All that can be set, in the order in which they come into play.
    pub const SETTINGS: &'static [Setting] = &[
        setting!(
            "component-size",
            component_size as usize,
            Bytes,
            256 << 20,
            "size of the component"
        ),
        setting!(
            "compile-time",
            compile_time,
            HOUR,
            "time for compiling the component"
        ),
        Setting {
            floor: COMPILER,
            ..setting!(
                "compile-memory",
                compile_memory as u64,
                Bytes,
                16 * GIB,
                "memory for compiling the component"
            )
        },
        setting!(
            "memory",
            memory as usize,
            Bytes,
            4 * GIB,
            "memory, the host's buffers included"
        ),
        setting!(
            "instances",
            instances as usize,
            Count,
            1000,
            "core module instances"
        ),
        setting!("tables", tables as usize, Count, 1000, "tables"),
        setting!(
            "table-elements",
            table_elements as usize,
            Count,
            10_000_000,
            "elements of all tables"
        ),
        setting!("memories", memories as usize, Count, 100, "linear memories"),
        setting!(
            "call-size",
            call_bytes as usize,
            Bytes,
            64 << 20,
            "bytes that one call carries to the host"
        ),
        setting!(
            "handles",
            handles as usize,
            Count,
            65_536,
            "handles held at the same time"
        ),
        setting!("cpu-time", cpu, DAY, "time on the processor"),
        setting!("timeout", wall, 7 * DAY, "time of one try, waiting included"),
        setting!(
            "message-size",
            message as usize,
            Bytes,
            64 << 10,
            "bytes of one message"
        ),
        setting!(
            "messages-per-second",
            messages_per_second as u32,
            Count,
            10_000,
            "messages per second"
        ),
        setting!(
            "messages-size",
            messages_total as usize,
            Bytes,
            GIB,
            "bytes of all messages"
        ),
        setting!(
            "captured-output",
            capture as usize,
            Bytes,
            256 << 20,
            "captured output of one command"
        ),
        setting!(
            "processes",
            processes as usize,
            Count,
            256,
            "commands followed at the same time"
        ),
        setting!(
            "written-size",
            written_bytes as u64,
            Bytes,
            1 << 40,
            "bytes written to local files"
        ),
        setting!(
            "written-files",
            written_files as u64,
            Count,
            10_000_000,
            "local files made"
        ),
        setting!(
            "archive-files",
            archive_entries as usize,
            Count,
            1_000_000,
            "files of one archive"
        ),
        setting!(
            "found-files",
            found_files as usize,
            Count,
            1_000_000,
            "local files found by patterns"
        ),
    ];

    /// Changes the limit `name`; `false` where there is none, or `value` is below its floor or above its ceiling.
    #[must_use]
    pub fn set(&mut self, name: &str, value: u64) -> bool {
        let setting =
            Setting::named(name).filter(|setting| (setting.floor..=setting.ceiling).contains(&value));
        if let Some(setting) = setting {
            (setting.write)(self, value);
        }
        setting.is_some()
    }
}

impl Setting {
    /// The setting with a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Limits::SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// The value that is in force.
    pub fn value(&self, limits: &Limits) -> u64 {
        (self.read)(limits)
    }

    /// How a user raises it for the plugin `name`.
    pub(crate) fn how_to_raise(&self, name: &str, limits: &Limits) -> String {
        let now = self.value(limits);
        if now >= self.ceiling {
            return format!("`{}` is {}, the most there is", self.name, self.unit.show(now));
        }
        let more = now.saturating_mul(2).clamp(1, self.ceiling);
        format!(
            "`{}` is {} and may be raised to {}; in kilnbox.toml, for example:\n[plugins.{name}]\nlimits = {{ {} = {} }}",
            self.name,
            self.unit.show(now),
            self.unit.show(self.ceiling),
            self.name,
            self.unit.toml(more)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_changes_its_own_limit_alone() {
        for setting in Limits::SETTINGS {
            let mut limits = Limits::default();
            assert!(limits.set(setting.name, setting.ceiling), "{}", setting.name);
            assert_eq!(setting.value(&limits), setting.ceiling, "{}", setting.name);
            let changed: Vec<_> = Limits::SETTINGS
                .iter()
                .filter(|other| other.value(&limits) != other.value(&Limits::default()))
                .map(|other| other.name)
                .collect();
            assert_eq!(changed, [setting.name]);
            assert!(!limits.set(setting.name, setting.ceiling + 1), "{}", setting.name);
        }
        assert!(!Limits::default().set("colour", 1));
    }

    #[test]
    fn defaults_are_below_their_ceilings() {
        for setting in Limits::SETTINGS {
            assert!(
                setting.value(&Limits::default()) < setting.ceiling,
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn the_way_out_is_told_in_lines_to_copy() {
        let mut limits = Limits::default();
        let memory = Setting::named("memory").unwrap();
        assert_eq!(
            memory.how_to_raise("guest", &limits),
            "`memory` is 256 MiB and may be raised to 4 GiB; in kilnbox.toml, for example:\n\
             [plugins.guest]\nlimits = { memory = \"512MiB\" }"
        );
        assert!(limits.set("memory", 4 << 30));
        assert_eq!(
            memory.how_to_raise("guest", &limits),
            "`memory` is 4 GiB, the most there is"
        );
        let timeout = Setting::named("timeout").unwrap();
        assert!(
            timeout
                .how_to_raise("guest", &limits)
                .ends_with("limits = { timeout = \"12h\" }")
        );
    }

    /// Prints the table anew where it is not what SPECIFICATION.md has.
    #[test]
    fn the_specification_tells_every_limit() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../SPECIFICATION.md");
        let page = std::fs::read_to_string(page).unwrap();
        let rows = Limits::SETTINGS.iter().map(|setting| {
            let default = setting.unit.show(setting.value(&Limits::default()));
            let ceiling = setting.unit.show(setting.ceiling);
            format!(
                "| `{}` | {} | {default} | {ceiling} |",
                setting.name, setting.what
            )
        });
        let told = |row: &str| page.lines().any(|line| line.starts_with(row));
        let missing: Vec<_> = rows.filter(|row| !told(row)).collect();
        assert!(
            missing.is_empty(),
            "SPECIFICATION.md lacks\n{}",
            missing.join("\n")
        );
    }
}
