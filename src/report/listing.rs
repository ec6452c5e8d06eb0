//! What printers list, in the order they list it, and the words they share for places, steps and advice.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sluicegate_checks::{Finding, Name, Place, Step, Why};

use super::sanitise::line;
use super::{Outcome, Report, WaiverRecord};

/// A finding that is to be shown.
#[derive(Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) finding: &'a Finding,
    pub(super) waived: bool,
    pub(super) waiver: Option<&'a WaiverRecord>,
}

/// Findings at or above the reporting threshold, worst first, waived ones included.
pub(super) fn listed(report: &Report) -> Vec<Listed<'_>> {
    let mut listed: Vec<_> = report
        .findings()
        .filter(|(_, reported)| reported.finding.severity >= report.min_severity)
        .map(|(_, reported)| Listed {
            finding: &reported.finding,
            waived: reported.waived_by.is_some(),
            waiver: reported.waived_by.and_then(|index| report.waivers.get(index)),
        })
        .collect();
    listed.sort_by(|a, b| order(a.finding).cmp(&order(b.finding)));
    listed
}

fn order(it: &Finding) -> impl Ord + '_ {
    (Reverse(it.severity), &it.subject, &it.check, position(&it.place), &it.detail, &it.message)
}

/// Places in the order of the bytes.
pub(super) fn position(place: &Place) -> (u64, u64) {
    match *place {
        Place::Whole => (0, 0),
        Place::Bytes { offset, length, .. } => (offset, length),
        Place::Line { line, column } => (line, column),
    }
}

/// Something that was not, or not wholly, examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unexamined<'a> {
    pub(super) name: &'a Name,
    pub(super) detail: &'a str,
}

/// Why something was not examined; ordered so that what keeps the run from deciding comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reason {
    settled: bool,
    tame: bool,
    why: Why,
}

impl Reason {
    pub(super) fn failed(self) -> bool {
        !self.tame
    }

    pub(super) fn undecided(self) -> bool {
        !self.settled
    }

    pub(super) fn words(self) -> &'static str {
        match self.why {
            Why::NoReader => "no reader for this format",
            Why::OutOfScope => "out of scope",
            Why::Excluded => "excluded by configuration",
            Why::Encrypted => "encrypted",
            Why::OverLimit => "over a limit",
            Why::Unreadable => "unreadable",
            Why::Failed => "failed",
        }
    }
}

/// Everything that was not examined, by reason; what several checks could not be asked about stands once.
pub(super) fn unexamined(report: &Report) -> BTreeMap<Reason, Vec<Unexamined<'_>>> {
    let mut by_reason: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (subject, run, gap) in report.gaps() {
        let reason = Reason {
            settled: !gap.why.undecided(),
            tame: !matches!(run.outcome, Outcome::Failed(_)) && gap.why != Why::Failed,
            why: gap.why,
        };
        by_reason.entry(reason).or_default().push(Unexamined { name: &subject.name, detail: &gap.detail });
    }
    for list in by_reason.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    by_reason
}

/// Members as they lead inside, safe to show: `archive.zip!data.pkl`.
pub(super) fn members(name: &Name) -> String {
    line(&name.members.join("!"))
}

/// Where in the innermost bytes: "byte 137 and 2 more times (bytes 412, 500)"; empty for the whole.
pub(super) fn place(it: &Finding) -> String {
    let mut words = match it.place {
        Place::Whole => String::new(),
        Place::Bytes { offset, .. } => format!("byte {offset}"),
        Place::Line { line, column } => format!("line {line}, column {column}"),
    };
    if it.count > 1 {
        let more = it.count - 1;
        if !words.is_empty() {
            words.push_str(" and ");
        }
        words.push_str(&format!("{more} more {}", if more == 1 { "time" } else { "times" }));
        if !it.more_offsets.is_empty() {
            let offsets: Vec<_> = it.more_offsets.iter().map(u64::to_string).collect();
            let all = offsets.len() as u64 >= more;
            let word = if offsets.len() == 1 { "byte" } else { "bytes" };
            words.push_str(&format!(" ({word} {}{})", offsets.join(", "), if all { "" } else { ", …" }));
        }
    }
    words
}

