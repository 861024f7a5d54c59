//! Finds base64 and hex that a tool broke into lines.
//!
//! `base64` breaks after 76 characters, `openssl` after 64, `xxd -p` after 60, and a key file is longer than that. Each
//! line then comes alone and is no form of the secret. A line counts as a part of one if it is one from end to end, or
//! begins or ends with as much of one as is left.

use std::collections::{BTreeSet, HashMap};

use crate::limits;

/// Shorter beginnings and ends of lines are not looked at: they would be found in texts that have nothing to do with it.
const LEAST: usize = 12;

/// The forms that tools break, all ASCII.
#[derive(Default)]
pub(super) struct Wrapped {
    forms: Vec<Vec<u8>>,
    /// Where each run of [`LEAST`] characters stands: form and offset.
    windows: HashMap<[u8; LEAST], Vec<(usize, usize)>>,
    /// Last lines that are shorter than that.
    tails: BTreeSet<Vec<u8>>,
}

impl Wrapped {
    pub(super) fn add(&mut self, forms: BTreeSet<String>) {
        for form in forms {
            let form = form.into_bytes();
            if form.len() <= LEAST || self.forms.contains(&form) {
                continue;
            }
            for (offset, window) in form.windows(LEAST).enumerate() {
                if let Ok(window) = window.try_into() {
                    let places: &mut Vec<_> = self.windows.entry(window).or_default();
                    places.push((self.forms.len(), offset));
                }
            }
            for length in limits::SECRET_MIN..LEAST {
                self.tails.extend(
                    form.len()
                        .checked_sub(length)
                        .and_then(|at| form.get(at..))
                        .map(<[u8]>::to_vec),
                );
            }
            self.forms.push(form);
        }
    }

    /// Adds the ranges of `text` that are parts of a form.
    pub(super) fn find(&self, text: &str, finds: &mut Vec<(usize, usize)>) {
        if self.forms.is_empty() {
            return;
        }
        let mut begin = 0;
        for whole in text.split('\n') {
            let line = whole.trim_ascii();
            let start = begin + (whole.len() - whole.trim_ascii_start().len());
            begin += whole.len() + 1;
            let line = line.as_bytes();
            if self.tails.contains(line) {
                finds.push((start, start + line.len()));
            }
            if let Some(length) = self.head(line) {
                finds.push((start, start + length));
            }
            if let Some(length) = self.tail(line) {
                finds.push((start + line.len() - length, start + line.len()));
            }
        }
    }

    /// How much of the line's beginning goes on to the line's or the form's end.
    fn head(&self, line: &[u8]) -> Option<usize> {
        let places = self.windows.get(line.first_chunk::<LEAST>()?)?;
        let reach = |(form, offset): &(usize, usize)| {
            let rest = self.forms.get(*form)?.get(*offset..)?;
            let same = rest.iter().zip(line).take_while(|(a, b)| a == b).count();
            (same == rest.len() || same == line.len()).then_some(same)
        };
        places.iter().take(MOST).filter_map(reach).max()
    }

    /// How much of the line's end began at the line's or the form's beginning.
    fn tail(&self, line: &[u8]) -> Option<usize> {
        let places = self.windows.get(line.last_chunk::<LEAST>()?)?;
        let reach = |(form, offset): &(usize, usize)| {
            let before = self.forms.get(*form)?.get(..offset + LEAST)?;
            let same = before
                .iter()
                .rev()
                .zip(line.iter().rev())
                .take_while(|(a, b)| a == b)
                .count();
            (same == before.len() || same == line.len()).then_some(same)
        };
        places.iter().take(MOST).filter_map(reach).max()
    }
}

/// Places of one window that are looked at; only a secret that repeats itself has more.
const MOST: usize = 64;
