//! Names that EC2 takes for an image.

/// What is said of a name that EC2 does not take, in Packer's words.
pub(super) const RULE: &str = "AMIName should only contain alphanumeric characters, parentheses (()), square brackets \
    ([]), spaces ( ), periods (.), slashes (/), dashes (-), single quotes ('), at-signs (@), or underscores(_). You can \
    use the `clean_resource_name` template filter to automatically clean your ami name.";

/// A name with a dash in place of each character that EC2 does not take: the template function `clean_resource_name`.
pub(crate) fn clean_resource_name(name: &str) -> String {
    name.chars()
        .map(|letter| if allowed(letter) { letter } else { '-' })
        .collect()
}

fn allowed(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || " ()[]./-'@_".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ec2_does_not_take_becomes_a_dash() {
        let check = |name: &str, expect: &str| assert_eq!(clean_resource_name(name), expect);
        check("web 1.0 (test) [x]/a-b'c@d_e", "web 1.0 (test) [x]/a-b'c@d_e");
        check("2026-11-25T09:00:00Z", "2026-11-25T09-00-00Z");
        check("a+b#c", "a-b-c");
        check("größe", "gr--e");
        check("", "");
    }
}
