//! Runs a [`Program`].

use super::{
    Budget, Value,
    ast::{Branch, Command, Node, Pipeline, Program, Term, TermKind, Word},
    builtins,
};
use crate::{RenderError, Span};

/// The functions a text may call beside those of Go.
pub(crate) trait Functions {
    /// Calls one, with what came through the pipe as the last argument.
    fn call(&mut self, name: &str, args: &[Value], budget: &mut Budget) -> Result<Value, RenderError>;

    /// Why a field has no value, where there is no data at all.
    fn no_data(&self, field: &str) -> RenderError;
}

/// What a program makes of `data`.
pub(crate) fn run(
    program: &Program,
    data: Value,
    functions: &mut dyn Functions,
    budget: &mut Budget,
) -> Result<String, RenderError> {
    let mut run = Run {
        program,
        functions,
        budget,
        variables: vec![("$", data.clone())],
        output: String::new(),
    };
    run.list(&program.nodes, &data)?;
    Ok(run.output)
}

struct Run<'p, 'f> {
    program: &'p Program,
    functions: &'f mut dyn Functions,
    budget: &'f mut Budget,
    /// Innermost last.
    variables: Vec<(&'p str, Value)>,
    output: String,
}

/// Where to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Break,
    Continue,
}

impl<'p> Run<'p, '_> {
    fn list(&mut self, nodes: &'p [Node], dot: &Value) -> Result<Flow, RenderError> {
        for node in nodes {
            let flow = match node {
                Node::Text(text) => {
                    self.write(text)?;
                    Flow::On
                }
                Node::Action(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    if pipeline.sets.is_empty() {
                        self.print(&value).map_err(|error| error.at(pipeline.at))?;
                    }
                    Flow::On
                }
                Node::Branch(branch) => {
                    let at = branch.pipeline.at;
                    self.budget.enter().map_err(|error| error.at(at))?;
                    let known = self.variables.len();
                    let flow = self.branch(branch, dot)?;
                    self.variables.truncate(known);
                    self.budget.leave();
                    flow
                }
                Node::Template { name, data, at } => {
                    self.template(name, data.as_ref(), *at, dot)?;
                    Flow::On
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn write(&mut self, text: &str) -> Result<(), RenderError> {
        self.budget.step()?;
        self.budget.produce(text.len())?;
        self.output.push_str(text);
        Ok(())
    }

    fn print(&mut self, value: &Value) -> Result<(), RenderError> {
        match value {
            Value::Nil => self.write("<no value>"),
            Value::Text(text) => self.write(text),
            other => {
                self.budget.read(other.weight())?;
                self.write(&other.show())
            }
        }
    }

    fn branch(&mut self, branch: &'p Branch, dot: &Value) -> Result<Flow, RenderError> {
        if branch.word == Word::Range {
            return self.range(branch, dot);
        }
        let value = self.pipeline(&branch.pipeline, dot)?;
        match (value.truth(), branch.word) {
            (true, Word::With) => self.list(&branch.then, &value),
            (true, _) => self.list(&branch.then, dot),
            (false, _) => self.list(&branch.otherwise, dot),
        }
    }

    fn range(&mut self, branch: &'p Branch, dot: &Value) -> Result<Flow, RenderError> {
        let pipeline = &branch.pipeline;
        let value = self.commands(pipeline, dot)?;
        let mut turns = match self.turns(&value, pipeline) {
            Ok(turns) => turns.peekable(),
            Err(error) => return Err(error.at(pipeline.at)),
        };
        if turns.peek().is_none() {
            return self.list(&branch.otherwise, dot);
        }
        let known = self.variables.len();
        for (key, item) in turns {
            self.budget.step().map_err(|error| error.at(pipeline.at))?;
            match pipeline.sets.as_slice() {
                [first, second] => {
                    self.set(pipeline, first, key)?;
                    self.set(pipeline, second, item.clone())?;
                }
                [only] => self.set(pipeline, only, item.clone())?,
                _ => {}
            }
            let flow = self.list(&branch.then, &item)?;
            self.variables.truncate(known);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// Keys and items, in order.
    fn turns(
        &self,
        value: &Value,
        pipeline: &Pipeline,
    ) -> Result<Box<dyn Iterator<Item = (Value, Value)>>, RenderError> {
        match value.clone() {
            Value::Nil => Ok(Box::new(std::iter::empty())),
            Value::Int(count) if pipeline.sets.len() > 1 => Err(RenderError::new(format!(
                "can't use {count} to iterate over more than one variable"
            ))),
            Value::Int(count) => Ok(Box::new((0..count).map(|at| (Value::Int(at), Value::Int(at))))),
            Value::Map(entries) => {
                let entries: Vec<(Value, Value)> = entries
                    .iter()
                    .map(|(key, value)| (Value::text(key.as_str()), value.clone()))
                    .collect();
                Ok(Box::new(entries.into_iter()))
            }
            other => Err(RenderError::new(format!(
                "range can't iterate over {}",
                other.show()
            ))),
        }
    }

    fn template(
        &mut self,
        name: &str,
        data: Option<&'p Pipeline>,
        at: Span,
        dot: &Value,
    ) -> Result<(), RenderError> {
        let program = self.program;
        let Some(nodes) = program.templates.get(name) else {
            return Err(RenderError::new(format!("template {name:?} not defined")).at(at));
        };
        let data = match data {
            Some(pipeline) => self.pipeline(pipeline, dot)?,
            None => Value::Nil,
        };
        self.budget.enter().map_err(|error| error.at(at))?;
        let around = std::mem::replace(&mut self.variables, vec![("$", data.clone())]);
        self.list(nodes, &data)?;
        self.variables = around;
        self.budget.leave();
        Ok(())
    }

    /// The value of a pipeline, whose variable is set.
    fn pipeline(&mut self, pipeline: &'p Pipeline, dot: &Value) -> Result<Value, RenderError> {
        let value = self.commands(pipeline, dot)?;
        for name in &pipeline.sets {
            self.set(pipeline, name, value.clone())?;
        }
        Ok(value)
    }

    fn set(&mut self, pipeline: &'p Pipeline, name: &'p str, value: Value) -> Result<(), RenderError> {
        if !pipeline.assigns {
            self.variables.push((name, value));
            return Ok(());
        }
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                *known = value;
                Ok(())
            }
            None => Err(RenderError::new(format!("undefined variable {name:?}")).at(pipeline.at)),
        }
    }

    fn commands(&mut self, pipeline: &'p Pipeline, dot: &Value) -> Result<Value, RenderError> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, value, dot)?);
        }
        Ok(value.unwrap_or_default())
    }

    fn command(
        &mut self,
        command: &'p Command,
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, RenderError> {
        self.budget.step().map_err(|error| error.at(command.at))?;
        let Some((first, rest)) = command.terms.split_first() else {
            return Ok(Value::Nil);
        };
        if let TermKind::Function(name) = &first.kind
            && first.fields.is_empty()
        {
            return self.call(name, rest, piped, command.at, dot);
        }
        if !rest.is_empty() || piped.is_some() {
            return Err(RenderError::new("can't give argument to non-function")
                .hint("a function takes arguments, a value does not")
                .at(first.at));
        }
        if matches!(first.kind, TermKind::Nil) {
            return Err(RenderError::new("nil is not a command").at(first.at));
        }
        self.term(first, dot)
    }

    fn call(
        &mut self,
        name: &str,
        terms: &'p [Term],
        piped: Option<Value>,
        at: Span,
        dot: &Value,
    ) -> Result<Value, RenderError> {
        if matches!(name, "and" | "or") {
            return self.decide(name, terms, piped, at, dot);
        }
        let mut args = Vec::with_capacity(terms.len() + 1);
        for term in terms {
            args.push(self.term(term, dot)?);
        }
        args.extend(piped);
        let weight = args.iter().map(Value::weight).sum();
        self.budget
            .read(weight)
            .and_then(|()| match builtins::call(name, &args, self.budget) {
                Some(answer) => answer,
                None => self.functions.call(name, &args, self.budget),
            })
            .map_err(|error| error.at(at))
    }

    /// `and` and `or` look at an argument only if those before it did not decide.
    fn decide(
        &mut self,
        name: &str,
        terms: &'p [Term],
        piped: Option<Value>,
        at: Span,
        dot: &Value,
    ) -> Result<Value, RenderError> {
        let stops = |value: &Value| value.truth() == (name == "or");
        let mut last = None;
        for term in terms {
            let value = self.term(term, dot)?;
            if stops(&value) {
                return Ok(value);
            }
            last = Some(value);
        }
        piped.or(last).ok_or_else(|| {
            RenderError::new(format!("wrong number of args for {name}: want at least 1 got 0")).at(at)
        })
    }

    fn term(&mut self, term: &'p Term, dot: &Value) -> Result<Value, RenderError> {
        let value = match &term.kind {
            TermKind::Dot => dot.clone(),
            TermKind::Nil => Value::Nil,
            TermKind::Literal(value) => value.clone(),
            TermKind::Variable(name) => self
                .variables
                .iter()
                .rev()
                .find(|(known, _)| *known == name.as_ref())
                .map(|(_, value)| value.clone())
                .ok_or_else(|| RenderError::new(format!("undefined variable {name:?}")).at(term.at))?,
            TermKind::Function(name) => self.call(name, &[], None, term.at, dot)?,
            TermKind::Pipeline(pipeline) => {
                self.budget.enter().map_err(|error| error.at(term.at))?;
                let value = self.pipeline(pipeline, dot)?;
                self.budget.leave();
                value
            }
        };
        term.fields
            .iter()
            .try_fold(value, |value, field| self.field(&value, field))
            .map_err(|error| error.at(term.at))
    }

    fn field(&self, value: &Value, field: &str) -> Result<Value, RenderError> {
        match value {
            Value::Map(entries) => Ok(entries.get(field).cloned().unwrap_or_default()),
            Value::Nil if matches!(self.variables.first(), Some((_, Value::Nil))) => {
                Err(self.functions.no_data(field))
            }
            Value::Nil => Ok(Value::Nil),
            other => Err(RenderError::new(format!(
                "can't evaluate field {field} in type {}",
                other.type_name()
            ))),
        }
    }
}
