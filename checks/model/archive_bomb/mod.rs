//! A member that would fill memory or disk when it is unpacked.

use crate::{Check, Ref, Run, Severity, Stage, formats::archive::What};

pub(super) const CHECK: Check = Check {
    id: "archive-bomb",
    title: "Archive unpacks to far more than its size lets expect",
    severity: Severity::Medium,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(409)],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Archive(|archive, _, out| archive.report(What::Bomb, out)),
};
