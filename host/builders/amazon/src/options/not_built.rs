//! Options of Packer that are not built yet: refused by name, never passed over.

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
}
