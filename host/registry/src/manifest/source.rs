//! `source` and `sha256`: where the bytes of a plugin are.

use std::{ops::Range, path::PathBuf};

use reqwest::Url;

use super::{FILE_NAME, Problem, Reading, Value};
use crate::{
    Digest,
    plugin::{Repository, Source},
};

/// A source as it was written, before its digest is known.
pub(super) enum Written {
    File(PathBuf),
    Https { url: String, at: Range<usize> },
    Oci(Repository),
}

impl Reading<'_> {
    pub(super) fn source(&mut self, value: &Value<'_>) -> Option<Written> {
        let text = self.string(value, "`source`")?;
        let read = match text.split_once(':') {
            Some(("file", path)) => file(path),
            Some(("https", _)) => https(text, value.span()),
            Some(("oci", rest)) => oci(rest),
            Some(("http", _)) => Err((
                "`http:` is open to everybody on the way".to_owned(),
                "use `https:`".to_owned(),
            )),
            Some((scheme, _)) if is_scheme(scheme) => Err((
                format!("unknown scheme `{scheme}:`"),
                "this version knows `file:`, `https:` and `oci:`".to_owned(),
            )),
            _ => Err((
                "`source` needs a scheme".to_owned(),
                format!("write `file:{text}`"),
            )),
        };
        match read {
            Ok(written) => Some(written),
            Err((message, hint)) => {
                self.problems.push(Problem::new(value.span(), message).hint(hint));
                None
            }
        }
    }

    pub(super) fn sha256(&mut self, value: &Value<'_>) -> Option<(Digest, Range<usize>)> {
        let text = self.string(value, "`sha256`")?;
        match Digest::parse(text) {
            Ok(digest) => Some((digest, value.span())),
            Err(error) => {
                let problem = Problem::new(value.span(), error.to_string());
                self.problems.push(problem.hint("`sha256sum FILE` prints it"));
                None
            }
        }
    }

    /// An address says nothing of what is there tomorrow, so `https:` needs a digest. The others must not have one: it
    /// would look as if it were heeded.
    pub(super) fn with_digest(
        &mut self,
        written: Written,
        sha256: Option<(Digest, Range<usize>)>,
    ) -> Option<Source> {
        let problem = match (written, sha256) {
            (Written::Https { url, .. }, Some((sha256, _))) => return Some(Source::Https { url, sha256 }),
            (Written::File(path), None) => return Some(Source::File(path)),
            (Written::Oci(repository), None) => return Some(Source::Oci(repository)),
            (Written::Https { at, .. }, None) => Problem::new(at, "a source of the web needs its digest")
                .hint("add `sha256 = \"…\"`, as the plugin's author publishes it"),
            (_, Some((_, at))) => Problem::new(at, "`sha256` belongs to sources of the web").hint(format!(
                "leave it out: kilnbox.lock, beside {FILE_NAME}, keeps the digest"
            )),
        };
        self.problems.push(problem);
        None
    }
}

type Read = Result<Written, (String, String)>;

fn file(path: &str) -> Read {
    let example = "such as `file:plugins/NAME.wasm`";
    // `file:///x` is the absolute path `/x`; `file://host/x` names another machine.
    match path.strip_prefix("//") {
        None if path.is_empty() => Err(("`file:` without a path".to_owned(), example.to_owned())),
        None => Ok(Written::File(path.into())),
        Some(absolute) if absolute.starts_with('/') => Ok(Written::File(absolute.into())),
        Some(_) => Err((
            "`file://` must be followed by an absolute path".to_owned(),
            format!("write `file:` and a path relative to {FILE_NAME}, {example}"),
        )),
    }
}

fn https(text: &str, at: Range<usize>) -> Read {
    let url = Url::parse(text).map_err(|error| {
        (
            format!("no address of the web: {error}"),
            "such as `https://example.com/plugins/NAME.wasm`".to_owned(),
        )
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err((
            "a name or a password in an address is open to all who read this file".to_owned(),
            "leave it out; a registry (`oci:`) takes the credentials of `docker login`".to_owned(),
        ));
    }
    Ok(Written::Https { url: url.into(), at })
}

fn oci(rest: &str) -> Read {
    let hint = || "such as `oci://ghcr.io/acme/hardening`".to_owned();
    let text = rest
        .strip_prefix("//")
        .ok_or_else(|| ("`oci:` must be followed by `//`".to_owned(), hint()))?;
    match Repository::parse(text) {
        Ok((repository, None)) => Ok(Written::Oci(repository)),
        Ok((_, Some(tag))) => Err((
            "a tag does not belong into `source`".to_owned(),
            format!("write `version = \"={tag}\"`, or a range such as `^1.2`"),
        )),
        Err(reason) => Err((format!("no repository of a registry: {reason}"), hint())),
    }
}

/// A scheme as RFC 3986 §3.1 has it, of at least two letters, so that `C:\x` is none.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::project::tests::VOCABULARY;

    fn source(text: &str) -> Result<Option<Source>, String> {
        parse(&format!("[plugins.a]\n{text}"), &VOCABULARY)
            .map(|plugins| plugins[0].source.clone())
            .map_err(|problems| {
                let lines = problems
                    .into_iter()
                    .map(|problem| format!("{}; {}", problem.message, problem.hint.unwrap_or_default()));
                lines.collect::<Vec<_>>().join("\n")
            })
    }

    #[test]
    fn files() {
        let file = |path: &str| Ok(Some(Source::File(path.into())));
        assert_eq!(source("source = \"file:a.wasm\""), file("a.wasm"));
        assert_eq!(source("source = \"file:/opt/a.wasm\""), file("/opt/a.wasm"));
        assert_eq!(source("source = \"file:///opt/a.wasm\""), file("/opt/a.wasm"));
    }

    #[test]
    fn the_web_and_registries() {
        let sha256 = Digest::of(b"");
        assert_eq!(
            source(&format!(
                "source = \"https://example.com/a.wasm\"\nsha256 = \"{sha256}\""
            )),
            Ok(Some(Source::Https {
                url: "https://example.com/a.wasm".to_owned(),
                sha256
            }))
        );
        assert_eq!(
            source("source = \"oci://ghcr.io/acme/a\"").map(|source| source.unwrap().to_string()),
            Ok("oci://ghcr.io/acme/a".to_owned())
        );
    }

    #[test]
    fn refused() {
        let refusals: Vec<String> = [
            "source = \"file:\"",
            "source = \"file://host/a.wasm\"",
            "source = \"a.wasm\"",
            "source = \"http://example.com/a.wasm\"",
            "source = \"https://example.com/a.wasm\"",
            "source = \"https://me:secret@example.com/a.wasm\"\nsha256 = \"00\"",
            "source = \"https:\"",
            "source = \"file:a.wasm\"\nsha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
            "source = \"oci:ghcr.io/a\"",
            "source = \"oci://acme/a\"",
            "source = \"oci://ghcr.io/acme/a:1.2\"",
        ]
        .into_iter()
        .map(|text| format!("{text}\n    {}", source(text).unwrap_err().replace('\n', "\n    ")))
        .collect();
        insta::assert_snapshot!(refusals.join("\n"));
    }
}
