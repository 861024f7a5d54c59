//! An audit as text for people and as JSON for programs.

use jiff::{SpanRelativeTo, SpanRound, Timestamp, Unit};
use kilnbox_engine::text;
use serde_json::{Value as Json, json};

use super::{Audited, Known};
use crate::{args::LogFormat, capabilities::Power, table::table};

/// All of it.
pub(super) fn text(audited: &[Audited], format: LogFormat, now: Timestamp) -> String {
    match format {
        LogFormat::Json => {
            let steps: Vec<Json> = audited.iter().map(as_json).collect();
            format!("{:#}\n", Json::Array(steps))
        }
        LogFormat::Text if audited.is_empty() => "the template has no steps\n".to_owned(),
        LogFormat::Text => {
            let steps: Vec<String> = audited.iter().map(|step| as_text(step, now)).collect();
            steps.join("\n")
        }
    }
}

fn as_text(step: &Audited, now: Timestamp) -> String {
    let times = match step.times {
        1 => String::new(),
        times => format!(", {times} times"),
    };
    let mut lines = vec![format!("{} {}{times}", step.kind.as_str(), step.name)];
    match &step.known {
        Err(_) => lines.push("  nothing is known of it; see below".to_owned()),
        Ok(known) => {
            let source = known.source.as_deref().unwrap_or("part of Kilnbox");
            lines.push(format!("  {} {}", known.version, source));
            lines.push(format!("  sha256 {}", known.sha256));
            lines.extend(age(known, now).map(|age| format!("  {age}")));
            lines.extend(table(known.powers.iter().map(|power| {
                let words = format!("{}{}", power.words, consent(power, known));
                vec![power.name.clone(), words]
            })));
        }
    }
    // A stranger's names are as hostile as all its words.
    let lines: Vec<String> = lines.iter().map(|line| text::clean(line).into_owned()).collect();
    lines.join("\n") + "\n"
}

/// What must be granted, and whether it is.
fn consent(power: &Power, known: &Known) -> &'static str {
    match power.on_request {
        true if known.granted.contains(&power.name) => "; granted by kilnbox.toml",
        true => "; not granted",
        false => "",
    }
}

/// When it was published and when it was locked.
fn age(known: &Known, now: Timestamp) -> Option<String> {
    let Some(locked) = &known.locked else {
        return known
            .source
            .as_ref()
            .map(|_| "not locked: its bytes may change".to_owned());
    };
    let ago = |written: &str| written.parse::<Timestamp>().ok().map(|then| days(then, now));
    let locked_ago = ago(&locked.locked).map(|ago| format!("locked {ago}"))?;
    match locked.created.as_deref().and_then(ago) {
        Some(created) => Some(format!("published {created}, {locked_ago}")),
        None => Some(locked_ago),
    }
}

fn days(then: Timestamp, now: Timestamp) -> String {
    let whole = SpanRound::new()
        .largest(Unit::Day)
        .smallest(Unit::Day)
        .mode(jiff::RoundMode::Trunc)
        .relative(SpanRelativeTo::days_are_24_hours());
    match then
        .until(now)
        .and_then(|span| span.round(whole))
        .map(|span| span.get_days())
    {
        Ok(..=0) => "today".to_owned(),
        Ok(1) => "a day ago".to_owned(),
        Ok(days) => format!("{days} days ago"),
        Err(_) => format!("on {then}"),
    }
}

fn as_json(step: &Audited) -> Json {
    let common = json!({ "name": step.name, "kind": step.kind.as_str(), "times": step.times });
    let Json::Object(mut object) = common else {
        return common;
    };
    match &step.known {
        Err(error) => {
            object.insert("problem".to_owned(), error.to_string().into());
        }
        Ok(known) => {
            let powers: Vec<Json> = known
                .powers
                .iter()
                .map(|power| power_as_json(power, known))
                .collect();
            let locked = known.locked.as_ref();
            object.insert("version".to_owned(), known.version.clone().into());
            object.insert("source".to_owned(), known.source.clone().into());
            object.insert("sha256".to_owned(), known.sha256.clone().into());
            object.insert(
                "created".to_owned(),
                locked.and_then(|locked| locked.created.clone()).into(),
            );
            object.insert(
                "locked".to_owned(),
                locked.map(|locked| locked.locked.clone()).into(),
            );
            object.insert("powers".to_owned(), powers.into());
        }
    }
    Json::Object(object)
}

fn power_as_json(power: &Power, known: &Known) -> Json {
    json!({
        "name": power.name,
        "meaning": power.words,
        "granted_by_default": !power.on_request,
        "granted": !power.on_request || known.granted.contains(&power.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_words() {
        let now: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
        let age = |then: &str| days(then.parse().unwrap(), now);
        assert_eq!(age("2026-11-27T11:00:00Z"), "today");
        assert_eq!(age("2026-11-26T11:00:00Z"), "a day ago");
        assert_eq!(age("2026-09-01T12:00:00Z"), "87 days ago");
        assert_eq!(age("2027-01-01T00:00:00Z"), "today");
    }
}
