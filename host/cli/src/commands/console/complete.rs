//! What the Tab key offers in the console: variables, functions, and the console's own words.

use rustyline::{
    Context, Helper,
    completion::{Completer, Pair},
    highlight::Highlighter,
    hint::Hinter,
    validate::Validator,
};

/// Everything that can be offered.
pub(super) struct Words(Vec<String>);

impl Words {
    /// Each once, sorted.
    pub(super) fn new(words: impl IntoIterator<Item = String>) -> Self {
        let mut words: Vec<String> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    /// Where the word before the cursor begins, and the words that begin like it.
    fn like(&self, line: &str, cursor: usize) -> (usize, impl Iterator<Item = &str>) {
        let before = line.get(..cursor).unwrap_or(line);
        let start = before
            .rfind(|letter: char| !(letter.is_alphanumeric() || "_-".contains(letter)))
            .map_or(0, |at| {
                at + before
                    .get(at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(1, char::len_utf8)
            });
        let begun = before.get(start..).unwrap_or_default().to_owned();
        let words = self.0.iter().map(String::as_str);
        (start, words.filter(move |word| word.starts_with(&begun)))
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, words) = self.like(line, cursor);
        let pair = |word: &str| Pair {
            display: word.to_owned(),
            replacement: word.to_owned(),
        };
        Ok((start, words.map(pair).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_before_the_cursor_is_completed() {
        let words = Words::new(["user", "upper", "my-name", "user"].map(str::to_owned));
        for (line, expected) in [
            ("{{us", (2, vec!["user"])),
            ("{{u", (2, vec!["upper", "user"])),
            ("{{user `my-", (8, vec!["my-name"])),
            ("é my", (3, vec!["my-name"])),
            ("{{zz", (2, vec![])),
        ] {
            let (start, found) = words.like(line, line.len());
            assert_eq!((start, found.collect::<Vec<_>>()), expected, "{line}");
        }
    }
}
