//! Kilnbox against Packer and OpenSSH's own tools, on this machine, over a real `sshd`.
//!
//! Every job is a [`contest`]: contenders that do the same work take turns, so that a noisy minute hits all of them,
//! and what is judged is the ratio of their medians. [`jobs`] says what is measured and which goals are set; nothing
//! here fails for being slow, a goal that is missed is said. Results go to `benches/results/`.

mod bed;
mod contest;
mod jobs;
mod machine;
mod measure;
mod report;

use std::{fs, path::PathBuf};

use clap::Parser;
use kilnbox_tests::repository;

use crate::{bed::Bed, machine::Machine, report::Report};

/// Measures Kilnbox beside its peers.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:\n  make bench\n  make bench ARGS='--only validate --only steps'")]
struct Args {
    /// Runs these jobs alone, and leaves the kept results as they are.
    #[arg(long, value_name = "JOB", value_parser = clap::builder::PossibleValuesParser::new(jobs::NAMES))]
    only: Vec<String>,
    /// Rounds of every contest, in place of each job's own number.
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Where results are kept.
    #[arg(long, value_name = "FOLDER", default_value_os_t = repository().join("benches/results"))]
    results: PathBuf,
}

fn main() {
    let args = Args::parse();
    let bed = Bed::new(args.rounds);
    let mut report = Report::new(Machine::describe());
    println!("{}", report.machine);
    for name in jobs::NAMES {
        if args.only.is_empty() || args.only.iter().any(|only| only == name) {
            for outcome in jobs::run(name, &bed) {
                println!("\n{outcome}");
                report.outcomes.push(outcome);
            }
        }
    }
    println!("\n{}", report.verdict());
    if args.only.is_empty() {
        fs::create_dir_all(&args.results).expect("the folder for results can be made");
        let keep = |name: &str, text: String| {
            let path = args.results.join(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            println!("kept in {}", path.display());
        };
        keep("latest.json", report.json());
        keep("latest.md", report.markdown());
    }
}
