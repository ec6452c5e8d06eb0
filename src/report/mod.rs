//! Everything that happened in a run: the only thing a printer sees.
#![expect(
    clippy::format_push_string,
    reason = "a sentence is built once for each finding; `write!` would need an error that cannot be"
)]

mod fingerprint;
mod github_annotations;
mod gitlab_codequality;
mod json;
mod listing;
mod markdown;
#[cfg(test)]
mod sample;
mod sanitise;
mod sarif;
mod summary;
mod text;
mod uri;

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sluicegate_checks::model::WeightsOnly;
use sluicegate_checks::{Finding, Gap, Kind, Name, Severity, Stage};

pub(crate) use json::read;

/// What a report can be printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Sarif,
    GitlabCodequality,
    Markdown,
    GithubAnnotations,
}

/// How it is printed; never what it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printing {
    pub(crate) colour: bool,
    /// Only what needs attention: no notes, no list of what was skipped.
    pub(crate) quiet: bool,
    /// Leave waived findings out of SARIF, because GitHub shows them as open.
    pub(crate) sarif_for_github: bool,
    /// First part of SARIF's `automationDetails.id`; the same on every run of a job.
    pub(crate) category: String,
}

/// Prints `report`.
pub(crate) fn print(report: &Report, format: Format, printing: &Printing, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text => text::print(report, printing, out),
        Format::Json => json::print(report, printing, out),
        Format::Sarif => sarif::print(report, printing, out),
        Format::GitlabCodequality => gitlab_codequality::print(report, printing, out),
        Format::Markdown => markdown::print(report, printing, out),
        Format::GithubAnnotations => github_annotations::print(report, printing, out),
    }
}

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Report {
    /// Version of `sluice` that made it.
    pub(crate) version: String,
    /// What was asked for: the paths of the command line, as given.
    pub(crate) roots: Vec<String>,
    /// The configuration file that counted, as shown to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) configuration: Option<String>,
    pub(crate) stage: Option<Stage>,
    /// Findings at or above this severity hold; `None` is `never`.
    pub(crate) fail_on: Option<Severity>,
    /// Findings below are counted, not listed; the report as JSON is the record, and holds them too.
    pub(crate) min_severity: Severity,
    /// Checks that were asked, sorted by id.
    pub(crate) checks: Vec<String>,
    /// Every file and member looked at, sorted by name.
    pub(crate) subjects: Vec<SubjectRecord>,
    /// What was left out by ignore files or configuration: the rule, and how many files it took.
    pub(crate) excluded: BTreeMap<String, u64>,
    pub(crate) waivers: Vec<WaiverRecord>,
    /// Notes about the run itself, for a person: settings that a pull request proposes, database age, and the like.
    pub(crate) notes: Vec<String>,
    /// Seconds on the clock; 0 where reproducible output is asked for.
    pub(crate) seconds: f64,
}

/// One file or member, and every question that was asked of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct SubjectRecord {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    /// Lower-case hex; present only when something asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weights_only: Option<WeightsOnly>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) runs: Vec<CheckRun>,
}

/// Proof that a question was asked of a subject, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct CheckRun {
    /// Id of the check; `*` where the subject could not be examined at all.
    pub(crate) check: String,
    pub(crate) outcome: Outcome,
}

/// Stands for the check in a run that could not ask any.
pub(crate) const EVERY_CHECK: &str = "*";

/// What came of asking.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Clean,
    /// Never empty.
    Found(Vec<Reported>),
    Skipped(Gap),
    Failed(Gap),
}

/// A finding, and the waiver that covers it, if one does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reported {
    #[serde(flatten)]
    pub(crate) finding: Finding,
    /// Index into the report's `waivers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waived_by: Option<usize>,
}

/// A waiver as the run applied it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct WaiverRecord {
    pub(crate) check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    pub(crate) reason: String,
    pub(crate) owner: String,
    /// Last day on which it holds, UTC, `YYYY-MM-DD`.
    pub(crate) until: String,
    /// Where it stands: file and one-based line.
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) state: WaiverState,
    /// How many findings it covers.
    pub(crate) used: u64,
}

/// Whether a waiver counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WaiverState {
    Active,
    Expired,
    /// Added by the change under review: shown, without effect.
    Proposed,
}

/// The numbers every printer ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Totals {
    /// Files and members looked at.
    pub(crate) subjects: u64,
    /// Of them, those with a gap: not, or not wholly, examined.
    pub(crate) skipped: u64,
    pub(crate) failed: u64,
    pub(crate) waived: u64,
    pub(crate) critical: u64,
    pub(crate) high: u64,
    pub(crate) medium: u64,
    pub(crate) low: u64,
}

impl Report {
    /// All findings with the record they belong to, in order, waived ones included.
    pub(crate) fn findings(&self) -> impl Iterator<Item = (&SubjectRecord, &Reported)> {
        self.subjects.iter().flat_map(|subject| subject.runs.iter().map(move |run| (subject, run))).flat_map(|(subject, run)| {
            let found = if let Outcome::Found(found) = &run.outcome { found.as_slice() } else { &[] };
            found.iter().map(move |reported| (subject, reported))
        })
    }

    /// All gaps with the record they belong to, in order.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (&SubjectRecord, &CheckRun, &Gap)> {
        self.subjects.iter().flat_map(|subject| subject.runs.iter().map(move |run| (subject, run))).filter_map(
            |(subject, run)| match &run.outcome {
                Outcome::Skipped(gap) | Outcome::Failed(gap) => Some((subject, run, gap)),
                Outcome::Clean | Outcome::Found(_) => None,
            },
        )
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals { subjects: self.subjects.len() as u64, ..Totals::default() };
        for subject in &self.subjects {
            let failed = subject.runs.iter().any(|run| matches!(run.outcome, Outcome::Failed(_)));
            let skipped = subject.runs.iter().any(|run| matches!(run.outcome, Outcome::Skipped(_)));
            totals.failed += u64::from(failed);
            totals.skipped += u64::from(skipped && !failed);
        }
        for (_, reported) in self.findings() {
            match (reported.waived_by, reported.finding.severity) {
                (Some(_), _) => totals.waived += 1,
                (None, Severity::Critical) => totals.critical += 1,
                (None, Severity::High) => totals.high += 1,
                (None, Severity::Medium) => totals.medium += 1,
                (None, Severity::Low) => totals.low += 1,
            }
        }
        totals
    }
}
