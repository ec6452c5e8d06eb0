//! Every way a run can end, and its exit code: the only place that knows them.

use std::process::ExitCode;

use crate::report::Report;

/// How a run ended. All but [`Outcome::Passed`] block a pipeline; they say different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Findings at or above the threshold, or a promotion refused.
    Held,
    /// The command line, the configuration or the policy is wrong or missing.
    Usage,
    /// Something in scope could not be examined, or a tool or the network failed.
    Undecided,
}

impl Outcome {
    /// What a scan's report means. Never depends on the output format.
    pub(crate) fn of(report: &Report) -> Self {
        let held = report
            .findings()
            .any(|(_, found)| found.waived_by.is_none() && report.fail_on.is_some_and(|line| found.finding.severity >= line));
        if held {
            Self::Held
        } else if report.gaps().any(|(_, _, gap)| gap.why.undecided()) {
            Self::Undecided
        } else {
            Self::Passed
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Held => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}
