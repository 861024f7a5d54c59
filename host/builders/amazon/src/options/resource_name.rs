//! Names that EC2 takes for an image.

/// A name with a dash in place of each character that EC2 does not take: the template function `clean_resource_name`.
pub(crate) fn clean_resource_name(name: &str) -> String {
    name.chars()
        .map(|letter| if allowed(letter) { letter } else { '-' })
        .collect()
}

fn allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || " ()[]./-'@_".contains(letter)
}
