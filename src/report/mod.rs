//! Everything that happened in a run: the only thing a printer sees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sluicegate_checks::model::WeightsOnly;
use sluicegate_checks::{Finding, Gap, Kind, Name, Severity, Stage};

/// A finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Version of `sluice` that made it.
    pub version: String,
    /// What was asked for: the paths of the command line, as given.
    pub roots: Vec<String>,
    pub stage: Option<Stage>,
    /// Findings at or above this severity hold; `None` is `never`.
    pub fail_on: Option<Severity>,
    /// Findings below are counted, not listed.
    pub min_severity: Severity,
    /// Checks that were asked, sorted by id.
    pub checks: Vec<String>,
    /// Every file and member looked at, sorted by name.
    pub subjects: Vec<SubjectRecord>,
    /// What was left out by ignore files or configuration: the rule, and how many files it took.
    pub excluded: BTreeMap<String, u64>,
    pub waivers: Vec<WaiverRecord>,
    /// Notes about the run itself, for a person: settings that a pull request proposes, database age, and the like.
    pub notes: Vec<String>,
    /// Seconds on the clock; 0 where reproducible output is asked for.
    pub seconds: f64,
}

/// One file or member, and every question that was asked of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SubjectRecord {
    pub name: Name,
    pub kind: Kind,
    pub size: u64,
    /// Lower-case hex; present only when something asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_only: Option<WeightsOnly>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<CheckRun>,
}

/// Proof that a question was asked of a subject, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckRun {
    /// Id of the check; [`EVERY_CHECK`] where the subject could not be examined at all.
    pub check: String,
    pub outcome: Outcome,
}

/// Stands for the check in a run that could not ask any.
pub const EVERY_CHECK: &str = "*";

/// What came of asking.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Clean,
    /// Never empty.
    Found(Vec<Reported>),
    Skipped(Gap),
    Failed(Gap),
}

/// A finding, and the waiver that covers it, if one does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reported {
    #[serde(flatten)]
    pub finding: Finding,
    /// Index into [`Report::waivers`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived_by: Option<usize>,
}

/// A waiver as the run applied it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WaiverRecord {
    pub check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    pub reason: String,
    pub owner: String,
    /// Last day on which it holds, UTC, `YYYY-MM-DD`.
    pub until: String,
    /// Where it stands: file and one-based line.
    pub file: String,
    pub line: u64,
    pub state: WaiverState,
    /// How many findings it covers.
    pub used: u64,
}

/// Whether a waiver counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaiverState {
    Active,
    Expired,
    /// Added by the change under review: shown, without effect.
    Proposed,
}

/// The numbers every printer ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files and members looked at.
    pub subjects: u64,
    /// Of them, those with a gap: not, or not wholly, examined.
    pub skipped: u64,
    pub failed: u64,
    pub waived: u64,
    pub critical: u64,
    pub high: u64,
    pub medium: u64,
    pub low: u64,
}

impl Report {
    /// All findings with the record they belong to, in order, waived ones included.
    pub fn findings(&self) -> impl Iterator<Item = (&SubjectRecord, &Reported)> {
        self.subjects.iter().flat_map(|subject| subject.runs.iter().map(move |run| (subject, run))).flat_map(|(subject, run)| {
            let found = if let Outcome::Found(found) = &run.outcome { found.as_slice() } else { &[] };
            found.iter().map(move |reported| (subject, reported))
        })
    }

    /// All gaps with the record they belong to, in order.
    pub fn gaps(&self) -> impl Iterator<Item = (&SubjectRecord, &CheckRun, &Gap)> {
        self.subjects.iter().flat_map(|subject| subject.runs.iter().map(move |run| (subject, run))).filter_map(
            |(subject, run)| match &run.outcome {
                Outcome::Skipped(gap) | Outcome::Failed(gap) => Some((subject, run, gap)),
                Outcome::Clean | Outcome::Found(_) => None,
            },
        )
    }

    pub fn totals(&self) -> Totals {
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
