//! What a caught panic says.

use std::any::Any;

/// The message of a panic, as an error's text. A panic is a fault of this program, and the text says so.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("internal error, please report it: {said}")
}
