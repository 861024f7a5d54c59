//! The reports on standard error, read back from how they are drawn.

/// One error or warning.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// With its causes; a warning begins with `warning: `.
    pub(crate) message: String,
    /// File, line and column, from 1.
    pub(crate) place: Option<(String, usize, usize)>,
    pub(crate) hint: Option<String>,
}

/// What the next line may continue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Message,
    Hint,
    Other,
}

/// All reports of a text; what belongs to none is left out.
pub(crate) fn read(text: &str) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    let mut part = Part::Other;
    for line in text.lines() {
        if let Some(message) = line.strip_prefix("  × ") {
            reports.push(new(message.to_owned()));
            part = Part::Message;
            continue;
        }
        if let Some(message) = line.strip_prefix("  ⚠ ") {
            reports.push(new(format!("warning: {message}")));
            part = Part::Message;
            continue;
        }
        let Some(report) = reports.last_mut() else {
            continue;
        };
        let cause = line
            .strip_prefix("  ╰─▶ ")
            .or_else(|| line.strip_prefix("  ├─▶ "));
        if let Some(cause) = cause {
            report.message.push_str(&format!(": {cause}"));
            part = Part::Message;
        } else if let Some((_, place)) = line.split_once("╭─[") {
            report.place = place.strip_suffix(']').and_then(as_place);
            part = Part::Other;
        } else if let Some(hint) = line.strip_prefix("  help: ") {
            report.hint = Some(hint.to_owned());
            part = Part::Hint;
        } else if let (Part::Message, Some(more)) = (part, continued(line)) {
            report.message.push_str(&format!(" {more}"));
        } else if let (Part::Hint, Some(more), Some(hint)) =
            (part, line.strip_prefix("        "), &mut report.hint)
        {
            hint.push_str(&format!(" {more}"));
        } else {
            part = Part::Other;
        }
    }
    reports
}

fn new(message: String) -> Report {
    Report {
        message,
        ..Report::default()
    }
}

fn continued(line: &str) -> Option<&str> {
    line.strip_prefix("  │ ").or_else(|| line.strip_prefix("      "))
}

fn as_place(text: &str) -> Option<(String, usize, usize)> {
    let (rest, column) = text.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some((file.to_owned(), line.parse().ok()?, column.parse().ok()?))
}

#[test]
fn a_drawn_report_is_read_back() {
    let text = "
  × ssh_private_key_file is invalid:
  │ not there
   ╭─[t.json:7:31]
 6 │       \"ssh_username\": \"root\",
   ·                               ──────
   ╰────
  help: check the path; it
        starts here
  ⚠ careful
  × reading `x`
  ╰─▶ No such file
";
    let seen: Vec<String> = read(text).iter().map(|report| format!("{report:?}")).collect();
    assert_eq!(
        seen,
        [
            "Report { message: \"ssh_private_key_file is invalid: not there\", place: Some((\"t.json\", 7, 31)), \
             hint: Some(\"check the path; it starts here\") }",
            "Report { message: \"warning: careful\", place: None, hint: None }",
            "Report { message: \"reading `x`: No such file\", place: None, hint: None }",
        ]
    );
}
