//! `docs/guide.md` as a test: its files are written, its commands are run in order, and they say what it shows.
//!
//! A fenced block `json NAME`, `toml NAME` or `text NAME` is a file. In a block `console`, a line after `$ ` is a shell
//! command, and the lines below it must appear in its output, in that order; `…` stands for anything. `console fails`
//! is one whose command must not succeed.

use std::{env, fs, process::Command};

use kilnbox_tests::{Kilnbox, Running, needs_root, repository};
use tempfile::TempDir;

/// One block of the guide.
#[derive(Debug)]
struct Block<'g> {
    info: Vec<&'g str>,
    text: String,
}

fn blocks(guide: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in guide.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                open = Some(Block {
                    info: info.split(' ').collect(),
                    text: String::new(),
                });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// Whether `line` is what the guide shows.
fn shows(line: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(at) = line.find(first) else { return false };
    let mut rest = &line[at + first.len()..];
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// A user who follows the guide.
struct Reader {
    kilnbox: Kilnbox,
    folder: TempDir,
    path: String,
}

impl Reader {
    fn new() -> Self {
        let binary = Kilnbox::binary();
        let folder = binary.parent().expect("it is in a folder").display();
        Self {
            kilnbox: Kilnbox::new(),
            folder: TempDir::new().expect("a temporary folder can be made"),
            path: format!("{folder}:{}", env::var("PATH").unwrap_or_default()),
        }
    }

    fn follow(&self, block: &Block<'_>) {
        match block.info.as_slice() {
            ["console", how @ ..] => self.run(&block.text, how == ["fails"]),
            [_, name] => {
                fs::write(self.folder.path().join(name), &block.text).expect("a file can be written")
            }
            _ => {}
        }
    }

    fn run(&self, text: &str, fails: bool) {
        for command in text.split("$ ").filter(|command| !command.is_empty()) {
            let (command, shown) = command.split_once('\n').expect("a command is a line");
            let environment = self.kilnbox.command(self.folder.path());
            let mut shell = Command::new("sh");
            shell
                .args(["-c", &format!("exec 2>&1; {command}")])
                .current_dir(self.folder.path())
                .env_clear();
            shell.envs(
                environment
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            shell.env("PATH", &self.path);
            let run = Running::start(shell).finish();
            assert_eq!(run.status.success(), !fails, "$ {command}\n{}", run.both());
            let mut lines = run.stdout.lines();
            for wanted in shown.lines() {
                assert!(
                    lines.any(|line| shows(line, wanted)),
                    "`{wanted}` is not (or not there) in what is said by\n$ {command}\n{}",
                    run.both()
                );
            }
        }
    }
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    needs_root("`rootfs` starts containers as root here");
    let guide = fs::read_to_string(repository().join("docs/guide.md")).expect("the guide is there");
    let reader = Reader::new();
    let blocks = blocks(&guide);
    assert!(blocks.len() > 20, "the guide has lost its blocks");
    blocks.iter().for_each(|block| reader.follow(block));
    reader.kilnbox.left_nothing();
}
