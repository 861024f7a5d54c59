//! `kilnbox console`: expressions against the variables of a template, from a person or from a pipe.
//!
//! Nothing sensitive is shown: what is printed passes the engine's [`Secrets`], as in a build.

mod complete;

use std::io::{self, BufRead as _, IsTerminal as _};

use kilnbox_engine::{Secrets, text};
use kilnbox_template::{RenderError, Renderer, Resolved, Source, Template};
use rustyline::{Editor, error::ReadlineError, history::DefaultHistory};

use self::complete::Words;
use super::answer;
use crate::{
    args::{ConsoleArgs, OutputArgs},
    error::Error,
    exit_codes,
    report::Report,
    template_file::{self, TemplateFile},
};

const PROMPT: &str = "> ";

const HELP: &str = "\
Type an expression, and its value is shown:

  {{user `name`}}           a variable of the template, or of -var and -var-file
  {{timestamp}}             the start of this console, as Unix time
  {{isotime | clean_resource_name}}, {{upper \"x\"}}, {{pwd}}, …
                            every function that templates have

`variables` lists all variables and their values.
Tab completes names. `exit`, Ctrl-C or Ctrl-D ends the console.";

/// Without a template, everything but its variables can be tried.
const NO_TEMPLATE: &str = r#"{"builders": [{"type": "null"}]}"#;

/// What a line came to.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Nothing,
    Text(String),
    End,
}

/// What expressions are evaluated with.
struct Session {
    renderer: Renderer,
    variables: Vec<String>,
    secrets: Secrets,
}

/// Evaluates what is typed, or what comes from standard input.
pub(crate) fn run(args: &ConsoleArgs, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    if args
        .template
        .as_deref()
        .is_some_and(|path| path.as_os_str() == "-")
    {
        return Err(Error::StandardInputTwice);
    }
    let (source, inputs) = match &args.template {
        Some(path) => {
            let file = TemplateFile::read(path, args.config_type)?;
            (file.source.clone(), file.inputs())
        }
        None => (Source::new("<console>", NO_TEMPLATE), template_file::inputs()?),
    };
    let mut template = Template::parse(source)?;
    let given = template_file::variables(&args.given)?;
    // As in Packer, a variable that has no value yet keeps nobody from trying the others: only the demand for one goes.
    template.variables.retain(|variable| variable.default.is_some());
    let session = Session::new(template_file::resolve(template, &inputs, &given, report)?, report);
    if io::stdin().is_terminal() && io::stdout().is_terminal() && !output.machine_readable {
        session.with_a_person(report)
    } else {
        session.over_a_pipe(output.machine_readable, report)
    }
}

impl Session {
    fn new(resolved: Resolved, report: &Report) -> Self {
        Self {
            renderer: resolved.renderer,
            variables: resolved.variables.into_keys().collect(),
            secrets: report.secrets().clone(),
        }
    }

    fn with_a_person(&self, report: &Report) -> Result<u8, Error> {
        let terminal = |error: ReadlineError| Error::Other {
            message: format!("reading from the terminal: {error}"),
            hint: Some("give the expressions on standard input".to_owned()),
        };
        let mut editor: Editor<Words, DefaultHistory> = Editor::new().map_err(terminal)?;
        let own = ["variables", "help", "exit"].into_iter();
        let words = own.chain(kilnbox_template::functions()).map(str::to_owned);
        editor.set_helper(Some(Words::new(words.chain(self.variables.iter().cloned()))));
        loop {
            let line = match editor.readline(PROMPT) {
                Ok(line) => line,
                Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(exit_codes::SUCCESS),
                Err(error) => return Err(terminal(error)),
            };
            // A line too long for the history is evaluated all the same.
            let _ = editor.add_history_entry(&line);
            match self.evaluate(&line, report) {
                Ok(Outcome::Nothing) => {}
                Ok(Outcome::Text(text)) => answer(&text, false)?,
                Ok(Outcome::End) => return Ok(exit_codes::SUCCESS),
                Err(error) => report.failure(&error),
            }
        }
    }

    fn over_a_pipe(&self, machine_readable: bool, report: &Report) -> Result<u8, Error> {
        let mut code = exit_codes::SUCCESS;
        for line in io::stdin().lock().lines() {
            let line = line.map_err(|source| Error::Read {
                path: "<stdin>".into(),
                source,
            })?;
            match self.evaluate(&line, report) {
                Ok(Outcome::Nothing) => {}
                Ok(Outcome::Text(text)) => answer(&text, machine_readable)?,
                Ok(Outcome::End) => break,
                Err(error) => {
                    report.failure(&error);
                    code = exit_codes::FAILURE;
                }
            }
        }
        Ok(code)
    }

    fn evaluate(&self, line: &str, report: &Report) -> Result<Outcome, Error> {
        Ok(match line.trim() {
            "" => Outcome::Nothing,
            "exit" => Outcome::End,
            "help" => Outcome::Text(HELP.to_owned()),
            "variables" => Outcome::Text(self.list()),
            expression => {
                let rendered = self.renderer.render_text(expression).map_err(interpolation)?;
                for name in &rendered.undefined {
                    report.note(&format!("variable `{name}` is not defined; it is empty here"));
                }
                if rendered.marks.deferred {
                    report.note("known only while a build runs");
                }
                Outcome::Text(self.shown(&rendered.text, rendered.marks.sensitive))
            }
        })
    }

    /// As Packer lists them, but in the order of their names.
    fn list(&self) -> String {
        let mut list = String::from("\n");
        for name in &self.variables {
            let asked = format!("{{{{user {}}}}}", serde_json::Value::from(name.as_str()));
            let value = match self.renderer.render_text(&asked) {
                Ok(rendered) => self.shown(&rendered.text, rendered.marks.sensitive),
                Err(error) => format!("({error})"),
            };
            list.push_str(&format!("{name}: {value},\n"));
        }
        list
    }

    /// A sensitive text in which no secret can be found, such as one in capitals, is hidden as a whole.
    fn shown(&self, text: &str, sensitive: bool) -> String {
        let redacted = self.secrets.redact(text);
        if sensitive && redacted == text && !text.is_empty() {
            return "<sensitive>".to_owned();
        }
        text::fit(text, &self.secrets).into_owned()
    }
}

fn interpolation(error: RenderError) -> Error {
    Error::Other {
        message: format!("Interpolation error: {}", error.message),
        hint: error.hint,
    }
}

#[cfg(test)]
mod tests {
    use kilnbox_template::{Inputs, Variables};

    use super::*;

    fn session() -> Session {
        let template = r#"{
            "variables": {"b": "two", "a": "{{user `b`}}!", "password": "hunter22"},
            "sensitive-variables": ["password"],
            "builders": [{"type": "null"}]
        }"#;
        let template = Template::parse(Source::new("t.json", template)).unwrap();
        let report = Report::new(false, false);
        let resolved = template_file::resolve(template, &Inputs::default(), &Variables::default(), &report);
        Session::new(resolved.unwrap(), &report)
    }

    fn check(line: &str, expected: &str) {
        let outcome = session().evaluate(line, &Report::new(false, false)).unwrap();
        assert_eq!(outcome, Outcome::Text(expected.to_owned()), "{line}");
    }

    #[test]
    fn expressions() {
        check("{{user `a`}} and {{upper \"x\"}}", "two! and X");
        check("no braces", "no braces");
        check("{{user `nobody`}}", "");
    }

    #[test]
    fn secrets_are_hidden_however_they_are_asked_for() {
        check("my {{user `password`}}", "my <sensitive>");
        check("{{user `password` | upper}}", "<sensitive>");
        check("variables", "\na: two!,\nb: two,\npassword: <sensitive>,\n");
    }

    #[test]
    fn words_of_the_console() {
        let report = Report::new(false, false);
        assert_eq!(session().evaluate(" exit ", &report).unwrap(), Outcome::End);
        assert_eq!(session().evaluate("  ", &report).unwrap(), Outcome::Nothing);
        assert!(session().evaluate("{{nope}}", &report).is_err());
    }
}
