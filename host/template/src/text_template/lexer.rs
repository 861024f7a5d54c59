//! Text to tokens.
//!
//! Outside `{{ }}` there is only text, already trimmed where a delimiter says so. Inside, spaces are tokens: `(x).a` is
//! a field, `(x) .a` are two arguments.

use crate::{RenderError, Span, limits};

/// What Go trims at `{{- ` and ` -}}`, and takes for a space inside an action.
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Open,
    Close,
    Space,
    /// A function, a keyword, `true` or `false`.
    Word,
    /// With its dot.
    Field,
    /// With its `$`.
    Variable,
    Dot,
    Number,
    Character,
    Quoted,
    Raw,
    Declare,
    Assign,
    Pipe,
    Comma,
    LeftParen,
    RightParen,
}

/// All tokens of a text.
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, RenderError> {
    let mut lexer = Lexer {
        source,
        at: 0,
        tokens: Vec::new(),
        parens: Vec::new(),
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
    /// Where parentheses are open.
    parens: Vec<Span>,
}

impl<'s> Lexer<'s> {
    fn run(&mut self) -> Result<(), RenderError> {
        let mut trim = false;
        while let Some(before) = self.rest().find("{{") {
            let open = Span::new(self.at + before, self.at + before + 2);
            let inside = self.source.get(open.end..).unwrap_or_default();
            let trims =
                inside.starts_with('-') && inside.get(1..).is_some_and(|rest| rest.starts_with(SPACES));
            self.text(Span::new(self.at, open.start), trim, trims)?;
            self.at = if trims { open.end + 2 } else { open.end };
            trim = if self.rest().starts_with("/*") {
                self.comment(open)?
            } else {
                self.push(Kind::Open, open)?;
                self.action(open)?
            };
        }
        self.text(Span::new(self.at, self.source.len()), trim, false)
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, at: Span) -> Result<(), RenderError> {
        if self.tokens.len() >= limits::PIECES {
            return Err(
                RenderError::new(format!("template text has more than {} pieces", limits::PIECES)).at(at),
            );
        }
        self.tokens.push(Token { kind, at });
        Ok(())
    }

    /// A token of the next `length` bytes.
    fn take(&mut self, kind: Kind, length: usize) -> Result<(), RenderError> {
        let at = Span::new(self.at, self.at + length);
        self.at = at.end;
        self.push(kind, at)
    }

    fn text(&mut self, at: Span, trim_start: bool, trim_end: bool) -> Result<(), RenderError> {
        let mut text = self.source.get(at.start..at.end).unwrap_or_default();
        let mut start = at.start;
        if trim_start {
            let trimmed = text.trim_start_matches(SPACES);
            start += text.len() - trimmed.len();
            text = trimmed;
        }
        if trim_end {
            text = text.trim_end_matches(SPACES);
        }
        if text.is_empty() {
            return Ok(());
        }
        self.push(Kind::Text, Span::new(start, start + text.len()))
    }

    /// Skips a comment; tells whether the text after it is trimmed.
    fn comment(&mut self, open: Span) -> Result<bool, RenderError> {
        let Some(length) = self.rest().find("*/") else {
            return Err(RenderError::new("unclosed comment").at(open));
        };
        self.at += length + 2;
        match closes(self.rest()) {
            Some((length, trims)) => {
                self.at += length;
                Ok(trims)
            }
            None => Err(RenderError::new("comment ends before closing delimiter")
                .hint("nothing but `}}` may stand after `*/`")
                .at(open)),
        }
    }

    /// The tokens up to `}}`; tells whether the text after it is trimmed.
    fn action(&mut self, open: Span) -> Result<bool, RenderError> {
        loop {
            let rest = self.rest();
            if let Some((length, trims)) = closes(rest) {
                if let Some(paren) = self.parens.pop() {
                    return Err(RenderError::new("unclosed left paren").at(paren));
                }
                self.take(Kind::Close, length)?;
                return Ok(trims);
            }
            let Some(letter) = rest.chars().next() else {
                return Err(RenderError::new("unclosed action")
                    .hint("a `{{` is not closed by `}}`; to write `{{` itself, use `{{`{{`}}`")
                    .at(open));
            };
            match letter {
                letter if SPACES.contains(&letter) => self.spaces()?,
                '=' => self.take(Kind::Assign, 1)?,
                ':' if rest.starts_with(":=") => self.take(Kind::Declare, 2)?,
                ':' => return Err(self.wrong(1, "expected :=")),
                '|' => self.take(Kind::Pipe, 1)?,
                ',' => self.take(Kind::Comma, 1)?,
                '"' | '\'' => self.quoted(letter)?,
                '`' => self.raw()?,
                '(' => {
                    self.parens.push(Span::new(self.at, self.at + 1));
                    self.take(Kind::LeftParen, 1)?;
                }
                ')' => {
                    if self.parens.pop().is_none() {
                        return Err(self.wrong(1, "unexpected right paren"));
                    }
                    self.take(Kind::RightParen, 1)?;
                }
                '$' => self.name(Kind::Variable, 1)?,
                '.' if !digit_after_dot(rest) => self.name(Kind::Field, 1)?,
                '.' | '+' | '-' | '0'..='9' => self.number()?,
                letter if is_word(letter) => self.name(Kind::Word, 0)?,
                letter => {
                    let message = format!("unrecognized character in action: {letter:?}");
                    return Err(self.wrong(letter.len_utf8(), message));
                }
            }
        }
    }

    fn wrong(&self, length: usize, message: impl Into<String>) -> RenderError {
        RenderError::new(message).at(Span::new(self.at, self.at + length))
    }

    /// Spaces, but for the one that belongs to ` -}}`.
    fn spaces(&mut self) -> Result<(), RenderError> {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|(at, letter)| {
                !SPACES.contains(letter) || closes(rest.get(*at..).unwrap_or_default()).is_some()
            })
            .map_or(rest.len(), |(at, _)| at);
        self.take(Kind::Space, length)
    }

    /// A word, a field or a variable: `sign` bytes, then letters, digits and `_`.
    fn name(&mut self, kind: Kind, sign: usize) -> Result<(), RenderError> {
        let rest = self.rest();
        let named = rest.get(sign..).unwrap_or_default();
        let letters = named.find(|letter| !is_word(letter)).unwrap_or(named.len());
        let after = named.get(letters..).unwrap_or_default();
        if let Some(letter) = after.chars().next().filter(|_| !ends_word(after)) {
            self.at += sign + letters;
            return Err(self.wrong(letter.len_utf8(), format!("bad character {letter:?}")));
        }
        let kind = if kind == Kind::Field && letters == 0 {
            Kind::Dot
        } else {
            kind
        };
        self.take(kind, sign + letters)
    }

    fn number(&mut self) -> Result<(), RenderError> {
        let rest = self.rest();
        let length = number_length(rest);
        let after = rest.get(length..).unwrap_or_default();
        if length == 0 || after.starts_with(is_word) {
            let end = rest
                .find(|letter: char| !is_word(letter) && !matches!(letter, '+' | '-' | '.'))
                .unwrap_or(rest.len());
            let shown = rest.get(..end).unwrap_or_default();
            return Err(self.wrong(end, format!("bad number syntax: {shown:?}")));
        }
        self.take(Kind::Number, length)
    }

    fn quoted(&mut self, quote: char) -> Result<(), RenderError> {
        let (kind, what) = if quote == '"' {
            (Kind::Quoted, "unterminated quoted string")
        } else {
            (Kind::Character, "unterminated character constant")
        };
        let mut escaped = false;
        for (at, letter) in self.rest().char_indices().skip(1) {
            match letter {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                letter if letter == quote => return self.take(kind, at + 1),
                _ => {}
            }
        }
        Err(self.wrong(1, what).hint(format!("a `{quote}` is not closed")))
    }

    fn raw(&mut self) -> Result<(), RenderError> {
        match self.rest().get(1..).and_then(|inside| inside.find('`')) {
            Some(length) => self.take(Kind::Raw, length + 2),
            None => Err(self
                .wrong(1, "unterminated raw quoted string")
                .hint("a backtick is not closed")),
        }
    }
}

