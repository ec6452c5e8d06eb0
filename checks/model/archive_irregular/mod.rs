//! Damage or forgery that strict readers refuse and lenient readers load.

use crate::{Check, Ref, Run, Severity, Stage, formats::archive::What};

pub(super) const CHECK: Check = Check {
    id: "archive-irregular",
    title: "Archive breaks the rules of its format",
    severity: Severity::Medium,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(436)],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Archive(|archive, _, out| archive.report(What::Irregular, out)),
};
