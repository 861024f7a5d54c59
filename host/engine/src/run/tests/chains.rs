//! The table of what post-processor chains keep and remove.

use super::fakes::{Act, Bed, component};

#[tokio::test]
async fn chains_keep_and_remove_what_they_should() {
    // Name marks: see `Component`. `F` fails.
    for (chains, keep_input, listed, destroyed) in [
        (vec![], None, Some(vec!["image"]), vec![]),
        (vec![vec!["p"]], None, Some(vec!["p's"]), vec!["image"]),
        (vec![vec!["p+"]], None, Some(vec!["image", "p+'s"]), vec![]),
        (vec![vec!["p+"]], Some(false), Some(vec!["p+'s"]), vec!["image"]),
        (vec![vec!["p!"]], Some(false), Some(vec!["image", "p!'s"]), vec![]),
        (vec![vec!["p"]], Some(true), Some(vec!["image", "p's"]), vec![]),
        (vec![vec!["p=!"]], None, Some(vec!["image"]), vec![]),
        (vec![vec!["p="]], None, Some(vec!["image"]), vec![]),
        (vec![vec!["p=", "q"]], None, Some(vec!["q's"]), vec!["image"]),
        (vec![vec!["p=!", "q"]], None, Some(vec!["image", "q's"]), vec![]),
        (
            vec![vec!["p", "q"]],
            None,
            Some(vec!["q's"]),
            vec!["p's", "image"],
        ),
        (
            vec![vec!["p", "q=!", "r"]],
            None,
            Some(vec!["p's", "r's"]),
            vec!["image"],
        ),
        (
            vec![vec!["p", "q+"]],
            None,
            Some(vec!["p's", "q+'s"]),
            vec!["image"],
        ),
        (
            vec![vec!["p"], vec!["q+"]],
            None,
            Some(vec!["image", "p's", "q+'s"]),
            vec![],
        ),
        (vec![vec!["F"]], None, None, vec![]),
        (vec![vec!["p", "q", "F"]], None, None, vec![]),
        (vec![vec!["F"], vec!["p", "q"]], None, None, vec!["p's"]),
    ] {
        let mut bed = Bed::new();
        let log = bed.log.clone();
        let planned = chains.iter().map(|chain: &Vec<&'static str>| {
            let steps = chain.iter().map(|name| {
                let mut step = component(name, if *name == "F" { Act::Fail } else { Act::Succeed }, &log);
                step.keep_input = keep_input;
                step
            });
            steps.collect()
        });
        bed.build("a", &[("Capture", Act::Capture)]).chains = planned.collect();
        let (summary, log, _) = bed.run().await;
        let what = format!("{chains:?} {keep_input:?}");
        let got: Vec<_> = log
            .iter()
            .filter_map(|line| line.strip_prefix("destroy "))
            .collect();
        assert_eq!(got, destroyed, "removed by {what}");
        match &summary.builds[0].result {
            Ok(artifacts) => {
                let names: Vec<String> = artifacts.iter().map(|artifact| artifact.id()).collect();
                assert_eq!(
                    Some(names),
                    listed.map(|names| names.into_iter().map(str::to_owned).collect()),
                    "{what}"
                );
            }
            Err(error) => {
                assert_eq!(
                    (error.as_str(), &listed),
                    ("1 error(s) occurred:\n\n* Post-processor failed: broken 1", &None),
                    "{what}"
                );
            }
        }
    }
}
