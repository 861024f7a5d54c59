//! `kilnbox plugin prune`: removes from the store what no project on this machine needs.

use bytesize::ByteSize;
use kilnbox_registry::Pruning;

use crate::{args::PluginPruneArgs, error::Error, exit_codes, folders::Folders, stdout, wire};

/// Removes, or tells what would be.
pub(super) fn run(args: &PluginPruneArgs) -> Result<u8, Error> {
    let store = wire::store(&Folders::find()?);
    let pruned = store.prune(Pruning {
        unused_for: args.older_than,
        dry_run: args.dry_run,
    })?;
    let action = if args.dry_run { "would remove" } else { "removed" };
    let mut lines: Vec<String> = pruned
        .entries
        .iter()
        .map(|(digest, size)| format!("{action} {digest} ({})", ByteSize::b(*size)))
        .collect();
    let freed: u64 = pruned.entries.iter().map(|(_, size)| size).sum();
    lines.push(match pruned.entries.len() {
        0 => format!("nothing to remove; {} kept", pruned.kept),
        count => format!(
            "{action} {count}, {} in all; {} kept",
            ByteSize::b(freed),
            pruned.kept
        ),
    });
    stdout::print(&(lines.join("\n") + "\n"))?;
    Ok(exit_codes::SUCCESS)
}
