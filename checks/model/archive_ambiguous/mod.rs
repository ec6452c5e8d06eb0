//! Two readers of the same archive would see different members, or different bytes in them.

use crate::{Check, Ref, Run, Severity, Stage, formats::archive::What};

pub(super) const CHECK: Check = Check {
    id: "archive-ambiguous",
    title: "Archive holds different things for different readers",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(436), Ref::Cwe(502), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Archive(|archive, _, out| archive.report(What::Ambiguous, out)),
};
