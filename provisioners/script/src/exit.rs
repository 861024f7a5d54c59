//! How scripts may end.

use kilnbox_guest::{Error, types::Exit};

/// What Packer's users write in `valid_exit_codes` for a lost connection.
pub const DISCONNECTED: i64 = 2_300_218;

/// The code a command ended with, as Packer sees it: a signal is 128 and its number.
pub fn exit_code(exit: &Exit) -> i64 {
    match exit {
        Exit::Code(code) => i64::from(*code),
        Exit::Signal(name) => 128 + signal_number(name),
        Exit::Lost => DISCONNECTED,
    }
}

/// The signals that RFC 4254 6.10 names. Any other counts as 0, as in Go's SSH client.
fn signal_number(name: &str) -> i64 {
    match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "ABRT" => 6,
        "FPE" => 8,
        "KILL" => 9,
        "SEGV" => 11,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        _ => 0,
    }
}

/// Compares a code with those the user allows; none written means zero alone.
pub fn check_exit_code(code: i64, valid: &[i64]) -> Result<(), Error> {
    let valid = if valid.is_empty() { &[0] } else { valid };
    if valid.contains(&code) {
        return Ok(());
    }
    let allowed: Vec<_> = valid.iter().map(i64::to_string).collect();
    Err(Error::new(format!(
        "Script exited with non-zero exit status: {code}. Allowed exit codes are: [{}]",
        allowed.join(" ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_codes_pass() {
        assert_eq!(check_exit_code(0, &[]), Ok(()));
        assert_eq!(check_exit_code(3, &[0, 3]), Ok(()));
        assert_eq!(
            check_exit_code(1, &[]).unwrap_err().to_string(),
            "Script exited with non-zero exit status: 1. Allowed exit codes are: [0]"
        );
        assert_eq!(
            check_exit_code(0, &[1, 2]).unwrap_err().to_string(),
            "Script exited with non-zero exit status: 0. Allowed exit codes are: [1 2]"
        );
    }

    #[test]
    fn a_signal_is_a_code_above_128() {
        assert_eq!(exit_code(&Exit::Code(7)), 7);
        assert_eq!(exit_code(&Exit::Signal("KILL".into())), 137);
        assert_eq!(exit_code(&Exit::Signal("USR1".into())), 128);
        assert_eq!(exit_code(&Exit::Lost), DISCONNECTED);
    }
}
