//! What a check says: a finding with a place, and a gap where nothing could be asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Check, Name, Severity};

/// An answer with a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Id of the check.
    pub check: String,
    pub severity: Severity,
    pub confidence: Confidence,
    /// What it was found in: the file, and the members that lead to the bytes.
    pub subject: Name,
    pub place: Place,
    /// One sentence, the finding first.
    pub message: String,
    /// What identifies this finding among others of the same check and file, whatever the offsets: usually the name called.
    pub detail: String,
    /// How the bytes lead there, in plain words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trail: Vec<Step>,
    /// How often the same thing was seen in this artefact (at least 1), of which `more_offsets` lists the next few.
    pub count: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_offsets: Vec<u64>,
}

/// Where in the subject's own bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The artefact as a whole.
    Whole,
    /// Bytes of the innermost member, from its beginning. `in_file` is the same place counted from the
    /// beginning of the file, known only where every container on the way stores its members uncompressed.
    Bytes { offset: u64, length: u64, in_file: Option<u64> },
    /// One-based line and column of a text.
    Line { line: u64, column: u64 },
}

/// One step of a trail: "at byte 137 calls posix.system('id')".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    pub at: u64,
    pub what: String,
}

/// How sure the check is. Severity says how bad it would be; this says how likely it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// What could not be examined, and why. It stands in every report and a policy can hold on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gap {
    pub why: Why,
    /// One line for a person: "recognised as GGUF, not examined".
    pub detail: String,
}

/// Why something was not examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Recognised, but no reader looks into this format (yet).
    NoReader,
    /// Not in scope by rule: a link that leads outside, a socket, a pipe, a device.
    OutOfScope,
    /// Excluded by the user's ignore files or configuration.
    Excluded,
    /// Encrypted content.
    Encrypted,
    /// In scope, but larger, deeper or more numerous than a limit allows.
    OverLimit,
    /// In scope, but the operating system or a decompressor would not give its bytes.
    Unreadable,
    /// A defect of ours, a crash, a stall or too little memory while it was examined.
    Failed,
}

impl Why {
    /// Whether the run could not decide because of it (exit code 3). The others are counted and shown, and hold only under a policy.
    pub fn undecided(self) -> bool {
        matches!(self, Self::Encrypted | Self::OverLimit | Self::Unreadable | Self::Failed)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoReader => "no-reader",
            Self::OutOfScope => "out-of-scope",
            Self::Excluded => "excluded",
            Self::Encrypted => "encrypted",
            Self::OverLimit => "over-limit",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Findings of one check on one artefact, on their way out.
pub struct Sink<'a> {
    check: &'static Check,
    subject: &'a Name,
    findings: Vec<Finding>,
}

impl<'a> Sink<'a> {
    pub fn new(check: &'static Check, subject: &'a Name) -> Self {
        Self { check, subject, findings: Vec::new() }
    }

    /// Reports with full confidence; the returned finding can be given a trail, a count or a lower confidence.
    pub fn report(&mut self, place: Place, message: impl Into<String>, detail: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding {
            check: self.check.id.to_owned(),
            severity: self.check.severity,
            confidence: Confidence::High,
            subject: self.subject.clone(),
            place,
            message: message.into(),
            detail: detail.into(),
            trail: Vec::new(),
            count: 1,
            more_offsets: Vec::new(),
        });
        let last = self.findings.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "pushed on the line above")]
        &mut self.findings[last]
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
