//! `sluice explain ID`: what a check finds, why it matters, what to do.

use std::fmt::Write as _;

use sluicegate_checks::{Check, Stage, all, find};

use super::output::Failure;

pub(crate) fn run(id: &str) -> Result<String, Failure> {
    find(id).map(text).ok_or_else(|| Failure::usage(unknown(id)))
}

fn text(check: &Check) -> String {
    let mut text = format!("# {}\n\n{}\n\n", check.id, check.title);
    let stages: Vec<_> = check.stages.iter().map(|stage| Stage::as_str(*stage)).collect();
    _ = writeln!(text, "Severity: {} · Stages: {} · Since: {}", check.severity, stages.join(", "), check.since);
    text.push('\n');
    text.push_str(check.help.trim_end());
    text.push_str("\n\n## References\n");
    for reference in check.refs {
        _ = writeln!(text, "* {reference}: {}", reference.url());
    }
    text
}

/// What is said of an id that no check has.
pub(crate) fn unknown(id: &str) -> String {
    let near = all().map(|check| (distance(id, check.id), check.id)).min().filter(|(distance, _)| *distance <= 1 + id.len() / 3);
    let near = near.map(|(_, near)| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("there is no check `{id}`{near} (`sluice checks` lists all)")
}

/// Levenshtein's distance in bytes.
fn distance(one: &str, two: &str) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(two.bytes()) {
            let above = *cell;
            left = (corner + usize::from(a != b)).min(above + 1).min(left + 1);
            corner = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, two, far) in [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0), ("flaw", "lawn", 2)] {
            assert_eq!(distance(one, two), far, "{one} {two}");
        }
    }

    #[test]
    fn a_typing_error_is_met_with_the_nearest_id() {
        assert!(unknown("pickle-borken").contains("`pickle-broken`"));
        assert!(!unknown("zzz").contains("did you mean"));
    }
}
