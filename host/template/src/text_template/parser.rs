//! Tokens to a [`Program`].
//!
//! What Go tells before anything runs is told here: unknown functions and variables, blocks that are not closed or not
//! open, `break` outside of `range`.

use std::sync::Arc;

use super::{
    ast::{Branch, Command, Node, Pipeline, Program, Term, TermKind, Word},
    lexer::{self, Kind, Token},
    literal,
    value::Value,
};
use crate::{RenderError, Span, did_you_mean};

/// How deep blocks and parentheses may stand in one another. It takes more stack to read a level than to run it.
const NESTING: usize = 100;

/// Reads a text. `functions` are the names it may call.
pub(crate) fn parse(source: &str, functions: &[&str]) -> Result<Program, RenderError> {
    let mut parser = Parser {
        source,
        tokens: lexer::tokens(source)?,
        next: 0,
        functions,
        variables: vec!["$".to_owned()],
        ranges: 0,
        nesting: 0,
        program: Program::default(),
    };
    let nodes = parser.body(None)?;
    parser.program.nodes = nodes;
    Ok(parser.program)
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    next: usize,
    functions: &'s [&'s str],
    /// Those that exist here, innermost last.
    variables: Vec<String>,
    /// How many `range` are around.
    ranges: usize,
    nesting: usize,
    program: Program,
}

/// What ended a list of nodes.
#[derive(Clone, Copy)]
enum Ending {
    Text,
    End(Span),
    Else(Span),
}