/// One step in plain words: "at byte 137 calls posix.system('id')".
pub(super) fn step(step: &Step) -> String {
    let what = line(&step.what);
    if what.contains(&format!("byte {}", step.at)) { what } else { format!("at byte {} {what}", step.at) }
}

/// The part of a check's help text under this heading, without the heading.
pub(super) fn section<'a>(help: &'a str, title: &str) -> Option<&'a str> {
    help.split("## ").find_map(|part| part.strip_prefix(title)).map(str::trim).filter(|text| !text.is_empty())
}

/// What to do about a finding: the first sentence of the check's advice.
pub(super) fn advice(check: &str) -> Option<&'static str> {
    let text = section(sluicegate_checks::find(check)?.help, "What to do")?;
    let end = [". ", ".\n", ": `"].iter().filter_map(|end| text.find(end)).min();
    Some(end.and_then(|end| text.get(..end)).unwrap_or_else(|| text.trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{self, bytes, finding};

    #[test]
    fn worst_first_and_nothing_below_the_threshold() {
        let mut report = sample::report();
        let severities: Vec<_> = listed(&report).iter().map(|it| it.finding.severity).collect();
        assert!(severities.is_sorted_by(|a, b| a >= b) && severities.len() == report.findings().count());
        report.min_severity = sluicegate_checks::Severity::High;
        assert!(listed(&report).iter().all(|it| it.finding.severity >= report.min_severity));
        assert!(listed(&report).len() < severities.len());
    }

    #[test]
    fn a_waiver_that_is_not_there_still_waives() {
        let mut report = sample::report();
        report.waivers.clear();
        let waived: Vec<_> = listed(&report).into_iter().filter(|it| it.waived).collect();
        assert!(waived.len() == 1 && waived[0].waiver.is_none());
        for format in clap::ValueEnum::value_variants() {
            sample::printed(&report, *format, &crate::report::Printing::default());
        }
    }

    #[test]
    fn places_and_steps_read_as_words() {
        let mut it = finding("c", "a", &[], bytes(137), "x");
        assert_eq!(place(&it), "byte 137");
        it.count = 2;
        it.more_offsets = vec![412];
        assert_eq!(place(&it), "byte 137 and 1 more time (byte 412)");
        it.count = 9;
        it.more_offsets = vec![412, 500];
        assert_eq!(place(&it), "byte 137 and 8 more times (bytes 412, 500, …)");
        it.place = Place::Line { line: 3, column: 7 };
        it.count = 1;
        assert_eq!(place(&it), "line 3, column 7");
        assert_eq!(step(&Step { at: 5, what: "calls f('\n')".into() }), "at byte 5 calls f('\\n')");
        assert_eq!(step(&Step { at: 5, what: "breaks at byte 5: end".into() }), "breaks at byte 5: end");
    }

    #[test]
    fn every_check_has_one_sentence_of_advice() {
        for check in sluicegate_checks::all() {
            let advice = advice(check.id).unwrap();
            assert!((10..200).contains(&advice.len()), "{}: {advice:?}", check.id);
            assert_eq!(advice.matches('`').count() % 2, 0, "{}: {advice:?}", check.id);
        }
        assert_eq!(advice("no-such-check"), None);
    }

    #[test]
    fn what_keeps_from_deciding_comes_first_and_once() {
        let report = sample::report();
        let reasons: Vec<_> = unexamined(&report).keys().map(|reason| reason.undecided()).collect();
        assert!(reasons.is_sorted_by(|a, b| a >= b), "{reasons:?}");
        let all: Vec<_> = unexamined(&report).into_values().flatten().collect();
        assert_eq!(all.iter().filter(|it| it.name.path == "huge.bin").count(), 1);
    }
}
