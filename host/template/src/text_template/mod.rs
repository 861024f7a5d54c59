//! Go's text/template, as Packer's templates use it, within a budget.
//!
//! A text becomes tokens, a [`Program`], and with data and functions a text again. What is wrong is told with its place
//! in the text, and unknown functions and variables, blocks that are not closed and the like are told before anything
//! runs, as in Go. The conformance table is `tests/conformance/interpolation.json`.
//!
//! It is our own because no crate was faithful and safe for text of strangers. `gtmpl` 0.7 lacks `html`, `js`, `slice`,
//! `%q` and short-circuit `and`, and panics on some texts. `gotmpl` 0.6 stops silently at a stray `{{end}}`, accepts a
//! block that is never closed, notices unknown functions only in the branch that runs, has no place for what goes
//! wrong while running, and follows templates that call one another twice, 60 deep, for years.
//!
//! Left out on purpose: lists, complex numbers, methods, channels, functions as values; no data of Packer's templates has
//! them, and no literal makes them.

mod ast;
mod budget;
mod builtins;
mod compare;
mod escape;
mod eval;
mod float;
mod lexer;
mod literal;
mod parser;
mod printf;
mod quote;
mod value;

pub(crate) use budget::Budget;
pub(crate) use builtins::{NAMES as BUILTINS, wrong_count, wrong_type};
pub(crate) use eval::{Functions, run};
pub(crate) use parser::parse;
pub(crate) use value::Value;
