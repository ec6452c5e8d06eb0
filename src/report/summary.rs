//! The sentences every person reads last: how much was looked at, what was found, and what follows from it.

use crate::outcome;

use super::listing::unexamined;
use super::{Report, Totals};

/// A number with its noun: "1 file", "2 files".
pub(super) fn number(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// "1 critical, 2 high, 0 medium, 3 low".
pub(super) fn severities(totals: &Totals) -> String {
    let Totals { critical, high, medium, low, .. } = totals;
    format!("{critical} critical, {high} high, {medium} medium, {low} low")
}

/// "Scanned 14 files and members in 1.2 s: 3 not wholly examined, 1 failed, 5 left out."
pub(super) fn scanned(report: &Report) -> String {
    let totals = report.totals();
    let mut sentence = format!("Scanned {}", number(totals.subjects, "file or member", "files and members"));
    if report.seconds > 0.0 {
        sentence.push_str(&format!(" in {:.1} s", report.seconds));
    }
    sentence.push_str(&format!(": {} skipped, {} failed", totals.skipped, totals.failed));
    let left_out: u64 = report.excluded.values().fold(0, |sum, count| sum.saturating_add(*count));
    if left_out > 0 {
        sentence.push_str(&format!(", {left_out} left out by rule"));
    }
    sentence.push('.');
    sentence
}

/// "Findings: 1 critical, 2 high, 0 medium, 3 low; 1 waived; 3 below medium are not listed."
pub(super) fn found(report: &Report) -> String {
    let totals = report.totals();
    let mut sentence = format!("Findings: {}", severities(&totals));
    if totals.waived > 0 {
        sentence.push_str(&format!("; {} waived", totals.waived));
    }
    let below = report.findings().filter(|(_, it)| it.finding.severity < report.min_severity).count();
    if below > 0 {
        let are = if below == 1 { "is" } else { "are" };
        sentence.push_str(&format!("; {below} below {} {are} not listed", report.min_severity));
    }
    sentence.push('.');
    sentence
}

/// How the run ended: one word, and why.
pub(super) fn verdict(report: &Report) -> (&'static str, String) {
    let undecided: Vec<String> = unexamined(report)
        .iter()
        .filter(|(reason, _)| reason.undecided())
        .map(|(reason, list)| format!("{} {}", list.len(), reason.words()))
        .collect();
    match outcome::Outcome::of(report) {
        outcome::Outcome::Passed => match report.fail_on {
            Some(line) => ("passed", format!("no finding at or above {line}")),
            None => ("passed", "no finding holds a run whose threshold is never".to_owned()),
        },
        outcome::Outcome::Held => {
            let line = report.fail_on;
            let held = report
                .findings()
                .filter(|(_, it)| it.waived_by.is_none() && line.is_some_and(|line| it.finding.severity >= line))
                .count();
            let mut why = number(held as u64, "finding", "findings");
            if let Some(line) = line {
                why.push_str(&format!(" at or above {line}"));
            }
            if !undecided.is_empty() {
                why.push_str(&format!("; not examined: {}", undecided.join(", ")));
            }
            ("held", why)
        }
        outcome::Outcome::Undecided => ("could not decide", format!("not examined: {}", undecided.join(", "))),
        outcome::Outcome::Usage => ("could not run", "the command line or the configuration is wrong".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use sluicegate_checks::Severity;

    #[test]
    fn says_why() {
        let mut report = sample::report();
        assert_eq!(verdict(&report), ("held", "5 findings at or above high; not examined: 1 failed, 1 over a limit".into()));
        report.fail_on = None;
        assert_eq!(verdict(&report), ("could not decide", "not examined: 1 failed, 1 over a limit".into()));
        assert_eq!(verdict(&sample::clean()), ("passed", "no finding at or above high".into()));
    }

    #[test]
    fn counts_what_is_not_listed() {
        let mut report = sample::report();
        assert_eq!(found(&report), "Findings: 2 critical, 3 high, 1 medium, 1 low; 1 waived.");
        assert_eq!(scanned(&report), "Scanned 9 files and members in 1.5 s: 2 skipped, 1 failed, 5 left out by rule.");
        report.min_severity = Severity::High;
        assert_eq!(found(&report), "Findings: 2 critical, 3 high, 1 medium, 1 low; 1 waived; 2 below high are not listed.");
        assert_eq!(scanned(&sample::clean()), "Scanned 1 file or member: 0 skipped, 0 failed.");
    }
}
