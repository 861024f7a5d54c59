//! Types for options that the host must know about.
//!
//! Each writes its `format` into the schema: the host checks and resolves paths, leaves templates for the step to
//! render, and keeps secrets out of every text. All of them are the text as the user wrote it.

use std::{borrow::Cow, fmt, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

macro_rules! text_option {
    ($(#[$doc:meta])* $name:ident, $format:literal) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}

text_option! {
    /// A local file or folder to read, for [`crate::assets::open`].
    AssetPath, "asset-path"
}

text_option! {
    /// A local file to read, no folder, for [`crate::assets::open`].
    AssetFile, "asset-file"
}

text_option! {
    /// A local folder to read, no file, for [`crate::assets::open`].
    AssetDirectory, "asset-directory"
}

text_option! {
    /// A local file or folder to write, for [`crate::outputs::open`].
    OutputPath, "output-path"
}

text_option! {
    /// A local file to write whose path is a template, for [`crate::outputs::open_rendered`]. The text here is not
    /// rendered yet.
    OutputTemplate, "output-template"
}

text_option! {
    /// Local files to take into an artifact, with `*`, `?` and `[…]`, for [`crate::outputs::matching`].
    FilePattern, "file-pattern"
}

text_option! {
    /// A template that the step has rendered when its data is known, with [`crate::template::render`]. The text here
    /// is not rendered yet.
    RuntimeTemplate, "runtime-template"
}

text_option! {
    /// A value that is never shown. `Debug` does not show it either.
    Secret, "secret"
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

shown!(
    AssetDirectory,
    AssetFile,
    AssetPath,
    FilePattern,
    OutputPath,
    OutputTemplate,
    RuntimeTemplate
);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_marks_the_format() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only the schema is looked at")]
        struct Options {
            script: AssetPath,
            playbook: AssetFile,
            roles: Vec<AssetDirectory>,
            reports: Vec<OutputPath>,
            token: Option<Secret>,
        }
        let schema: serde_json::Value = serde_json::from_str(&crate::schema_of::<Options>()).unwrap();
        assert_eq!(schema["properties"]["script"]["format"], "asset-path");
        assert_eq!(schema["properties"]["playbook"]["format"], "asset-file");
        assert_eq!(
            schema["properties"]["roles"]["items"]["format"],
            "asset-directory"
        );
        assert_eq!(schema["properties"]["reports"]["items"]["format"], "output-path");
        assert_eq!(schema["properties"]["token"]["format"], "secret");
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(…)");
    }
}
