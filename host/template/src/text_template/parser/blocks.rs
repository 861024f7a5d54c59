//! `if`, `with` and `range`, `define`, `block` and `template`.

use super::{Ending, Parser, unclosed};
use crate::{
    RenderError, Span,
    text_template::{
        ast::{Branch, Node, Word},
        lexer::Kind,
        literal,
    },
};

impl Parser<'_> {
    pub(super) fn branch(&mut self, name: &str, at: Span) -> Result<Node, RenderError> {
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

    pub(super) fn define(&mut self, at: Span) -> Result<(), RenderError> {
        let name = self.name("define")?;
        self.close("define")?;
        self.named_body(name, at)
    }

    pub(super) fn block(&mut self, at: Span) -> Result<Node, RenderError> {
        let name = self.name("block")?;
        self.skip_spaces();
        let data = Some(self.pipeline("block", Kind::Close)?);
        self.nested(at, |parser| parser.named_body(name.clone(), at))?;
        Ok(Node::Template { name, data, at })
    }

    pub(super) fn template(&mut self, at: Span) -> Result<Node, RenderError> {
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
}

/// Whether nothing but spaces would come of it.
fn is_empty(nodes: &[Node]) -> bool {
    nodes
        .iter()
        .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}
