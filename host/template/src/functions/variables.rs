//! `user` and `env`: what the user of a template says.

use super::{Answer, Args, Frame};
use crate::{
    RenderError, limits,
    render::Purpose,
    text_template::{Budget, Value},
};

impl Frame<'_> {
    /// The value of a variable. In options it is itself template text, and sees the option's data.
    pub(super) fn user(&mut self, args: &Args<'_>, budget: &mut Budget) -> Answer {
        let [name] = args.texts()?;
        // Paid before it is copied.
        budget.read(self.length_of(name))?;
        let rendered = match &self.world().purpose {
            Purpose::Variables(pending) => pending.render(name, &mut self.around.chain, budget)?,
            Purpose::Options { variables, sensitive } => {
                let Some(value) = variables.get(name) else {
                    self.undefined(name);
                    return Ok(Value::text(""));
                };
                if self.around.chain.iter().any(|asked| asked == name) {
                    return Err(RenderError::new(format!("variable `{name}` brings in itself")));
                }
                if self.around.chain.len() >= limits::CHAIN {
                    return Err(RenderError::long_chain());
                }
                self.told.sensitive |= sensitive.contains(name);
                budget.enter()?;
                self.around.chain.push(name.to_owned());
                let rendered = self.renderer.expand(value, self.around, budget);
                self.around.chain.pop();
                budget.leave();
                // The place is one in the variable's text; the caller adds that of the call.
                rendered.map_err(RenderError::elsewhere)?
            }
        };
        self.told.sensitive |= rendered.marks.sensitive;
        self.told.deferred |= rendered.marks.deferred;
        for name in &rendered.undefined {
            self.undefined(name);
        }
        Ok(Value::text(rendered.text))
    }

    /// How long the text of a variable is.
    fn length_of(&self, name: &str) -> usize {
        match &self.world().purpose {
            Purpose::Variables(pending) => pending.length_of(name),
            Purpose::Options { variables, .. } => variables.get(name).map_or(0, String::len),
        }
    }

    /// A variable of the environment; one that is not set is empty, as in Packer.
    pub(super) fn env(&mut self, args: &Args<'_>) -> Answer {
        let [name] = args.texts()?;
        match &self.world().purpose {
            Purpose::Variables(_) => Ok(Value::text((self.world().inputs.env)(name).unwrap_or_default())),
            Purpose::Options { .. } => Err(RenderError::new("env vars are not allowed here").hint(format!(
                "declare a variable with the default \"{{{{env `{name}`}}}}\" and use `{{{{user}}}}` here"
            ))),
        }
    }
}
