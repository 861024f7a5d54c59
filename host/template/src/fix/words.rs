//! Small changes inside texts.

/// `text` with every action `{{ name }}` replaced by `{{to}}`.
pub(super) fn replace_action(text: &str, name: &str, to: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, action) = rest.split_at(open);
        changed.push_str(before);
        let close = action.find("}}").map_or(action.len(), |close| close + 2);
        let (action, after) = action.split_at(close);
        let inner = action
            .strip_prefix("{{")
            .and_then(|inner| inner.strip_suffix("}}"));
        if inner.is_some_and(|inner| inner.trim() == name) {
            changed.push_str("{{");
            changed.push_str(to);
            changed.push_str("}}");
        } else {
            changed.push_str(action);
        }
        rest = after;
    }
    changed.push_str(rest);
    changed
}

/// PowerShell's backtick before a backtick, a dollar or a quote is taken out: `` `$ `` was `$`.
pub(super) fn without_backticks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(&escaped @ ('`' | '$' | '"' | '\'')) if letter == '`' => {
                plain.push(escaped);
                letters.next();
            }
            _ => plain.push(letter),
        }
    }
    plain
}

/// A boolean, as Go reads one.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_replaced_whole() {
        for (text, expected) in [
            ("a {{.X}} {{ .X }}", "a {{y}} {{y}}"),
            ("{{.X | z}} {{.Xx}} .X {{.X", "{{.X | z}} {{.Xx}} .X {{.X"),
            ("plain", "plain"),
        ] {
            assert_eq!(replace_action(text, ".X", "y"), expected);
        }
    }

    #[test]
    fn backticks() {
        for (text, expected) in [("A=`$x``y", "A=$x`y"), ("```$`'`\"", "`$'\""), ("`n `", "`n `")] {
            assert_eq!(without_backticks(text), expected);
        }
    }
}
