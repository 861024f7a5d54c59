//! `kilnbox version`

use crate::{args::OutputArgs, error::Error, exit_codes, readers::record, stdout};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints the version.
pub(crate) fn run(output: &OutputArgs) -> Result<u8, Error> {
    if output.machine_readable {
        let now = jiff::Timestamp::now().as_second();
        // The second name is spelt as Packer spells it.
        let lines = [
            ("version", VERSION),
            ("version-prelease", ""),
            ("version-commit", ""),
        ];
        let lines = lines.map(|(category, value)| record(now, "", category, [value]) + "\n");
        stdout::print(&lines.concat())?;
    } else {
        stdout::print(&format!("Kilnbox v{VERSION}\n"))?;
    }
    Ok(exit_codes::SUCCESS)
}
