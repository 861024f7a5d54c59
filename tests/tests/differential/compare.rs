//! Compares what the two programs did with a case.

use std::iter;

use kilnbox_tests::{Kilnbox, Packer};
use similar::TextDiff;

use crate::{
    case::Case,
    facts::{Who, gather},
    ground::Ground,
};

/// Runs `case` with both programs. Gives a report if they do not do the same, or not what the case says they do.
pub(crate) fn both(case: &Case, ground: &Ground<'_>, packer: &Packer, kilnbox: &Kilnbox) -> Option<String> {
    let mut problems = Vec::new();
    let mut facts = |who| {
        let mut facts = gather(who, case, ground, packer, kilnbox);
        problems.extend(wrong_codes(case, who, &facts));
        for differs in &case.differs {
            let lines = match who {
                Who::Packer => &differs.packer,
                Who::Kilnbox => &differs.kilnbox,
            };
            problems.extend(lines.iter().filter_map(|line| {
                let line = ground.filled(line);
                // Of several runs, the later ones meet what an earlier one left.
                match facts.iter().rposition(|fact| *fact == line) {
                    Some(at) => {
                        facts.remove(at);
                        None
                    }
                    None => Some(format!(
                        "only {who:?} is said to give this line, and it does not: {line}\n"
                    )),
                }
            }));
        }
        facts.iter().map(|fact| format!("{fact}\n")).collect::<String>()
    };
    let (by_packer, by_kilnbox) = (facts(Who::Packer), facts(Who::Kilnbox));
    if by_packer != by_kilnbox {
        let diff = TextDiff::from_lines(&by_packer, &by_kilnbox);
        problems.push(
            diff.unified_diff()
                .context_radius(2)
                .header("Packer", "Kilnbox")
                .to_string(),
        );
    }
    (!problems.is_empty()).then(|| format!("## {}: {}\n{}", case.name, case.about, problems.concat()))
}

fn wrong_codes(case: &Case, who: Who, facts: &[String]) -> Vec<String> {
    // A code that is among the differences is compared there.
    let differs: Vec<&String> = case
        .differs
        .iter()
        .flat_map(|differs| iter::chain(&differs.packer, &differs.kilnbox))
        .collect();
    let codes = facts.iter().filter(|fact| fact.starts_with("exit code "));
    codes
        .enumerate()
        .filter(|(index, code)| {
            **code != format!("exit code {}", case.code(*index)) && !differs.contains(code)
        })
        .map(|(index, code)| {
            format!(
                "run {} of {who:?}: {code}, expected {}\n",
                index + 1,
                case.code(index)
            )
        })
        .collect()
}
