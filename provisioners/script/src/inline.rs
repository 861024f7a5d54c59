//! A script made of the lines in `inline`.

/// The shebang of inline scripts when the user names none.
pub(crate) const SHEBANG: &str = "/bin/sh -e";

/// The text of the script. The default shebang is left out where the first line brings its own; an empty
/// `inline_shebang` means the default.
pub fn inline_text(lines: &[String], shebang: Option<&str>) -> String {
    let mut text = String::new();
    match shebang.filter(|shebang| !shebang.is_empty()) {
        Some(shebang) => text.extend(["#!", shebang, "\n"]),
        None if lines.first().is_some_and(|line| line.starts_with("#!")) => {}
        None => text.extend(["#!", SHEBANG, "\n"]),
    }
    for line in lines {
        text.extend([line, "\n"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shebang_comes_first() {
        let check = |lines: &[&str], shebang: Option<&str>, expect: &str| {
            let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(inline_text(&lines, shebang), expect);
        };
        check(&["echo a", "echo b"], None, "#!/bin/sh -e\necho a\necho b\n");
        check(&["echo a"], Some(""), "#!/bin/sh -e\necho a\n");
        check(&["echo a"], Some("/bin/bash -ex"), "#!/bin/bash -ex\necho a\n");
        check(
            &["#!/usr/bin/perl\nprint 1;"],
            None,
            "#!/usr/bin/perl\nprint 1;\n",
        );
        check(
            &["#!/usr/bin/perl"],
            Some("/bin/sh"),
            "#!/bin/sh\n#!/usr/bin/perl\n",
        );
    }
}
