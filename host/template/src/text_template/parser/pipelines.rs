//! What stands in `{{ }}`: variables that are set, commands with `|` between them, terms.

use std::sync::Arc;

use super::Parser;
use crate::{
    RenderError, Span, did_you_mean,
    text_template::{
        Value,
        ast::{Command, Pipeline, Term, TermKind},
        lexer::{Kind, Token},
        literal,
    },
};

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, closer: Kind) -> Result<Pipeline, RenderError> {
        self.skip_spaces();
        let start = self.peek().map_or(self.source.len(), |token| token.at.start);
        let (sets, assigns) = self.sets(context)?;
        let mut commands: Vec<Command> = Vec::new();
        loop {
            self.skip_spaces();
            let Some(token) = self.peek() else {
                return Err(self.unexpected(None, context));
            };
            if token.kind == closer {
                self.next += 1;
                let at = Span::new(start, token.at.start.max(start));
                if commands.is_empty() {
                    let missing = RenderError::new(format!("missing value for {context}"));
                    return Err(missing.at(Span::new(at.start, token.at.end)));
                }
                return Ok(Pipeline {
                    sets,
                    assigns,
                    commands,
                    at,
                });
            }
            let command = self.command(context)?;
            if !commands.is_empty() {
                executable(&command, commands.len() + 1)?;
            }
            commands.push(command);
        }
    }

    /// `$x :=`, `$x =`, and `$i, $x :=` of a `range`.
    fn sets(&mut self, context: &str) -> Result<(Vec<String>, bool), RenderError> {
        let start = self.next;
        let mut names = Vec::new();
        while let Some(variable) = self.take_if(Kind::Variable) {
            names.push((self.written(variable).to_owned(), variable.at));
            self.skip_spaces();
            match self.take() {
                Some(token) if matches!(token.kind, Kind::Declare | Kind::Assign) => {
                    return self.set(names, token.kind == Kind::Assign);
                }
                Some(token) if token.kind == Kind::Comma => {
                    if context != "range" || names.len() > 1 {
                        return Err(
                            RenderError::new(format!("too many declarations in {context}")).at(token.at)
                        );
                    }
                    self.skip_spaces();
                    if self.peek().is_none_or(|token| token.kind != Kind::Variable) {
                        return Err(RenderError::new("range can only initialize variables").at(token.at));
                    }
                }
                _ => break,
            }
        }
        self.next = start;
        Ok((Vec::new(), false))
    }

    fn set(&mut self, names: Vec<(String, Span)>, assigns: bool) -> Result<(Vec<String>, bool), RenderError> {
        for (name, at) in &names {
            if assigns {
                self.variable(name, *at)?;
            } else {
                self.variables.push(name.clone());
            }
        }
        Ok((names.into_iter().map(|(name, _)| name).collect(), assigns))
    }

    fn variable(&self, name: &str, at: Span) -> Result<(), RenderError> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        let declared = self
            .variables
            .iter()
            .map(String::as_str)
            .filter(|known| *known != "$");
        let hint = did_you_mean(name, declared);
        Err(RenderError::new(format!("undefined variable {name:?}"))
            .hint(hint.unwrap_or_else(|| "variables of the template are read with `{{user}}`".to_owned()))
            .at(at))
    }

    /// Terms up to `|`, which is consumed, or the end of the pipeline.
    fn command(&mut self, context: &str) -> Result<Command, RenderError> {
        let mut terms: Vec<Term> = Vec::new();
        loop {
            self.skip_spaces();
            let Some(token) = self.peek() else { break };
            match token.kind {
                Kind::Close | Kind::RightParen => break,
                Kind::Pipe => {
                    self.next += 1;
                    break;
                }
                _ => {}
            }
            terms.push(self.operand(context)?);
            match self.peek() {
                Some(token)
                    if !matches!(
                        token.kind,
                        Kind::Space | Kind::Close | Kind::RightParen | Kind::Pipe
                    ) =>
                {
                    return Err(self.unexpected(Some(token), "operand"));
                }
                _ => {}
            }
        }
        match (terms.first(), terms.last()) {
            (Some(first), Some(last)) => Ok(Command {
                at: Span::new(first.at.start, last.at.end),
                terms,
            }),
            _ => Err(self.unexpected(self.tokens.get(self.next.saturating_sub(1)).copied(), context)),
        }
    }

    fn operand(&mut self, context: &str) -> Result<Term, RenderError> {
        let mut term = self.term(context)?;
        while let Some(field) = self.take_if(Kind::Field) {
            let literal = matches!(term.kind, TermKind::Literal(_) | TermKind::Nil)
                || matches!(term.kind, TermKind::Dot) && term.fields.is_empty();
            if literal {
                return Err(RenderError::new(format!(
                    "unexpected . after term {:?}",
                    self.source.get(term.at.start..term.at.end).unwrap_or_default()
                ))
                .at(field.at));
            }
            term.fields.extend(self.field(field));
            term.at.end = field.at.end;
        }
        Ok(term)
    }

    fn field(&self, token: Token) -> Option<String> {
        self.written(token).strip_prefix('.').map(str::to_owned)
    }

    fn term(&mut self, context: &str) -> Result<Term, RenderError> {
        let Some(token) = self.take() else {
            return Err(self.unexpected(None, context));
        };
        let written = self.written(token);
        let wrong = |message: String| RenderError::new(message).at(token.at);
        let mut fields = Vec::new();
        let kind = match token.kind {
            Kind::Dot => TermKind::Dot,
            Kind::Field => {
                fields.extend(self.field(token));
                TermKind::Dot
            }
            Kind::Variable => {
                self.variable(written, token.at)?;
                TermKind::Variable(Arc::from(written))
            }
            Kind::Number => TermKind::Literal(literal::number(written).map_err(wrong)?),
            Kind::Character => TermKind::Literal(literal::character(written).map_err(wrong)?),
            Kind::Quoted | Kind::Raw => {
                TermKind::Literal(Value::text(literal::text(written).map_err(wrong)?))
            }
            Kind::Word => self.word(written, token)?,
            Kind::LeftParen => {
                let pipeline = self.nested(token.at, |parser| {
                    parser.pipeline("parenthesized pipeline", Kind::RightParen)
                })?;
                TermKind::Pipeline(Box::new(pipeline))
            }
            _ => return Err(self.unexpected(Some(token), context)),
        };
        let end = self
            .tokens
            .get(self.next - 1)
            .map_or(token.at.end, |last| last.at.end);
        Ok(Term {
            kind,
            fields,
            at: Span::new(token.at.start, end),
        })
    }

    fn word(&self, name: &str, token: Token) -> Result<TermKind, RenderError> {
        match name {
            "true" => Ok(TermKind::Literal(Value::Bool(true))),
            "false" => Ok(TermKind::Literal(Value::Bool(false))),
            "nil" => Ok(TermKind::Nil),
            "if" | "else" | "end" | "range" | "with" | "define" | "block" | "template" | "break"
            | "continue" => Err(self
                .unexpected(Some(token), "command")
                .hint("a keyword stands first in `{{ }}`")),
            _ if self.functions.contains(&name) => Ok(TermKind::Function(Arc::from(name))),
            _ => Err(RenderError::new(format!("function {name:?} not defined"))
                .hint(
                    did_you_mean(name, self.functions.iter().copied())
                        .unwrap_or_else(|| "to write `{{` itself, use `{{`{{`}}`".to_owned()),
                )
                .at(token.at)),
        }
    }
}

/// Only the first command of a pipeline may be a plain value; the others are called with what came before.
fn executable(command: &Command, stage: usize) -> Result<(), RenderError> {
    let plain = command.terms.first().is_some_and(|term| {
        matches!(term.kind, TermKind::Literal(_) | TermKind::Nil)
            || matches!(term.kind, TermKind::Dot) && term.fields.is_empty()
    });
    if !plain {
        return Ok(());
    }
    Err(
        RenderError::new(format!("non executable command in pipeline stage {stage}"))
            .hint("after `|` a function is expected")
            .at(command.at),
    )
}
