//! `kilnbox fmt`: JSON in one layout, which is that of `packer fix` and of most tools: two spaces, one member a line.
//!
//! Only white space changes. Order, keys, and the spelling of numbers and texts are what was written; nothing that
//! the file says can be lost.

use jsonc_parser::{
    CollectOptions,
    ast::{ObjectProp, ObjectPropName, Value},
    common::Ranged,
    parse_to_ast,
};

use crate::{
    Diagnostics, Source,
    json::{self, Repeats},
};

const INDENT: &str = "  ";

/// The text of a JSON file in the one layout, with a line end at its end.
pub fn format(source: &Source) -> Result<String, Diagnostics> {
    // Reports what is wrong with the syntax; a key that stands twice stays twice.
    let (_, problems) = json::read(source, Repeats::LastWins);
    problems.or(())?;
    let mut text = String::with_capacity(source.text.len());
    if let Ok(parsed) = parse_to_ast(&source.text, &CollectOptions::default(), &json::STRICT)
        && let Some(root) = &parsed.value
    {
        value(root, &source.text, 0, &mut text);
        text.push('\n');
    }
    Ok(text)
}

fn value(value: &Value<'_>, source: &str, depth: usize, text: &mut String) {
    match value {
        Value::Array(array) => {
            let item = |item: &Value<'_>, text: &mut String| self::value(item, source, depth + 1, text);
            list(['[', ']'], &array.elements, item, depth, text);
        }
        Value::Object(object) => {
            let item = |property: &ObjectProp<'_>, text: &mut String| {
                member(property, source, depth + 1, text);
            };
            list(['{', '}'], &object.properties, item, depth, text);
        }
        literal => text.push_str(written(literal, source)),
    }
}

fn member(property: &ObjectProp<'_>, source: &str, depth: usize, text: &mut String) {
    text.push_str(match &property.name {
        ObjectPropName::String(name) => written(name, source),
        ObjectPropName::Word(name) => written(name, source),
    });
    text.push_str(": ");
    value(&property.value, source, depth, text);
}

fn list<T>(
    [open, close]: [char; 2],
    items: &[T],
    item: impl Fn(&T, &mut String),
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    for (index, one) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        new_line(depth + 1, text);
        item(one, text);
    }
    if !items.is_empty() {
        new_line(depth, text);
    }
    text.push(close);
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    for _ in 0..depth {
        text.push_str(INDENT);
    }
}

fn written<'s>(literal: &impl Ranged, source: &'s str) -> &'s str {
    let range = literal.range();
    source.get(range.start..range.end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(text: &str) -> String {
        format(&Source::new("t.json", text)).unwrap()
    }

    #[test]
    fn the_layout() {
        let text =
            "{\"_c\":\"k\\u0065pt\",\r\n\"a\":[ ],\"b\":{\n},\"c\":[1.50,-0,1e+3,12345678901234567890],
                    \"d\":[{\"e\":null,\"e\":true},[false]]}";
        let once = formatted(text);
        insta::assert_snapshot!(once, @r#"
        {
          "_c": "k\u0065pt",
          "a": [],
          "b": {},
          "c": [
            1.50,
            -0,
            1e+3,
            12345678901234567890
          ],
          "d": [
            {
              "e": null,
              "e": true
            },
            [
              false
            ]
          ]
        }
        "#);
        assert_eq!(formatted(&once), once, "a second time changes nothing");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{} {}", "// c\n{}", "{'a': 1}", "[1,]"] {
            assert!(format(&Source::new("t.json", text)).is_err(), "{text}");
        }
    }
}
