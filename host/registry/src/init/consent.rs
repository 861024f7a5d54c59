//! What a component asks for that its locked version did not.

/// Capabilities of `asked` that are not among `locked`.
pub(super) fn more(locked: &[String], asked: &[String]) -> Vec<String> {
    asked
        .iter()
        .filter(|capability| !locked.contains(capability))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let more = |locked: &[&str], asked: &[&str]| more(&names(locked), &names(asked));
        assert_eq!(more(&["ui", "exec"], &["exec"]), names(&[]));
        assert_eq!(
            more(&["ui"], &["ui", "exec", "host-exec"]),
            names(&["exec", "host-exec"])
        );
    }
}
