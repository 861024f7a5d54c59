//! Options of Packer that are not built, or cannot be: refused by name, never passed over.

use kilnbox_engine::Problem;

use super::given::Given;

/// They stand in the schema, so that they are not called unknown.
pub(super) const NOT_BUILT: &[&str] = &[
    "enable_nitro_enclave",
    "fast_launch",
    "pause_before_ssm",
    "session_manager_port",
    "vault_aws_engine",
    "windows_password_timeout",
];

/// Those that the template asks for.
pub(super) fn refuse(given: &Given<'_>, problems: &mut Vec<Problem>) {
    for name in NOT_BUILT.iter().filter(|name| given.get(name).is_some()) {
        let problem = Problem::error(given.at(name), format!("`{name}` is not supported yet"));
        problems.push(problem.hint("leave it out"));
    }
    if given.text("ssh_interface").as_deref() == Some("session_manager") {
        let problem = Problem::error(
            given.at("ssh_interface"),
            "the interface `session_manager` is not supported yet",
        );
        problems.push(problem.hint("use `private_ip` from inside the network, or `public_ip`"));
    }
    refuse_for_good(given, problems);
}

/// What AWS or its SDK does not do.
fn refuse_for_good(given: &Given<'_>, problems: &mut Vec<Problem>) {
    let role = given.object("assume_role");
    let refused = [
        (
            Some(given),
            "insecure_skip_tls_verify",
            "is not possible: the certificate of AWS is always checked",
            "let this machine trust the authority of the endpoint's certificate, or leave it out",
        ),
        (
            role.as_ref(),
            "transitive_tag_keys",
            "is not possible: tags of a session do not pass to further roles",
            "leave it out",
        ),
        (
            Some(given),
            "block_duration_minutes",
            "is not possible: AWS has no spot instances of a fixed duration any more",
            "leave it out",
        ),
    ];
    for (within, name, why, hint) in refused {
        if let Some(within) = within.filter(|within| within.get(name).is_some()) {
            problems.push(Problem::error(within.at(name), format!("`{name}` {why}")).hint(hint));
        }
    }
}
