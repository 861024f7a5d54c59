//! Every input that the fuzzer kept, once through the property it was made for, so that no corpus rots.
//!
//! `scripts/fuzz` looks for new ones; an input that broke something stays in the corpus, and in a test of its crate.

use std::{fs, path::PathBuf};

use kilnbox_properties::ALL;
use kilnbox_tests::repository;

fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = repository().join("fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

/// One after the other, so that the last name printed is that of the input which broke something.
#[test]
fn every_kept_input_keeps_its_property() {
    for (name, check) in ALL {
        let files = corpus(name);
        assert!(files.len() >= 10, "{name}: only {} inputs", files.len());
        for file in files {
            println!("{}", file.display());
            check(&fs::read(&file).unwrap());
        }
    }
}

/// A folder without a property would never be run.
#[test]
fn every_target_has_a_property_and_a_corpus() {
    let names = |folder: &str| {
        let entries = fs::read_dir(repository().join("fuzz").join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| {
                PathBuf::from(entry.unwrap().file_name())
                    .file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    };
    let properties: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("corpus"), properties);
    assert_eq!(names("fuzz_targets"), properties);
}

/// The corpus is small enough to be kept beside the code.
#[test]
fn the_corpus_stays_small() {
    for (name, _) in ALL {
        let files = corpus(name);
        let size: u64 = files.iter().map(|file| fs::metadata(file).unwrap().len()).sum();
        assert!(files.len() <= 300, "{name}: {} files", files.len());
        assert!(size <= 600 << 10, "{name}: {size} bytes");
    }
}
