//! Secrets that live elsewhere. They are fetched through [`crate::SecretSource`], in variables only, and are sensitive.

use serde_json::{Map, Value as Json};

use super::{Answer, Args, Frame};
use crate::{RenderError, render::Purpose, text_template::Value};

const INSTEAD: &str = "give the value with `-var` or `-var-file`, or through `{{env}}`";

/// Stores that Kilnbox does not ask.
pub(super) fn refused(name: &str) -> RenderError {
    RenderError::new(format!("template function `{name}` is not supported")).hint(INSTEAD)
}

impl Frame<'_> {
    /// A value of a secret of AWS: of its only key, or of the key that is named; a secret that is no JSON object whole.
    pub(super) fn secret(&mut self, args: &Args<'_>) -> Answer {
        let key = match args.list {
            [] => return Err(RenderError::new("at least one secret name must be provided")),
            [_] => None,
            [_, _] => Some(args.text(1)?).filter(|key| !key.is_empty()),
            many => {
                let few = "only secret name and optional secret key can be provided";
                return Err(RenderError::new(format!("{few}, got {} arguments", many.len())));
            }
        };
        let name = args.text(0)?;
        let secret = self.fetch(args.name, name)?;
        let value = choose(name, &secret, key)?;
        self.keep(&value);
        Ok(Value::text(value))
    }

    /// A secret of AWS as it is stored.
    pub(super) fn raw_secret(&mut self, args: &Args<'_>) -> Answer {
        let [name] = args.texts()?;
        let secret = self.fetch(args.name, name)?;
        self.keep(&secret);
        Ok(Value::text(secret))
    }

    fn fetch(&self, function: &str, name: &str) -> Result<String, RenderError> {
        let world = self.world();
        if matches!(world.purpose, Purpose::Options { .. }) {
            return Err(RenderError::new(format!("`{function}` is not allowed here")).hint(format!(
                "declare a variable with the default \"{{{{{function} `{name}`}}}}\" and use `{{{{user}}}}` here"
            )));
        }
        let Some(source) = &world.inputs.secrets else {
            let missing = format!("template function `{function}` has no connection to AWS here");
            return Err(RenderError::new(missing).hint(INSTEAD));
        };
        source
            .aws_secret(name)
            .map_err(|error| RenderError::new(format!("secret `{name}`: {error}")))
    }

    /// What was fetched is secret whether or not the template says so.
    fn keep(&mut self, value: &str) {
        self.told.sensitive = true;
        if let Purpose::Variables(pending) = &self.world().purpose {
            pending.keep_secret(value);
        }
    }
}

fn choose(name: &str, secret: &str, key: Option<&str>) -> Result<String, RenderError> {
    let Ok(entries) = serde_json::from_str::<Map<String, Json>>(secret) else {
        return Ok(secret.to_owned());
    };
    let value = match (key, entries.len()) {
        (Some(key), _) => entries.get(key).ok_or_else(|| {
            // Names of keys may be shown, values never.
            let known: Vec<&str> = entries.keys().map(String::as_str).collect();
            RenderError::new(format!("secret `{name}` has no key `{key}`"))
                .hint(format!("its keys are: {}", known.join(", ")))
        })?,
        (None, 1) => entries.values().next().unwrap_or(&Json::Null),
        (None, _) => {
            return Err(RenderError::new("Secret has multiple values and no key was set")
                .hint(format!("name one: `{{{{aws_secretsmanager `{name}` `key`}}}}`")));
        }
    };
    match value {
        Json::String(text) => Ok(text.clone()),
        // As Packer: numbers without a fraction.
        Json::Number(number) => Ok(format!("{:.0}", number.as_f64().unwrap_or_default())),
        _ => Err(RenderError::new(format!(
            "secret `{name}` holds neither a text nor a number"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_a_secret() {
        for (secret, key, expected) in [
            ("plain", None, Ok("plain")),
            ("plain", Some("k"), Ok("plain")),
            (r#"{"k": "v"}"#, None, Ok("v")),
            (r#"{"k": "v", "l": 12345678901}"#, Some("l"), Ok("12345678901")),
            (
                r#"{"k": "v", "l": "w"}"#,
                None,
                Err("Secret has multiple values and no key was set"),
            ),
            (r#"{"k": "v"}"#, Some("x"), Err("secret `s` has no key `x`")),
            (
                r#"{"k": [1]}"#,
                None,
                Err("secret `s` holds neither a text nor a number"),
            ),
        ] {
            let value = choose("s", secret, key);
            let value = value.as_deref().map_err(|error| error.message.as_str());
            assert_eq!(value, expected, "{secret} {key:?}");
        }
    }
}
