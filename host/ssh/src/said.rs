//! What an instance says about a failure, on its way into an error of this crate.
//!
//! Errors are read by steps too, which see them before [`kilnbox_engine::text`] cleans what a person reads. So they are
//! short, and one that is cut says so.

use crate::limits::SAID;

/// The beginning of `text`.
pub(crate) fn said(text: &str) -> String {
    if text.len() <= SAID {
        return text.to_owned();
    }
    let kept = text.get(..text.floor_char_boundary(SAID)).unwrap_or_default();
    format!("{kept}… [{} bytes cut]", text.len() - kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        assert_eq!(said("no such file"), "no such file");
        let text = "é".repeat(SAID);
        let short = said(&text);
        assert_eq!(short, format!("{}… [{SAID} bytes cut]", "é".repeat(SAID / 2)));
    }
}
