//! What a check is: a value that says what is wrong, how bad it is, where to read more, and how to look.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Cx, Form, Sink, formats::archive::ArchiveFacts, formats::torchscript::TorchScript, model::PickleFacts};

/// One question asked of an artefact. Everything printed about a check comes from this constant.
pub struct Check {
    /// kebab-case, says what is wrong, and is forever.
    pub id: &'static str,
    /// One line, no full stop.
    pub title: &'static str,
    /// Belongs to the check, because code scanning keeps severity on the rule: two severities are two checks.
    pub severity: Severity,
    /// The stages of a pipeline at which it is worth asking.
    pub stages: &'static [Stage],
    /// Weakness and threat catalogues.
    pub refs: &'static [Ref],
    /// Facts from outside that it cannot do without; an empty list means that it works offline.
    pub needs: &'static [Fact],
    /// The version that brought it.
    pub since: &'static str,
    /// Markdown with the sections "What it finds", "Why it matters", "What to do".
    pub help: &'static str,
    pub run: Run,
}

/// What a check looks at. The function sees one parsed form and nothing else.
#[derive(Clone, Copy)]
pub enum Run {
    Pickle(fn(&PickleFacts, &Cx, &mut Sink)),
    Archive(fn(&ArchiveFacts, &Cx, &mut Sink)),
    TorchScript(fn(&TorchScript, &Cx, &mut Sink)),
}

impl Run {
    /// Asks the question of one form; `false` if it is not a question about this kind of form.
    pub fn on(self, form: &Form, cx: &Cx, out: &mut Sink) -> bool {
        match (self, form) {
            (Self::Pickle(run), Form::Pickle(it)) => run(it, cx, out),
            (Self::Archive(run), Form::Archive(it)) => run(it, cx, out),
            (Self::TorchScript(run), Form::TorchScript(it)) => run(it, cx, out),
            _ => return false,
        }
        true
    }
}

/// How bad it is if the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where in a pipeline a question is worth asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Train,
    Evaluate,
    Deploy,
}

impl Stage {
    pub const ALL: &'static [Self] = &[Self::Train, Self::Evaluate, Self::Deploy];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Deploy => "deploy",
        }
    }
}

/// An entry in a public catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// Common Weakness Enumeration, <https://cwe.mitre.org>.
    Cwe(u16),
    /// MITRE ATLAS technique, <https://atlas.mitre.org>.
    Atlas(&'static str),
    /// OWASP Machine Learning Security Top Ten 2023, for example `ML06`.
    OwaspMl(&'static str),
}

impl Ref {
    /// The page of this entry.
    pub fn url(self) -> String {
        match self {
            Self::Cwe(number) => format!("https://cwe.mitre.org/data/definitions/{number}.html"),
            Self::Atlas(id) => format!("https://atlas.mitre.org/techniques/{id}"),
            Self::OwaspMl(_) => "https://owasp.org/www-project-machine-learning-security-top-10/".to_owned(),
        }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cwe(number) => write!(f, "CWE-{number}"),
            Self::Atlas(id) => write!(f, "MITRE ATLAS {id}"),
            Self::OwaspMl(id) => write!(f, "OWASP {id}:2023"),
        }
    }
}

/// Something from outside that a check may need. None does so far: every check works offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {}
