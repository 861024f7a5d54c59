//! The commands that read, show and rewrite templates: `console`, `fix`, `fmt`, `inspect`, `validate`, and the help.
//!
//! Where Packer has the command, the installed Packer answers too, in `compared_with_packer`.

use std::{fs, path::Path};

use kilnbox_tests::{Finished, Kilnbox, Running, Terminal, Tree};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A folder with templates, and a user in it.
struct Desk {
    kilnbox: Kilnbox,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            kilnbox: Kilnbox::new(),
            folder: TempDir::new().expect("a temporary folder can be made"),
        }
    }

    fn with(name: &str, text: &str) -> Self {
        let desk = Self::new();
        desk.write(name, text);
        desk
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is there")
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.kilnbox.run(self.folder.path(), arguments)
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Finished {
        let mut command = self.kilnbox.command(self.folder.path());
        command.args(arguments);
        Running::start_with_input(command, input).finish()
    }
}

const TEMPLATE: &str = r#"{
  "description": "A web server.",
  "variables": {"version": null, "mirror": "http://{{user `host`}}/x", "host": "example.org", "key": "hunter22"},
  "sensitive-variables": ["key"],
  "builders": [
    {"type": "null", "name": "web", "communicator": "none"},
    {"type": "file", "target": "x", "content": "<a&b>"}
  ],
  "provisioners": [{"type": "shell-local", "inline": ["echo hi"]}],
  "post-processors": ["manifest"]
}
"#;

mod help {
    use super::*;

    fn check(name: &str, arguments: &[&str]) {
        let run = Kilnbox::new().run(Path::new("/"), arguments).succeeded();
        assert_eq!(run.stderr, "");
        insta::assert_snapshot!(name, run.stdout);
    }

    #[test]
    fn of_the_program() {
        check("help", &["--help"]);
        check("help_short", &["-h"]);
    }

    #[test]
    fn of_every_command() {
        for command in [
            "build",
            "validate",
            "inspect",
            "console",
            "fix",
            "fmt",
            "init",
            "trust",
            "gc",
            "version",
            "completions",
        ] {
            check(&format!("help_{command}"), &[command, "--help"]);
        }
        for command in ["inspect", "docs", "list", "audit", "vendor", "publish", "prune"] {
            check(&format!("help_plugin_{command}"), &["plugin", command, "--help"]);
        }
    }

    #[test]
    fn completions_know_every_command_and_flag() {
        for shell in ["bash", "zsh", "fish"] {
            let script = Kilnbox::new()
                .run(Path::new("/"), &["completions", shell])
                .succeeded()
                .stdout;
            for word in [
                "console",
                "fix",
                "fmt",
                "log-dir",
                "record",
                "parallel-builds",
                "syntax-only",
                "recursive",
            ] {
                assert!(script.contains(word), "{shell} does not know `{word}`");
            }
        }
    }
}

mod console {
    use super::*;

