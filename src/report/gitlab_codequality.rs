//! GitLab's code-quality report: what the free merge-request widget shows.
//!
//! The form is the subset of the Code Climate specification that GitLab documents; the widget shows results with
//! an equal fingerprint once, and knows no waivers, so that waived findings are left out.

use std::io::{self, Write};

use serde::Serialize;
use sluicegate_checks::{Finding, Place, Severity};

use super::fingerprint::{Fingerprint, Ordinals};
use super::listing::{listed, members, place};
use super::sanitise::{self, short};
use super::{Printing, Report};

/// More would only make the file too large to be taken; the worst come first.
const MAX_ISSUES: usize = 5_000;
const MAX_DESCRIPTION: usize = 1_000;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

pub(super) fn print(report: &Report, _: &Printing, out: &mut dyn Write) -> io::Result<()> {
    let mut ordinals = Ordinals::default();
    // Counted before waived ones are left out, so that a finding keeps its fingerprint when the waiver of another ends.
    let mut issues: Vec<Issue<'_>> = listed(report)
        .into_iter()
        .map(|it| (it, fingerprint(it.finding, &mut ordinals)))
        .filter(|(it, _)| !it.waived)
        .map(|(it, fingerprint)| issue(it.finding, fingerprint))
        .collect();
    let more = issues.len().saturating_sub(MAX_ISSUES);
    if more > 0 {
        // It needs a file to stand in: that of the first one that it counts.
        let path = issues.drain(MAX_ISSUES - 1..).next().map_or_else(String::new, |issue| issue.location.path);
        issues.push(Issue {
            description: format!("{} more findings are not listed here; the report as JSON lists all.", more + 1),
            check_name: "more-findings",
            fingerprint: Fingerprint::of("more-findings", "", []).long(),
            severity: "info",
            location: Location { path, lines: Lines { begin: 1 } },
        });
    }
    let text = serde_json::to_string_pretty(&issues)?;
    writeln!(out, "{}", sanitise::json(&text))
}

fn fingerprint(it: &Finding, ordinals: &mut Ordinals) -> String {
    let fingerprint = Fingerprint::of(&it.check, &it.subject.path, [it]);
    match ordinals.next(fingerprint) {
        1 => fingerprint.long(),
        ordinal => format!("{}:{ordinal}", fingerprint.long()),
    }
}

fn issue(it: &Finding, fingerprint: String) -> Issue<'_> {
    let mut description = sanitise::line(&it.message);
    let place = place(it);
    if !it.subject.members.is_empty() {
        description.push_str(&format!(" In {}.", members(&it.subject)));
    }
    // The widget shows the line of a text itself.
    if !place.is_empty() && line(it).is_none() {
        description.push_str(&format!(" At {place}."));
    }
    Issue {
        description: short(&description, MAX_DESCRIPTION),
        check_name: &it.check,
        fingerprint,
        severity: match it.severity {
            Severity::Critical => "blocker",
            Severity::High => "critical",
            Severity::Medium => "major",
            Severity::Low => "minor",
        },
        location: Location { path: path(&it.subject.path), lines: Lines { begin: line(it).unwrap_or(1) } },
    }
}

/// The line in the file itself, if the file is a text.
fn line(it: &Finding) -> Option<u64> {
    match it.place {
        Place::Line { line, .. } if it.subject.members.is_empty() => Some(line.max(1)),
        _ => None,
    }
}

/// GitLab wants a path relative to the repository, without `./`.
fn path(path: &str) -> String {
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    sanitise::line(&parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::report::{Format, sample};

    fn printed(report: &Report) -> Vec<Value> {
        let text = sample::printed(report, Format::GitlabCodequality, &Printing::default());
        let value: Value = serde_json::from_str(&text).unwrap();
        let schema = include_str!("../../tests/schemas/gitlab-codequality.json");
        let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        value.as_array().unwrap().clone()
    }

    #[test]
    fn the_schema_refuses_what_gitlab_would() {
        let schema: Value = serde_json::from_str(include_str!("../../tests/schemas/gitlab-codequality.json")).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let good = printed(&sample::report());
        for field in ["description", "fingerprint", "severity", "location", "check_name"] {
            let mut bad = good.clone();
            bad[0].as_object_mut().unwrap().remove(field);
            assert!(!validator.is_valid(&Value::from(bad)), "{field}");
        }
        let mut bad = good.clone();
        bad[0]["severity"] = "high".into();
        assert!(!validator.is_valid(&Value::from(bad)));
        let mut bad = good;
        bad[0]["location"]["path"] = "./x".into();
        assert!(!validator.is_valid(&Value::from(bad)));
    }

    #[test]
    fn lists_every_open_finding_once() {
        let report = sample::report();
        let issues = printed(&report);
        let open = report.findings().filter(|(_, it)| it.waived_by.is_none()).count();
        assert_eq!(issues.len(), open);
        let fingerprints: BTreeSet<_> = issues.iter().map(|it| it["fingerprint"].as_str().unwrap()).collect();
        assert_eq!(fingerprints.len(), issues.len());
        assert!(issues.iter().all(|it| it["location"]["path"] != "models/own.pkl"), "a waived finding is shown");
    }

    #[test]
    fn maps_severities_and_lines() {
        let issues = printed(&sample::report());
        let of = |check: &str| issues.iter().find(|it| it["check_name"] == check).unwrap();
        assert_eq!(of("pickle-dangerous-call")["severity"], "blocker");
        assert_eq!(of("pickle-unknown-call")["severity"], "critical");
        assert_eq!(of("pickle-unknown-class")["severity"], "major");
        assert_eq!(of("pickle-unknown-import")["severity"], "minor");
        assert_eq!(of("torchscript-side-effect")["location"]["lines"]["begin"], 3);
        assert_eq!(of("pickle-dangerous-call")["location"]["lines"]["begin"], 1);
        assert_eq!(
            of("pickle-dangerous-call")["description"],
            "Loading this file calls builtins.open. In archive/data.pkl. At byte 90."
        );
    }

    #[test]
    fn stays_below_the_limit_and_says_so() {
        let issues = printed(&sample::many(6_000));
        assert_eq!(issues.len(), MAX_ISSUES);
        let last = issues.last().unwrap();
        assert_eq!(last["description"], "1001 more findings are not listed here; the report as JSON lists all.");
        assert_eq!(issues[0]["severity"], "blocker");
        assert_eq!(printed(&sample::clean()), Vec::<Value>::new());
    }

    #[test]
    fn paths_are_relative() {
        assert_eq!(path("./a//b/./c"), "a/b/c");
        assert_eq!(path("/etc/passwd"), "etc/passwd");
        assert_eq!(path("a\nb"), "a\\nb");
    }
}
