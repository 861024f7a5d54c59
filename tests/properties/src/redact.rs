//! Secrets: whatever a guest or an instance prints, nobody reads one, in no form, however it arrived.
//!
//! The first part of the input is the secret, the second one what is printed around it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kilnbox_engine::{Secrets, limits, secrets::PLACEHOLDER, text::fit};

use crate::{
    parts,
    text::{harmless, lines},
};

/// See the module.
pub fn check(data: &[u8]) {
    let Ok(input) = std::str::from_utf8(data) else {
        return;
    };
    let (secret, around) = parts::two(input);
    // A form is as long as three times the secret, and there are many: what is longer only costs time.
    if secret.len() > 1024 {
        return;
    }
    let secrets = Secrets::default();
    if !secrets.add(secret) || secret.is_empty() {
        return;
    }
    let half = around.len() / 2;
    let middle = (half..=around.len())
        .find(|at| around.is_char_boundary(*at))
        .unwrap_or(half);
    let (before, after) = around.split_at(middle);
    for form in forms(secret) {
        shown_nowhere(&secrets, &form, &format!("{before}{form}{after}"));
        let colour = form.chars().next().map_or(0, char::len_utf8);
        let (first, rest) = form.split_at(colour);
        shown_nowhere(&secrets, &form, &format!("{before}{first}\x1b[31m{rest}{after}"));
    }
    shown_nowhere(&secrets, secret, around);
}

/// Forms of what is looked for: the secret, or each of its lines.
fn forms(secret: &str) -> Vec<String> {
    let line = secret
        .split(['\n', '\r'])
        .map(str::trim)
        .find(|line| line.chars().count() >= limits::SECRET_MIN);
    let mut forms = Vec::new();
    for part in line.into_iter().chain([secret.trim()]) {
        let bytes = part.as_bytes();
        let json = serde_json::Value::from(part).to_string();
        forms.extend([
            part.to_owned(),
            json[1..json.len() - 1].to_owned(),
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            bytes.iter().map(|byte| format!("%{byte:02X}")).collect(),
            part.replace('\'', r"'\''"),
            STANDARD.encode(part),
        ]);
    }
    forms.retain(|form| form.chars().count() >= limits::SECRET_MIN && !PLACEHOLDER.contains(form.as_str()));
    forms
}

/// Neither as one text nor as lines that came in pieces.
fn shown_nowhere(secrets: &Secrets, form: &str, printed: &str) {
    let shown = fit(printed, secrets);
    harmless(&shown);
    hides(&shown, form);
    // One that is like the placeholder may be found beside it.
    if !form.contains(['<', '>']) {
        assert_eq!(fit(&shown, secrets), shown, "a second time changes something");
    }
    let whole = lines(printed.as_bytes(), printed.len().max(1));
    for line in &whole {
        hides(&fit(line, secrets), form);
    }
    for size in [1, 5, 64] {
        assert_eq!(lines(printed.as_bytes(), size), whole, "in chunks of {size}");
    }
}

#[track_caller]
fn hides(shown: &str, form: &str) {
    for part in shown.split(PLACEHOLDER) {
        assert!(!part.contains(form), "{form:?} is in {shown:?}");
    }
}
