//! `sluice explain ID`: what a check finds, why it matters, what to do.

use std::fmt::Write as _;

use sluicegate_checks::{Check, Stage, all, find};

use super::output::Failure;
use crate::spelling;

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
    let near = spelling::nearest(id, all().map(|check| check.id)).filter(|near| spelling::distance(id, near) <= 1 + id.len() / 3);
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("there is no check `{id}`{near} (`sluice checks` lists all)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_met_with_the_nearest_id() {
        assert!(unknown("pickle-borken").contains("`pickle-broken`"));
        assert!(!unknown("zzz").contains("did you mean"));
    }
}
