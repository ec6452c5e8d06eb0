//! Bytes behind the last pickle of a file: not read by loaders, and room for whatever else.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-trailing-bytes",
    title: "Bytes follow the pickle that no unpickler reads",
    severity: Severity::Low,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(506), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.trailing.report(out)),
};