/// `}}` or ` -}}`: its length, and whether it trims.
fn closes(rest: &str) -> Option<(usize, bool)> {
    if rest.starts_with("}}") {
        return Some((2, false));
    }
    let trims = rest.starts_with(SPACES) && rest.get(1..)?.starts_with("-}}");
    trims.then_some((4, true))
}

fn is_word(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric()
}

fn ends_word(after: &str) -> bool {
    after.starts_with(SPACES) || after.starts_with(['.', ',', '|', ':', ')', '(']) || after.starts_with("}}")
}

fn digit_after_dot(rest: &str) -> bool {
    rest.get(1..)
        .is_some_and(|after| after.starts_with(|digit: char| digit.is_ascii_digit()))
}

/// How far a number goes: sign, base, digits with `_`, fraction, exponent.
fn number_length(rest: &str) -> usize {
    let mut bytes = rest.bytes().enumerate().peekable();
    let _ = bytes.next_if(|(_, byte)| matches!(byte, b'+' | b'-'));
    let mut base = 10;
    let mut first = true;
    let mut fraction = false;
    let mut exponent = false;
    while let Some(&(at, byte)) = bytes.peek() {
        let digit = match byte {
            b'_' => true,
            b'.' if !fraction && !exponent => {
                fraction = true;
                true
            }
            b'e' | b'E' if base == 10 && !first && !exponent => {
                exponent = true;
                true
            }
            b'p' | b'P' if base == 16 && !exponent => {
                exponent = true;
                base = 10;
                true
            }
            b'+' | b'-' => {
                exponent
                    && matches!(
                        rest.as_bytes().get(at.wrapping_sub(1)),
                        Some(b'e' | b'E' | b'p' | b'P')
                    )
            }
            b'x' | b'X' | b'o' | b'O' | b'b' | b'B' if second_after_zero(rest, at) && !exponent => {
                base = match byte {
                    b'x' | b'X' => 16,
                    b'o' | b'O' => 8,
                    _ => 2,
                };
                true
            }
            byte => char::from(byte).is_digit(base),
        };
        if !digit {
            return at;
        }
        first = false;
        bytes.next();
    }
    rest.len()
}

/// Whether `at` is the letter of `0x`, a sign before it or not.
fn second_after_zero(rest: &str, at: usize) -> bool {
    let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    unsigned.starts_with('0') && at + unsigned.len() == rest.len() + 1
}