impl<'s> Parser<'s> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.next).copied()
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn take_if(&mut self, kind: Kind) -> Option<Token> {
        self.peek()
            .filter(|token| token.kind == kind)
            .inspect(|_| self.next += 1)
    }

    fn skip_spaces(&mut self) {
        while self.take_if(Kind::Space).is_some() {}
    }

    fn written(&self, token: Token) -> &'s str {
        self.source.get(token.at.start..token.at.end).unwrap_or_default()
    }

    fn unexpected(&self, token: Option<Token>, context: &str) -> RenderError {
        match token {
            Some(token) => {
                RenderError::new(format!("unexpected {:?} in {context}", self.written(token))).at(token.at)
            }
            None => RenderError::new(format!("unexpected end in {context}"))
                .at(Span::new(self.source.len(), self.source.len())),
        }
    }

    fn nested<T>(
        &mut self,
        at: Span,
        read: impl FnOnce(&mut Self) -> Result<T, RenderError>,
    ) -> Result<T, RenderError> {
        if self.nesting >= NESTING {
            return Err(RenderError::new(format!("template text is nested more than {NESTING} deep")).at(at));
        }
        self.nesting += 1;
        let outcome = read(self);
        self.nesting -= 1;
        outcome
    }

    /// A whole text, or what `define` and `block` at `opened` hold.
    fn body(&mut self, opened: Option<Span>) -> Result<Vec<Node>, RenderError> {
        let (nodes, ending) = self.list(opened.is_none())?;
        match (ending, opened) {
            (Ending::Text, None) | (Ending::End(_), Some(_)) => Ok(nodes),
            (Ending::Text, Some(at)) => Err(unclosed(at)),
            (Ending::End(at), None) => Err(RenderError::new("unexpected {{end}}")
                .hint("no `if`, `range`, `with` or `define` is open here")
                .at(at)),
            (Ending::Else(at), _) => Err(RenderError::new("unexpected {{else}}")
                .hint("no `if`, `range` or `with` is open here")
                .at(at)),
        }
    }

    /// Nodes up to the end, `{{end}}` or `{{else`. Only the outermost list may hold `define`.
    fn list(&mut self, outermost: bool) -> Result<(Vec<Node>, Ending), RenderError> {
        let mut nodes = Vec::new();
        while let Some(token) = self.take() {
            if token.kind == Kind::Text {
                nodes.push(Node::Text(self.written(token).to_owned()));
                continue;
            }
            self.skip_spaces();
            let keyword = self
                .peek()
                .filter(|token| token.kind == Kind::Word)
                .map(|token| (self.written(token), token));
            let Some((name, word)) = keyword else {
                nodes.push(Node::Action(self.pipeline("command", Kind::Close)?));
                continue;
            };
            match name {
                "end" => {
                    self.next += 1;
                    self.close("end")?;
                    return Ok((nodes, Ending::End(word.at)));
                }
                "else" => {
                    self.next += 1;
                    return Ok((nodes, Ending::Else(word.at)));
                }
                "if" | "with" | "range" => {
                    self.next += 1;
                    nodes.push(self.branch(name, word.at)?);
                }
                "define" if outermost => {
                    self.next += 1;
                    self.define(word.at)?;
                }
                "define" => return Err(self.unexpected(Some(word), "a block")),
                "block" => {
                    self.next += 1;
                    nodes.push(self.block(word.at)?);
                }
                "template" => {
                    self.next += 1;
                    nodes.push(self.template(word.at)?);
                }
                "break" | "continue" => {
                    self.next += 1;
                    self.close(name)?;
                    if self.ranges == 0 {
                        return Err(
                            RenderError::new(format!("{{{{{name}}}}} outside {{{{range}}}}")).at(word.at)
                        );
                    }
                    nodes.push(if name == "break" {
                        Node::Break
                    } else {
                        Node::Continue
                    });
                }
                _ => nodes.push(Node::Action(self.pipeline("command", Kind::Close)?)),
            }
        }
        Ok((nodes, Ending::Text))
    }

    fn close(&mut self, context: &str) -> Result<(), RenderError> {
        self.skip_spaces();
        match self.take() {
            Some(token) if token.kind == Kind::Close => Ok(()),
            other => Err(self.unexpected(other, context)),
        }
    }

    fn branch(&mut self, name: &str, at: Span) -> Result<Node, RenderError> {
        let word = match name {
            "if" => Word::If,
            "with" => Word::With,
            _ => Word::Range,
        };
        self.nested(at, |parser| {
            let known = parser.variables.len();
            let pipeline = parser.pipeline(name, Kind::Close)?;
            parser.ranges += usize::from(word == Word::Range);
            let listed = parser.list(false);
            parser.ranges -= usize::from(word == Word::Range);
            let (then, ending) = listed?;
            let otherwise = match ending {
                Ending::Text => return Err(unclosed(at)),
                Ending::End(_) => Vec::new(),
                Ending::Else(_) => parser.otherwise(word, name, at)?,
            };
            parser.variables.truncate(known);
            Ok(Node::Branch(Box::new(Branch {
                word,
                pipeline,
                then,
                otherwise,
            })))
        })
    }

    /// What follows `{{else`: `if` after `if` and `with` after `with` share the `{{end}}`.
    fn otherwise(&mut self, word: Word, name: &str, opened: Span) -> Result<Vec<Node>, RenderError> {
        self.skip_spaces();
        if word != Word::Range
            && let Some(next) = self.peek()
            && next.kind == Kind::Word
            && self.written(next) == name
        {
            self.next += 1;
            return Ok(vec![self.branch(name, next.at)?]);
        }
        self.close("else")?;
        match self.list(false)? {
            (nodes, Ending::End(_)) => Ok(nodes),
            (_, Ending::Text) => Err(unclosed(opened)),
            (_, Ending::Else(at)) => Err(RenderError::new("unexpected {{else}}")
                .hint("this block has an `{{else}}` already")
                .at(at)),
        }
    }

    fn define(&mut self, at: Span) -> Result<(), RenderError> {
        let name = self.name("define")?;
        self.close("define")?;
        self.named_body(name, at)
    }

    fn block(&mut self, at: Span) -> Result<Node, RenderError> {
        let name = self.name("block")?;
        self.skip_spaces();
        let data = Some(self.pipeline("block", Kind::Close)?);
        self.nested(at, |parser| parser.named_body(name.clone(), at))?;
        Ok(Node::Template { name, data, at })
    }

    fn template(&mut self, at: Span) -> Result<Node, RenderError> {
        let name = self.name("template")?;
        self.skip_spaces();
        let data = match self.take_if(Kind::Close) {
            Some(_) => None,
            None => Some(self.pipeline("template", Kind::Close)?),
        };
        Ok(Node::Template { name, data, at })
    }

    fn name(&mut self, context: &str) -> Result<String, RenderError> {
        self.skip_spaces();
        match self.take() {
            Some(token) if matches!(token.kind, Kind::Quoted | Kind::Raw) => {
                literal::text(self.written(token)).map_err(|message| RenderError::new(message).at(token.at))
            }
            other => Err(self
                .unexpected(other, context)
                .hint("a name in quotes is expected")),
        }
    }

    /// A named template knows no variables and no `range` of the text around it.
    fn named_body(&mut self, name: String, at: Span) -> Result<(), RenderError> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let nodes = self.body(Some(at))?;
        self.variables = variables;
        self.ranges = ranges;
        let known = self.program.templates.get(&name).map(|known| is_empty(known));
        if known == Some(false) && !is_empty(&nodes) {
            return Err(RenderError::new(format!("multiple definition of template {name:?}")).at(at));
        }
        if known != Some(false) {
            self.program.templates.insert(name, nodes);
        }
        Ok(())
    }

    fn pipeline(&mut self, context: &str, closer: Kind) -> Result<Pipeline, RenderError> {
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

/// Whether nothing but spaces would come of it.
fn is_empty(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}

fn unclosed(at: Span) -> RenderError {
    RenderError::new("unexpected end of the text: a block is not closed")
        .hint("add `{{end}}`")
        .at(at)
}
