//! Tokens to a [`Program`].
//!
//! What Go tells before anything runs is told here: unknown functions and variables, blocks that are not closed or not
//! open, `break` outside of `range`.

mod blocks;
mod pipelines;

use super::{
    ast::{Node, Program},
    lexer::{self, Kind, Token},
};
use crate::{RenderError, Span, limits};

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
        if self.nesting >= limits::NESTING {
            return Err(RenderError::new(format!(
                "template text is nested more than {} deep",
                limits::NESTING
            ))
            .at(at));
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
}

fn unclosed(at: Span) -> RenderError {
    RenderError::new("unexpected end of the text: a block is not closed")
        .hint("add `{{end}}`")
        .at(at)
}