    #[test]
    fn every_line_of_a_pipe_is_answered() {
        let desk = Desk::with("t.json", TEMPLATE);
        let lines =
            "{{user `mirror`}}\n\n{{user `version` | upper}}-1\nno braces\nvariables\nexit\nnot reached\n";
        let run = desk
            .run_with(&["console", "-var", "version=v1", "t.json"], lines)
            .succeeded();
        insta::assert_snapshot!(run.stdout, @r"
        http://example.org/x
        V1-1
        no braces

        host: example.org,
        key: <sensitive>,
        mirror: http://example.org/x,
        version: v1,
        ");
        assert_eq!(run.stderr, "");
    }

    #[test]
    fn a_mistake_is_told_and_the_rest_is_answered() {
        let desk = Desk::with("t.json", TEMPLATE);
        let run = desk
            .run_with(
                &["console", "t.json"],
                "{{nope}}\n{{user `version`}}|\n{{lower `X`}}\n",
            )
            .exited(1);
        assert_eq!(run.stdout, "|\nx\n");
        insta::assert_snapshot!(run.stderr, @r#"
          × Interpolation error: function "nope" not defined
          help: to write `{{` itself, use `{{`{{`}}`
        note: variable `version` is not defined; it is empty here
        "#);
    }

    #[test]
    fn no_template_is_needed() {
        let desk = Desk::new();
        let run = desk
            .run_with(&["console", "-var", "a=1"], "{{user `a`}}{{packer_version}}")
            .succeeded();
        assert_eq!(run.stdout, "11.16.0\n");
    }

    #[test]
    fn variable_files_count() {
        let desk = Desk::with("t.json", TEMPLATE);
        desk.write("vars.json", r#"{"host": "from.a.file"}"#);
        let run = desk
            .run_with(&["console", "-var-file=vars.json", "t.json"], "{{user `mirror`}}")
            .succeeded();
        assert_eq!(run.stdout, "http://from.a.file/x\n");
    }

    #[test]
    fn a_person_at_a_terminal() {
        let desk = Desk::with("t.json", TEMPLATE);
        let mut command = desk.kilnbox.command(desk.folder.path());
        command.args(["console", "t.json"]);
        let mut terminal = Terminal::start(command);
        terminal.wait_for("> ", 1);
        terminal.press("{{nope}}\r");
        terminal.wait_for("function \"nope\" not defined", 1);
        terminal.press("{{upper `abc`}}\r");
        terminal.wait_for("ABC", 1);
        // The key up brings the line back.
        terminal.press("\x1b[A\r");
        terminal.wait_for("ABC", 2);
        terminal.press("{{user `mir\t`}}\r");
        terminal.wait_for("http://example.org/x", 1);
        terminal.press("\x04");
        assert!(terminal.finish().success());
    }

    #[test]
    fn standard_input_is_one_thing() {
        Desk::new()
            .run_with(&["console", "-"], TEMPLATE)
            .exited(2)
            .says("standard input cannot be both");
    }
}

mod fmt {
    use super::*;

    const UGLY: &str = "{\"_why\":\"k\\u0065pt\",\"builders\":[{\"type\":\"null\",\"n\":1.50e+3}]}";
    const NEAT: &str = r#"{
  "_why": "k\u0065pt",
  "builders": [
    {
      "type": "null",
      "n": 1.50e+3
    }
  ]
}
"#;

    #[test]
    fn white_space_alone_changes() {
        let desk = Desk::with("t.json", UGLY);
        assert_eq!(desk.run(&["fmt", "t.json"]).succeeded().stdout, "t.json\n");
        assert_eq!(desk.read("t.json"), NEAT);
        assert_eq!(
            desk.run(&["fmt", "t.json"]).succeeded().stdout,
            "",
            "a second time"
        );
    }

    #[test]
    fn check_writes_nothing_and_exits_with_3() {
        let desk = Desk::with("t.json", UGLY);
        assert_eq!(
            desk.run(&["fmt", "-check", "t.json"]).exited(3).stdout,
            "t.json\n"
        );
        assert_eq!(desk.read("t.json"), UGLY);
        desk.write("t.json", NEAT);
        assert_eq!(desk.run(&["fmt", "-check", "t.json"]).succeeded().stdout, "");
    }

    #[test]
    fn diff_shows_what_changes() {
        let desk = Desk::with("t.json", "{\n  \"builders\": [ ]\n}\n");
        let run = desk.run(&["fmt", "-diff", "-write=false", "t.json"]).succeeded();
        insta::assert_snapshot!(run.stdout, @r#"
        t.json
        --- old/t.json
        +++ new/t.json
        @@ -1,3 +1,3 @@
         {
        -  "builders": [ ]
        +  "builders": []
         }
        "#);
        assert_eq!(desk.read("t.json"), "{\n  \"builders\": [ ]\n}\n");
    }

    #[test]
    fn standard_input_goes_to_standard_output() {
        let desk = Desk::new();
        assert_eq!(desk.run_with(&["fmt", "-"], UGLY).succeeded().stdout, NEAT);
        let check = desk.run_with(&["fmt", "-check", "-"], UGLY).exited(3);
        assert_eq!(check.stdout, "");
        desk.run_with(&["fmt", "-"], "{")
            .exited(1)
            .says("Error parsing JSON");
    }

    #[test]
    fn a_folders_templates_and_nothing_else() {
        let desk = Desk::new();
        for name in ["t.json", "in/t.json", "in/deep/t.json", ".git/t.json"] {
            desk.write(name, UGLY);
        }
        desk.write("v.pkrvars.json", "{\"a\":\"b\"}");
        desk.write("package.json", "{\"name\":\"x\"}");
        desk.write("broken.json", "{");
        assert_eq!(
            desk.run(&["fmt", "."]).succeeded().stdout,
            "t.json\nv.pkrvars.json\n"
        );
        assert_eq!(
            desk.run(&["fmt", "-recursive", "."]).succeeded().stdout,
            "in/deep/t.json\nin/t.json\n"
        );
        assert_eq!(desk.read("package.json"), "{\"name\":\"x\"}");
        assert_eq!(desk.read(".git/t.json"), UGLY);
    }

    #[test]
    fn one_bad_file_does_not_keep_the_others_from_it() {
        let desk = Desk::with("t.json", UGLY);
        desk.write("broken.json", "{\"builders\": [}");
        let run = desk
            .run(&["fmt", "broken.json", "missing.json", "x.pkr.hcl", "t.json"])
            .exited(1);
        assert_eq!(run.stdout, "t.json\n");
        for text in [
            "Error parsing JSON",
            "reading `missing.json`",
            "is an HCL2 template",
        ] {
            assert!(run.stderr.contains(text), "{}", run.both());
        }
        assert_eq!(desk.read("t.json"), NEAT);
    }

    #[test]
    #[cfg(unix)]
    fn the_mode_and_a_link_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let desk = Desk::with("real.json", UGLY);
        fs::set_permissions(desk.path("real.json"), fs::Permissions::from_mode(0o640))
            .expect("a mode can be set");
        symlink("real.json", desk.path("link.json")).expect("a link can be made");
        desk.run(&["fmt", "link.json"]).succeeded();
        assert_eq!(desk.read("real.json"), NEAT);
        let mode = fs::metadata(desk.path("real.json"))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640);
        assert!(desk.path("link.json").is_symlink());
        assert_eq!(Tree::read(desk.folder.path()).names(), ["link.json", "real.json"]);
    }
}

mod fix {
    use super::*;

    #[test]
    fn only_what_is_fixed_changes() {
        let template = "{\n  \"_note\": \"spelt \\u006fut\",\n  \"builders\": [\n    { \"type\": \"qemu\", \
                        \"disk_size\": 5000 },\n    { \"headless\": true, \"type\": \"parallels-iso\", \
                        \"ssh_wait_timeout\": \"5m\" }\n  ]\n}\n";
        let desk = Desk::with("t.json", template);
        let run = desk.run(&["fix", "t.json"]).succeeded();
        insta::assert_snapshot!(run.stdout, @r#"
        {
          "_note": "spelt \u006fut",
          "builders": [
            { "type": "qemu", "disk_size": "5000M" },
            { "type": "parallels-iso", "ssh_timeout": "5m" }
          ]
        }
        "#);
        assert_eq!(desk.read("t.json"), template, "the file is left alone");
        assert_eq!(
            desk.run_with(&["fix", "-"], template).succeeded().stdout,
            run.stdout
        );
    }

    #[test]
    fn a_template_that_is_still_wrong_is_refused_unless_asked_for() {
        let desk = Desk::with(
            "t.json",
            r#"{"builders": [{"type": "qemu", "disk_size": 1}], "nonsense": 1}"#,
        );
        let run = desk.run(&["fix", "t.json"]).exited(1);
        assert_eq!(run.stdout, "");
        run.says("Unknown root level key in template: 'nonsense'")
            .says("the fixed template is still wrong");
        desk.run(&["fix", "-validate=false", "t.json"])
            .succeeded()
            .says("\"1M\"");
    }

    #[test]
    fn what_has_no_counterpart_is_told() {
        let desk = Desk::with(
            "t.json",
            r#"{"builders": [{"type": "amazon-ebs", "ssh_private_ip": "{{user `x`}}"}]}"#,
        );
        desk.run(&["fix", "t.json"])
            .exited(1)
            .says("ssh_private_ip is not a boolean")
            .says("write `ssh_interface`");
    }
}

mod compared_with_packer {
    use kilnbox_tests::Packer;

    use super::*;

    fn packer(desk: &Desk, arguments: &[&str]) -> Finished {
        Packer::new().run(desk.folder.path(), arguments)
    }

    /// One template per fixer, and a name for it.
    fn olden() -> Vec<(String, Json)> {
        let text = include_str!("../conformance/fixers.json");
        let table: Json = serde_json::from_str(text).expect("the table is JSON");
        let table = table.as_object().expect("the table is an object").clone();
        table.into_iter().collect()
    }

    #[test]
    fn every_fixer() {
        let desk = Desk::new();
        for (name, template) in olden() {
            desk.write("t.json", &template.to_string());
            let theirs = packer(&desk, &["fix", "-validate=false", "t.json"]);
            let ours = desk.run(&["fix", "-validate=false", "t.json"]);
            assert_eq!(
                ours.status.success(),
                theirs.status.success(),
                "{name}\n{}{}",
                ours.both(),
                theirs.both()
            );
            if !ours.status.success() {
                continue;
            }
            let parsed = |run: &Finished| -> Json {
                serde_json::from_str(&run.stdout)
                    .unwrap_or_else(|error| panic!("{name}: {error}\n{}", run.both()))
            };
            assert_eq!(parsed(&ours), parsed(&theirs), "{name}");
            assert_ne!(parsed(&ours), template, "{name}: nothing was fixed");
        }
    }

    #[test]
    fn inspect() {
        let desk = Desk::with("t.json", TEMPLATE);
        desk.write("bare.json", r#"{"builders": [{"type": "null"}]}"#);
        desk.write(
            "required.json",
            r#"{"variables": {"a": null}, "builders": [{"type": "null", "name": "a b"}, {"type": "file"}]}"#,
        );
        for template in ["t.json", "bare.json", "required.json"] {
            let ours = desk.run(&["inspect", template]).succeeded();
            assert_eq!(
                ours.stdout,
                packer(&desk, &["inspect", template]).succeeded().stdout
            );
        }
    }

    #[test]
    fn inspect_for_programs() {
        let desk = Desk::with("t.json", TEMPLATE);
        // Times differ, and Packer says the text for people there too.
        let lines = |run: Finished| -> Vec<String> {
            let mut lines: Vec<String> = run
                .stdout
                .lines()
                .filter_map(|line| Some(line.split_once(",,template-")?.1.to_owned()))
                .collect();
            lines.sort();
            lines
        };
        let ours = desk.run(&["inspect", "-machine-readable", "t.json"]).succeeded();
        let theirs = packer(&desk, &["inspect", "-machine-readable", "t.json"]).succeeded();
        assert_eq!(lines(ours), lines(theirs));
    }

    #[test]
    fn syntax_only() {
        let desk = Desk::new();
        for (text, code) in [
            (TEMPLATE, 0),
            (r#"{"builders": [{"type": "no-such-builder", "x": 1}]}"#, 0),
            (r#"{"builders": [{"type": "null"}], "nonsense": 1}"#, 1),
            (r#"{"builders": [{"type": "null"}, {"type": "null"}]}"#, 1),
            (r#"{"builders": [{}]}"#, 1),
            ("{", 1),
        ] {
            desk.write("t.json", text);
            let ours = desk.run(&["validate", "-syntax-only", "t.json"]).exited(code);
            let theirs = packer(&desk, &["validate", "-syntax-only", "t.json"]).exited(code);
            if code == 0 {
                assert_eq!(ours.stdout.trim_end(), theirs.stdout.trim_end());
            }
        }
    }

    #[test]
    fn console() {
        let desk = Desk::with("t.json", TEMPLATE);
        let packer = Packer::new();
        for line in [
            "{{user `mirror`}}",
            "{{user `key`}}",
            "{{upper (user `host`)}}",
            "{{split `a,b` `,` 1 | printf `%3s`}}",
            "no braces",
            "{{isotime | len}}",
            "{{if eq (user `host`) `example.org`}}yes{{end}}",
        ] {
            let mut command = packer.command(desk.folder.path());
            command.args(["console", "-var", "version=1", "t.json"]);
            let theirs = Running::start_with_input(command, &format!("{line}\n")).finish();
            let ours = desk.run_with(&["console", "-var", "version=1", "t.json"], &format!("{line}\n"));
            assert_eq!(
                ours.stdout.trim_end(),
                theirs.stdout.trim_end(),
                "{line}\n{}",
                theirs.both()
            );
        }
    }
}

#[test]
fn templates_come_from_standard_input_everywhere() {
    let desk = Desk::new();
    let template = json!({ "builders": [{ "type": "file", "target": "x", "content": "y" }] }).to_string();
    desk.run_with(&["validate", "-"], &template)
        .succeeded()
        .says("The configuration is valid.");
    desk.run_with(&["validate", "-syntax-only", "-"], &template)
        .succeeded();
    desk.run_with(&["inspect", "-"], &template)
        .succeeded()
        .says("file");
    desk.run_with(&["build", "-"], &template).succeeded();
    assert_eq!(desk.read("x"), "y");
    desk.run_with(&["validate", "-"], "{\"builders\": [{\"type\": \"nul\"}]}")
        .exited(1)
        .says("<stdin>:1:");
}

#[test]
fn flags_of_packer_about_hcl2_are_taken() {
    let desk = Desk::with(
        "t.json",
        r#"{"builders": [{"type": "null", "communicator": "none"}]}"#,
    );
    desk.run(&[
        "validate",
        "-no-warn-undeclared-var",
        "-evaluate-datasources=false",
        "-ignore-prerelease-plugins",
        "t.json",
    ])
    .succeeded();
    desk.run(&[
        "build",
        "-warn-on-undeclared-var",
        "-use-sequential-evaluation",
        "-skip-enforcement",
        "t.json",
    ])
    .succeeded();
}
