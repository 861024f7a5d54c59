//! What a template does to an instance is what Packer does with it, byte for byte.
//!
//! Each test runs one template twice against one `sshd`, first with Packer, then with Kilnbox, from the same start and
//! with the same paths, and compares what is on the "instance" and in the template's folder afterwards. The
//! configurations know only options of Packer 1.6.6, the oldest in a distribution. Where Packer itself loses data, a
//! test named after that says what each of the two does; `docs/packer-differences.md` lists those.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use kilnbox_tests::{Finished, Kilnbox, Node, Packer, SshBed, Tree};
use serde_json::{Value as Json, json};

/// In a module, so that `make test` can leave out all of it by name, and say so, where no Packer can be installed.
mod compared_with_packer {
    use super::*;

    /// Where a template runs: the same two folders for both programs.
    struct Ground<'a> {
        /// On the instance.
        instance: &'a Path,
        /// Beside the template; also the working directory.
        local: &'a Path,
    }

    impl Ground<'_> {
        /// A path on the instance, as text for a template.
        fn at(&self, name: &str) -> String {
            self.instance.join(name).to_str().expect("plain names").to_owned()
        }

        /// Writes a file beside the template.
        fn local(&self, name: &str, content: &[u8], mode: u32) {
            write(&self.local.join(name), content, mode);
        }

        /// Writes a file on the instance.
        fn remote(&self, name: &str, content: &[u8], mode: u32) {
            write(&self.instance.join(name), content, mode);
        }
    }

    /// What one program did.
    struct Done {
        run: Finished,
        instance: Tree,
        local: Tree,
    }

    /// How both programs move files: Packer's default.
    const SCP: &str = "scp";

    /// Runs the template whose provisioners `prepare` returns with both programs, from empty folders.
    fn with_both(method: &str, prepare: impl Fn(&Ground<'_>) -> Json) -> (Done, Done) {
        let bed = SshBed::start();
        let once = |build: &dyn Fn(&Path) -> Finished| {
            let (instance, local) = (bed.instance(), bed.local());
            for folder in [&instance, &local] {
                fs::remove_dir_all(folder).expect("the bed made it");
                fs::create_dir(folder).expect("a folder can be made");
            }
            let ground = Ground {
                instance: &instance,
                local: &local,
            };
            let mut builder = bed.builder();
            builder["ssh_file_transfer_method"] = method.into();
            let template = json!({ "builders": [builder], "provisioners": prepare(&ground) });
            ground.local("template.json", template.to_string().as_bytes(), 0o644);
            let run = build(&local);
            Done {
                run,
                instance: Tree::read(&instance),
                local: Tree::read(&local),
            }
        };
        let packer = once(&|folder| Packer::new().run(folder, &["build", "-color=false", "template.json"]));
        let kilnbox = once(&|folder| Kilnbox::new().run(folder, &["build", "-color=false", "template.json"]));
        (packer, kilnbox)
    }

    /// Asserts that both end with `code` and leave the same on the instance and beside the template, and returns what
    /// is on the instance.
    #[track_caller]
    fn same(code: i32, prepare: impl Fn(&Ground<'_>) -> Json) -> Tree {
        same_over(SCP, code, prepare)
    }

    /// As [`same`], with files moved by `method`.
    #[track_caller]
    fn same_over(method: &str, code: i32, prepare: impl Fn(&Ground<'_>) -> Json) -> Tree {
        let (packer, kilnbox) = with_both(method, prepare);
        let said = format!("packer:\n{}\nkilnbox:\n{}", packer.run.both(), kilnbox.run.both());
        assert_eq!(packer.run.status.code(), Some(code), "packer's exit code\n{said}");
        assert_eq!(
            kilnbox.run.status.code(),
            Some(code),
            "kilnbox's exit code\n{said}"
        );
        let nothing = Vec::<String>::new();
        assert_eq!(
            packer.instance.differences(&kilnbox.instance),
            nothing,
            "on the instance\n{said}"
        );
        assert_eq!(
            packer.local.differences(&kilnbox.local),
            nothing,
            "beside the template\n{said}"
        );
        kilnbox.instance
    }

    /// As [`same`] for a template that succeeds and leaves something on the instance.
    #[track_caller]
    fn same_result(prepare: impl Fn(&Ground<'_>) -> Json) -> Tree {
        let tree = same(0, prepare);
        assert_ne!(tree, Tree::default(), "the template left nothing to compare");
        tree
    }

    fn write(path: &Path, content: &[u8], mode: u32) {
        fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode can be set");
    }

    // ---- shell

    #[test]
    fn shell_inline() {
        same_result(|on| {
            json!([{ "type": "shell", "inline": [
                format!("cd {}", on.at("")),
                "echo one > a",
                "printf '%s\\n' \"two 'quoted' $((1 + 1))\" \"it's\" > 'b c'",
                "mkdir -m 0700 d && : > d/e && chmod 0641 d/e && ln -s ../a d/link",
                "echo \"$0\" | sed 's/[0-9]*//g' > zero",
                "umask > umask; pwd > pwd; id > id",
            ] }])
        });
    }

    #[test]
    fn shell_inline_stops_at_the_first_error() {
        let tree = same(1, |on| {
            json!([
                { "type": "shell", "inline": [format!("touch {}", on.at("before")), "false", format!("touch {}", on.at("after"))] },
                { "type": "shell", "inline": [format!("touch {}", on.at("next"))] },
            ])
        });
        assert_eq!(tree.names(), ["before"]);
    }

    #[test]
    fn shell_inline_shebang() {
        same_result(|on| {
            json!([{ "type": "shell", "inline_shebang": "/bin/bash -u", "inline": [
                "false", format!("echo ${{BASH_VERSION:+bash}} $- > {}", on.at("bash")),
            ] }])
        });
    }

    #[test]
    fn shell_script_and_scripts_in_order() {
        same_result(|on| {
            let log = on.at("log");
            for name in ["one.sh", "sub/two.sh", "three with space.sh"] {
                on.local(
                    name,
                    format!("#!/bin/sh\necho {name} $# >> {log}\nstat -c %a \"$0\" >> {log}\n").as_bytes(),
                    0o600,
                );
            }
            json!([
                { "type": "shell", "script": "one.sh" },
                { "type": "shell", "scripts": ["sub/two.sh", "three with space.sh", on.local.join("one.sh")] },
            ])
        });
    }

    #[test]
    fn shell_environment() {
        same_result(|on| {
            // The two variables of the connection hold the client's port, which no two connections share.
            let show = format!("env | grep -v '^SSH_C' | sort > {}", on.at("env"));
            json!([{ "type": "shell", "inline": [show], "remote_file": "kilnbox-test-env.sh", "environment_vars": [
                "PLAIN=value", "EMPTY=", "SPACES= a  b ", "QUOTES=it's \"so\"", "DOLLAR=$HOME `id` \\n", "EQUALS=a=b=c",
                "lower_case=kept", "UNICODE=öß→",
            ] }])
        });
    }

    #[test]
    fn shell_environment_in_a_file() {
        same_result(|on| {
            let show = format!("env | grep -v '^SSH_C' | sort > {}", on.at("env"));
            json!([{ "type": "shell", "inline": [show], "remote_file": "kilnbox-test-env-file.sh", "use_env_var_file": true,
                "environment_vars": ["PLAIN=value", "QUOTES=it's \"so\"", "DOLLAR=$HOME"] }])
        });
    }

    #[test]
    fn shell_env_var_format() {
        same_result(|on| {
            json!([{ "type": "shell", "env_var_format": "%s=\"%s\" ", "environment_vars": ["ONE=$HOME", "TWO=2 3"],
                "inline": [format!("echo \"$ONE-$TWO\" > {}", on.at("out"))] }])
        });
    }

    #[test]
    fn shell_execute_command() {
        same_result(|on| {
            let log = on.at("log");
            json!([
                { "type": "shell", "inline": [format!("echo $ME $0 >> {log}")], "environment_vars": ["ME=it's me"],
                  "remote_path": on.at("my script.sh").replace(' ', "_"),
                  "execute_command": "{{ .Vars }} /bin/sh {{ .Path }} one 'two three'" },
                { "type": "shell", "inline": ["echo ignored"],
                  "execute_command": format!("echo '{{{{ .Vars }}}}' | tr -d \"'\" >> {log}; echo 'pass' | sh -c 'cat >> {log}; sh {{{{.Path}}}}'") },
            ])
        });
    }

    #[test]
    fn shell_exit_codes_that_are_accepted() {
        same_result(|on| {
            json!([
                { "type": "shell", "valid_exit_codes": [0, 3, 255], "inline": ["exit 3"] },
                { "type": "shell", "valid_exit_codes": [255], "inline": ["exit 255"] },
                { "type": "shell", "inline": [format!("touch {}", on.at("reached"))] },
            ])
        });
    }

    #[test]
    fn shell_exit_codes_that_are_not() {
        for (valid, code) in [(json!([0]), 3), (json!([1, 2]), 0), (json!([0]), 126)] {
            let tree = same(1, |on| {
                json!([
                    { "type": "shell", "valid_exit_codes": valid, "inline": [format!("touch {}; exit {code}", on.at("ran"))] },
                    { "type": "shell", "inline": [format!("touch {}", on.at("reached"))] },
                ])
            });
            assert_eq!(tree.names(), ["ran"], "exit code {code}, accepted {valid}");
        }
    }

    /// A script that ends the session it runs in, as a reboot does.
    fn disconnecting(on: &Ground<'_>) -> String {
        format!(
            "touch {}\n\
             p=$$\n\
             while [ \"$(cat /proc/$p/comm)\" != sshd ]; do p=$(cut -d' ' -f4 /proc/$p/stat); done\n\
             kill -9 $p\n\
             sleep 60",
            on.at("ran")
        )
    }

    #[test]
    fn shell_disconnect_that_is_expected() {
        let tree = same(0, |on| {
            json!([
                { "type": "shell", "expect_disconnect": true, "inline": [disconnecting(on)] },
                { "type": "shell", "inline": [format!("touch {}", on.at("reached"))] },
            ])
        });
        assert_eq!(tree.names(), ["ran", "reached"]);
    }

    #[test]
    fn shell_disconnect_that_is_not_expected() {
        let tree = same(1, |on| {
            json!([
                { "type": "shell", "inline": [disconnecting(on)] },
                { "type": "shell", "inline": [format!("touch {}", on.at("reached"))] },
            ])
        });
        assert_eq!(tree.names(), ["ran"]);
    }

    #[test]
    fn shell_line_ends() {
        let tree = same_result(|on| {
            // Copies itself as it arrived, and ends before the lines that would not run.
            let script = |name: &str| {
                format!(
                    "#!/bin/sh\ncp \"$0\" {}\nexit 0\nwindows\r\nlone \r return\r\n\r\nno end",
                    on.at(name)
                )
            };
            on.local("text.sh", script("text").as_bytes(), 0o755);
            on.local("binary.sh", script("binary").as_bytes(), 0o755);
            json!([
                { "type": "shell", "script": "text.sh" },
                { "type": "shell", "script": "binary.sh", "binary": true },
            ])
        });
        assert_ne!(tree.get("text"), tree.get("binary"));
    }

    #[test]
    fn shell_script_larger_than_one_call_carries() {
        let tree = same_result(|on| {
            let script = format!(
                "#!/bin/sh\ncksum < \"$0\" > {}\nexit 0\n{}",
                on.at("sum"),
                "# filling\r\n".repeat(600_000)
            );
            on.local("large.sh", script.as_bytes(), 0o755);
            json!([{ "type": "shell", "script": "large.sh" }])
        });
        assert_eq!(tree.names(), ["sum"]);
    }

    #[test]
    fn shell_leaves_its_files_where_it_was_told() {
        let tree = same_result(|on| {
            fs::create_dir(on.instance.join("folder")).expect("a folder can be made");
            json!([
                { "type": "shell", "inline": ["true"], "remote_folder": on.at("folder"), "remote_file": "kept.sh", "skip_clean": true },
                { "type": "shell", "inline": ["true"], "remote_path": on.at("path.sh"), "skip_clean": true },
                { "type": "shell", "inline": ["true"], "remote_folder": on.at("folder") },
                { "type": "shell", "inline": [format!("ls {} | wc -l > {}", on.at("folder"), on.at("count"))] },
            ])
        });
        assert_eq!(tree.names(), ["count", "folder", "folder/kept.sh", "path.sh"]);
    }

    #[test]
    fn shell_template_functions() {
        same_result(|on| {
            json!([{ "type": "shell", "inline": [
                format!("echo '{{{{build_name}}}} {{{{build_type}}}} {{{{isotime \"2006\"}}}}' > {}", on.at("at-start")),
                format!("echo '{{{{build `User`}}}} {{{{build `Host`}}}} {{{{build `ConnType`}}}}' > {}", on.at("at-run")),
            ], "environment_vars": ["NAME={{build_name}}"] }])
        });
    }

    // ---- file

    #[test]
    fn file_up() {
        for method in ["scp", "sftp"] {
            let tree = same_over(method, 0, |on| {
                on.local("a.txt", b"text\n", 0o640);
                on.local("run me.sh", b"#!/bin/sh\n", 0o755);
                on.local(
                    "binary",
                    &(0..=255).cycle().take(200_000).collect::<Vec<u8>>(),
                    0o600,
                );
                on.local("empty", b"", 0o444);
                on.remote("old", b"longer than what replaces it", 0o640);
                on.remote("into/.keep", b"", 0o644);
                json!([
                    { "type": "file", "source": "a.txt", "destination": on.at("b.txt") },
                    { "type": "file", "source": "run me.sh", "destination": on.at("into/") },
                    { "type": "file", "source": "binary", "destination": on.at("with space") },
                    { "type": "file", "source": "empty", "destination": on.at("empty") },
                    { "type": "file", "source": "a.txt", "destination": on.at("old") },
                    { "type": "file", "sources": ["a.txt", "binary"], "destination": on.at("into/") },
                ])
            });
            assert_eq!(tree.files().len(), 8, "{method}: {tree:#?}");
        }
    }

    /// A folder with what folders hold, links aside.
    fn plant(on: &Ground<'_>) {
        on.local("tree/a", b"a\n", 0o644);
        on.local("tree/run", b"#!/bin/sh\n", 0o755);
        on.local("tree/secret", b"s", 0o600);
        on.local("tree/sub/deep/b", b"b\n", 0o644);
        on.local("tree/.hidden", b"h", 0o644);
        on.local("tree/empty file", b"", 0o644);
        fs::create_dir(on.local.join("tree/nothing")).expect("a folder can be made");
    }

    #[test]
    fn file_tree_without_trailing_slash() {
        let tree = same_result(|on| {
            plant(on);
            json!([{ "type": "file", "source": "tree", "destination": on.instance }])
        });
        assert!(tree.get("tree/sub/deep/b").is_some(), "{tree:#?}");
    }

    #[test]
    fn file_tree_with_trailing_slash() {
        let tree = same_result(|on| {
            plant(on);
            json!([{ "type": "file", "source": "tree/", "destination": on.instance }])
        });
        assert!(tree.get("sub/deep/b").is_some(), "{tree:#?}");
    }

    #[test]
    fn file_tree_over_an_older_one() {
        same_result(|on| {
            plant(on);
            on.remote("a", b"older and longer", 0o644);
            on.remote("sub/other", b"stays", 0o644);
            json!([{ "type": "file", "source": "tree/", "destination": on.instance }])
        });
    }

    #[test]
    fn file_odd_names_in_a_tree() {
        let tree = same_result(|on| {
            for name in [
                "with space",
                "quo'te",
                "dou\"ble",
                "dol$HOME",
                "back`tick`",
                "semi;colon",
                "star*",
                "ünï",
                "-dash",
                "a\\b",
            ] {
                on.local(&format!("odd/{name}"), name.as_bytes(), 0o644);
                on.local(&format!("odd/in {name}/file"), name.as_bytes(), 0o644);
            }
            json!([{ "type": "file", "source": "odd/", "destination": on.instance }])
        });
        assert_eq!(tree.files().len(), 20, "{tree:#?}");
    }

    #[test]
    fn file_odd_names_one_by_one() {
        same_result(|on| {
            let names = ["with space", "quo'te", "dol$HOME", "semi;colon"];
            for name in names {
                on.local(name, name.as_bytes(), 0o644);
            }
            json!([{ "type": "file", "sources": names, "destination": on.at("") }])
        });
    }

    #[test]
    fn file_down() {
        same(0, |on| {
            on.remote("a.txt", b"text\n", 0o640);
            on.remote("run.sh", b"#!/bin/sh\n", 0o755);
            on.remote(
                "with space",
                &(0..=255).cycle().take(200_000).collect::<Vec<u8>>(),
                0o644,
            );
            json!([
                { "type": "file", "direction": "download", "source": on.at("a.txt"), "destination": "b.txt" },
                { "type": "file", "direction": "download", "source": on.at("run.sh"), "destination": "new/folder/" },
                { "type": "file", "direction": "download", "source": on.at("with space"), "destination": "with space" },
            ])
        });
    }

    #[test]
    fn file_tree_down() {
        same(0, |on| {
            on.remote("tree/a", b"a\n", 0o644);
            on.remote("tree/sub/b", b"b\n", 0o755);
            on.remote("tree/secret", b"s", 0o600);
            fs::create_dir(on.local.join("down")).expect("a folder can be made");
            json!([{ "type": "file", "direction": "download", "source": on.at("tree/"), "destination": "down" }])
        });
    }

    // ---- where the two differ on purpose

    /// Packer's scp makes a file with the missing folder's name, and reports success.
    #[test]
    fn differs_file_to_a_folder_that_is_missing() {
        let (packer, kilnbox) = with_both(SCP, |on| {
            on.local("a", b"a", 0o644);
            json!([{ "type": "file", "source": "a", "destination": on.at("none/a") },
                   { "type": "shell", "inline": [format!("touch {}", on.at("reached"))] }])
        });
        packer.run.succeeded();
        assert_eq!(packer.instance.names(), ["none", "reached"]);
        kilnbox.run.exited(1).says("none");
        assert_eq!(kilnbox.instance.names(), Vec::<String>::new());
    }

    /// Packer's scp leaves an older file's mode, so that a secret may stay readable to all; with Kilnbox, as with Packer's
    /// sftp, a file has the mode of its source.
    #[test]
    fn differs_mode_of_a_file_that_is_replaced() {
        let cases = [
            ("scp", 0o600, 0o644, 0o644),
            ("scp", 0o755, 0o600, 0o600),
            ("sftp", 0o600, 0o644, 0o600),
            ("sftp", 0o755, 0o600, 0o755),
        ];
        for (method, local, remote, by_packer) in cases {
            let (packer, kilnbox) = with_both(method, |on| {
                on.local("a", b"new", local);
                on.local("tree/a", b"new", local);
                on.remote("a", b"older", remote);
                on.remote("in/a", b"older", remote);
                json!([{ "type": "file", "source": "a", "destination": on.at("a") },
                       { "type": "file", "source": "tree/", "destination": on.at("in") }])
            });
            let new = |mode| Node::File {
                mode,
                content: b"new".into(),
            };
            packer.run.succeeded();
            assert_eq!(packer.instance.get("a"), Some(&new(by_packer)), "{method}");
            kilnbox.run.succeeded();
            for name in ["a", "in/a"] {
                assert_eq!(kilnbox.instance.get(name), Some(&new(local)), "{method}, {name}");
            }
        }
    }

    /// Packer empties the local file first; Kilnbox leaves it as it is until the new one is whole.
    #[test]
    fn differs_download_of_a_file_that_is_missing() {
        let (packer, kilnbox) = with_both(SCP, |on| {
            on.local("kept", b"older", 0o644);
            json!([{ "type": "file", "direction": "download", "source": on.at("none"), "destination": "kept" },
                   { "type": "shell", "inline": [format!("touch {}", on.at("reached"))] }])
        });
        let kept = |content: &[u8]| Node::File {
            mode: 0o644,
            content: content.into(),
        };
        packer.run.exited(1);
        assert_eq!(packer.local.get("kept"), Some(&kept(b"")));
        kilnbox.run.exited(1).says("none");
        assert_eq!(kilnbox.local.get("kept"), Some(&kept(b"older")));
        assert_eq!(kilnbox.instance, packer.instance);
    }

    /// Packer writes every source over the first one; Kilnbox puts each beside it.
    #[test]
    fn differs_download_of_several_files_into_a_folder() {
        let (packer, kilnbox) = with_both(SCP, |on| {
            on.remote("one", b"1", 0o644);
            on.remote("two", b"2", 0o644);
            json!([{ "type": "file", "direction": "download", "sources": [on.at("one"), on.at("two")], "destination": "many/" }])
        });
        packer.run.succeeded();
        assert_eq!(packer.local.files(), ["many/one", "template.json"]);
        kilnbox.run.succeeded();
        assert_eq!(kilnbox.local.files(), ["many/one", "many/two", "template.json"]);
    }

    /// Packer cuts a name at its first space; Kilnbox keeps it.
    #[test]
    fn differs_names_with_spaces_in_a_tree_that_comes_down() {
        let (packer, kilnbox) = with_both(SCP, |on| {
            on.remote("tree/b c", b"b", 0o644);
            fs::create_dir(on.local.join("down")).expect("a folder can be made");
            json!([{ "type": "file", "direction": "download", "source": on.at("tree/"), "destination": "down" }])
        });
        packer.run.succeeded();
        assert_eq!(packer.local.files(), ["down/tree/b", "template.json"]);
        kilnbox.run.succeeded();
        assert_eq!(kilnbox.local.files(), ["down/tree/b c", "template.json"]);
    }

    /// Packer follows links; Kilnbox keeps them.
    #[test]
    fn differs_links_in_a_tree() {
        let (packer, kilnbox) = with_both(SCP, |on| {
            on.local("tree/file", b"f", 0o644);
            symlink("file", on.local.join("tree/link")).expect("a link can be made");
            json!([{ "type": "file", "source": "tree/", "destination": on.instance }])
        });
        packer.run.succeeded();
        assert_eq!(
            packer.instance.get("link"),
            Some(&Node::File {
                mode: 0o644,
                content: b"f".into()
            })
        );
        kilnbox.run.succeeded();
        assert_eq!(
            kilnbox.instance.get("link"),
            Some(&Node::Link {
                target: "file".into()
            })
        );
        assert_eq!(kilnbox.instance.get("file"), packer.instance.get("file"));
    }

    /// Packer lets a shell on the instance read the destination; with Kilnbox it arrives as it is.
    #[test]
    fn differs_remote_path_that_a_shell_would_read() {
        let (packer, kilnbox) = with_both(SCP, |on| {
            on.local("a", b"a", 0o644);
            fs::create_dir(on.instance.join("$HOME it's")).expect("a folder can be made");
            json!([{ "type": "file", "source": "a", "destination": on.at("$HOME it's/a") }])
        });
        assert!(packer.instance.get("$HOME it's/a").is_none());
        kilnbox.run.succeeded();
        assert_eq!(
            kilnbox.instance.get("$HOME it's/a"),
            Some(&Node::File {
                mode: 0o644,
                content: b"a".into()
            })
        );
    }

    /// Packer leaves the script of a step that failed; Kilnbox removes it.
    #[test]
    fn differs_script_that_failed() {
        let (packer, kilnbox) = with_both(
            SCP,
            |on| json!([{ "type": "shell", "inline": ["exit 3"], "remote_path": on.at("script.sh") }]),
        );
        packer.run.exited(1);
        assert_eq!(packer.instance.names(), ["script.sh"]);
        kilnbox.run.exited(1);
        assert_eq!(kilnbox.instance.names(), Vec::<String>::new());
    }
}
