//! Files and trees, both ways.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use serde_json::json;

use crate::{
    bed::Bed,
    contest::{Contest, MIB, Outcome},
};

const BIG: u64 = 256 << 20;
const HUGE: u64 = 4 << 30;
const SMALL: usize = 2048;

pub(crate) fn run(bed: &Bed) -> Vec<Outcome> {
    let big = bed.local("big");
    write_big(&big);
    let tree = bed.local("tree");
    write_tree(&tree, 1000);
    let outcomes = vec![
        upload(bed, &big),
        download(bed, &big),
        small_files(bed, &tree),
        huge_file(bed),
        huge_tree(bed),
    ];
    forget(&big);
    forget(&tree);
    outcomes
}

/// A template that uploads one source.
pub(crate) fn upload_template(bed: &Bed, name: &str, port: u16, from: &str, to: &Path) -> String {
    let step = json!({ "type": "file", "source": from, "destination": to });
    bed.template(name, bed.builder(port), &[step])
}

fn upload(bed: &Bed, big: &Path) -> Outcome {
    let to = bed.instance("big");
    let template = upload_template(bed, "upload", bed.near(), "big", &to);
    let prepare = || forget(&to);
    let check = || expect_size(&to, BIG);
    Contest::new("upload", "one file of 256 MiB", bed.rounds(5))
        .worker("kilnbox", prepare, || bed.kilnbox(&["build", &template]), check)
        .worker("packer", prepare, || bed.packer(&["build", &template]), check)
        .worker(
            "scp",
            prepare,
            || bed.scp(bed.near(), &text(big), &format!("instance:{}", to.display())),
            check,
        )
        .run()
        .time_against("packer", 0.25)
        .time_against("scp", 1.2)
        .memory(64.0)
}

fn download(bed: &Bed, big: &Path) -> Outcome {
    let to = bed.local("fetched");
    let step = json!({ "type": "file", "direction": "download", "source": big, "destination": "fetched" });
    let template = bed.template("download", bed.builder(bed.near()), &[step]);
    let prepare = || forget(&to);
    let check = || expect_size(&to, BIG);
    let outcome = Contest::new("download", "one file of 256 MiB", bed.rounds(5))
        .worker("kilnbox", prepare, || bed.kilnbox(&["build", &template]), check)
        .worker("packer", prepare, || bed.packer(&["build", &template]), check)
        .worker(
            "scp",
            prepare,
            || bed.scp(bed.near(), &format!("instance:{}", big.display()), &text(&to)),
            check,
        )
        // What the server needs in any case: nothing is written here.
        .contender("ssh, thrown away", || bed.discard(bed.near(), big))
        .run()
        .time_against("packer", 0.25)
        .time_against("scp", 1.2)
        .memory(64.0);
    forget(&to);
    outcome
}

fn small_files(bed: &Bed, tree: &Path) -> Outcome {
    let to = bed.instance("tree");
    let template = upload_template(bed, "small-files", bed.near(), "tree/", &to);
    // Packer's scp wants the folder; so all find one.
    let prepare = || {
        forget(&to);
        fs::create_dir(&to).expect("a folder can be made");
    };
    let check = || expect_files(&to, 1000);
    Contest::new("small files", "a tree of 1,000 files of 2 KiB", bed.rounds(9))
        .worker("kilnbox", prepare, || bed.kilnbox(&["build", &template]), check)
        .worker("packer", prepare, || bed.packer(&["build", &template]), check)
        .worker("tar over ssh", prepare, || bed.tar(bed.near(), tree, &to), check)
        .worker(
            "scp -r",
            prepare,
            || {
                bed.scp(
                    bed.near(),
                    &format!("{}/.", tree.display()),
                    &format!("instance:{}", to.display()),
                )
            },
            check,
        )
        .run()
        .time_against("packer", 0.5)
        .time_against("tar over ssh", 1.0)
}

fn huge_file(bed: &Bed) -> Outcome {
    let from = bed.local("huge");
    write_file(&from, HUGE);
    let to = bed.instance("huge");
    let template = upload_template(bed, "huge-file", bed.near(), "huge", &to);
    let outcome = Contest::new("huge file", "one file of 4 GiB", 1)
        .cold()
        .worker(
            "kilnbox",
            || {},
            || bed.kilnbox(&["build", &template]),
            || expect_size(&to, HUGE),
        )
        .run()
        .memory(64.0);
    forget(&from);
    forget(&to);
    outcome
}

/// Twice: a quarter of the files, and all of them.
fn huge_tree(bed: &Bed) -> Outcome {
    let sizes = [("quarter", 12_500), ("kilnbox", 50_000)];
    let mut contest = Contest::new("huge tree", "50,000 files, and a quarter of them", bed.rounds(1)).cold();
    for (name, count) in sizes {
        write_tree(&bed.local(name), count);
        let to = bed.instance(name);
        let template = upload_template(bed, name, bed.near(), &format!("{name}/"), &to);
        let target = to.clone();
        contest = contest.worker(
            name,
            move || {
                forget(&target);
                fs::create_dir(&target).expect("a folder can be made");
            },
            move || bed.kilnbox(&["build", &template]),
            move || expect_files(&to, count),
        );
    }
    let outcome = contest
        .run()
        .goal(
            "time against four times a quarter of it",
            |outcome| outcome.of("kilnbox").wall() / (4.0 * outcome.of("quarter").wall()),
            1.2,
            "x",
        )
        .memory(64.0);
    for (name, _) in sizes {
        forget(&bed.local(name));
        forget(&bed.instance(name));
    }
    outcome
}

/// A file of 256 MiB.
pub(crate) fn write_big(path: &Path) {
    write_file(path, BIG);
}

/// Bytes that no compression makes smaller.
fn write_file(path: &Path, size: u64) {
    let mut state = 1_u64;
    let mut file = File::create(path).expect("a file can be made");
    let mut chunk = vec![0; MIB as usize];
    for _ in 0..size / chunk.len() as u64 {
        for word in chunk.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&chunk).expect("there is room for a big file");
    }
    file.sync_all().expect("a file can be written out");
}

/// A tree of small files, a hundred to a folder.
pub(crate) fn write_tree(at: &Path, files: usize) {
    for number in 0..files {
        let folder = at.join(format!("folder-{}", number / 100));
        if number % 100 == 0 {
            fs::create_dir_all(&folder).expect("a folder can be made");
        }
        let content = format!("file {number}\n").repeat(SMALL / 7 + 1);
        fs::write(folder.join(format!("file-{number}")), &content[..SMALL]).expect("a file can be written");
    }
}

pub(crate) fn expect_size(path: &Path, size: u64) {
    let about = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(about.len(), size, "{}", path.display());
}

pub(crate) fn expect_files(at: &Path, count: usize) {
    let in_folder = |folder: &Path| fs::read_dir(folder).expect("a folder can be read").count();
    let found: usize = fs::read_dir(at)
        .expect("a folder can be read")
        .map(|folder| in_folder(&folder.expect("an entry").path()))
        .sum();
    assert_eq!(found, count, "files below {}", at.display());
}

pub(crate) fn forget(path: &Path) {
    let gone = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    assert!(
        gone.is_ok() || !path.exists(),
        "{} cannot be removed",
        path.display()
    );
}

fn text(path: &Path) -> String {
    path.to_str()
        .expect("temporary folders have plain names")
        .to_owned()
}
