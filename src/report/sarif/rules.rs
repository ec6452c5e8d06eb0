//! All rules, not only those that fired: that is what closes an alert once its finding is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use serde_sarif::sarif::{MultiformatMessageString, ReportingConfiguration, ReportingDescriptor, ResultLevel};
use sluicegate_checks::{Check, Ref, Severity};

use super::super::listing::section;
use super::super::{Report, sanitise};
use super::{MAX_TEXT, bag, text};

/// GitHub and GitLab read no more.
const MAX_TAGS: usize = 10;

/// Rules by id; their order is that of the driver's list.
pub(super) struct Rules<'a> {
    checks: BTreeMap<&'a str, Option<&'static Check>>,
    /// Of rules that this version does not know: a report may come from another.
    severities: BTreeMap<&'a str, Severity>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let mut checks: BTreeMap<&str, _> = sluicegate_checks::all().map(|check| (check.id, Some(check))).collect();
        let mut severities = BTreeMap::new();
        for (_, it) in report.findings() {
            let id = it.finding.check.as_str();
            if checks.entry(id).or_default().is_none() {
                let severity = severities.entry(id).or_insert(it.finding.severity);
                *severity = it.finding.severity.max(*severity);
            }
        }
        Self { checks, severities }
    }

    /// Place of a rule in the driver's list.
    pub(super) fn indices(&self) -> BTreeMap<&'a str, i64> {
        self.checks.keys().copied().zip(0..).collect()
    }

    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        self.checks
            .iter()
            .map(|(id, check)| match check {
                Some(check) => known(check),
                None => unknown(id, self.severities.get(id).copied().unwrap_or(Severity::Medium)),
            })
            .collect()
    }
}

fn known(check: &Check) -> ReportingDescriptor {
    let finds = section(check.help, "What it finds").unwrap_or(check.title);
    let help = MultiformatMessageString::builder().text(plain(check.help)).markdown(check.help).build();
    let tags: BTreeSet<String> = check.refs.iter().copied().flat_map(tags).collect();
    // CWE first: a viewer cuts the list.
    let (cwe, other): (Vec<_>, Vec<_>) = tags.into_iter().partition(|tag| tag.contains("cwe"));
    let tags = std::iter::once("security".to_owned()).chain(cwe).chain(other).take(MAX_TAGS).collect();
    let mut descriptor = descriptor(check.id, check.severity, tags, check.title, finds, help);
    descriptor.help_uri = check.refs.first().map(|reference| reference.url());
    descriptor
}

fn unknown(id: &str, severity: Severity) -> ReportingDescriptor {
    let title = format!("A check that this version of sluice does not know: {}", text(id));
    let help = MultiformatMessageString::builder().text(title.clone()).build();
    descriptor(id, severity, vec!["security".to_owned()], &title, &title, help)
}

fn descriptor(
    id: &str,
    severity: Severity,
    tags: Vec<String>,
    title: &str,
    finds: &str,
    help: MultiformatMessageString,
) -> ReportingDescriptor {
    let one = |text: String| MultiformatMessageString::builder().text(text).build();
    let level = ReportingConfiguration::builder().level(json!(level(severity))).build();
    ReportingDescriptor::builder()
        .id(id)
        .name(pascal(id))
        .short_description(one(format!("{title}.")))
        .full_description(one(sanitise::cut(plain(finds), MAX_TEXT)))
        .help(help)
        .default_configuration(level)
        .properties(bag(
            tags,
            vec![
                ("precision", precision(severity).into()),
                // A string by GitHub's contract; a number makes it refuse the file.
                ("security-severity", security_severity(severity).into()),
            ],
        ))
        .build()
}

pub(super) fn level(severity: Severity) -> ResultLevel {
    match severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
    }
}

/// In the middle of the bands that both platforms draw (from 9, 7, 4 and 0.1).
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

/// What is reported at the default threshold is meant to be acted on; below it stand names that are merely unknown.
fn precision(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
    }
}

/// GitHub shows `external/cwe/cwe-502`, with three digits at least; GitLab reads `cwe-502`.
fn tags(reference: Ref) -> Vec<String> {
    match reference {
        Ref::Cwe(number) => vec![format!("external/cwe/cwe-{number:03}"), format!("cwe-{number}")],
        Ref::Atlas(id) => vec![format!("mitre-atlas/{id}")],
        Ref::OwaspMl(id) => vec![format!("owasp-ml/{id}")],
    }
}

/// `pickle-dangerous-call` as `PickleDangerousCall`, the form SARIF wants for names.
fn pascal(id: &str) -> String {
    id.split('-')
        .filter_map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>())
        })
        .collect()
}

/// Help text without the marks of its headings.
fn plain(markdown: &str) -> String {
    markdown.trim().replace("\n## ", "\n").trim_start_matches("## ").to_owned()
}
