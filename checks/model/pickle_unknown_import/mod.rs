//! An unknown name is imported and neither called nor built.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-unknown-import",
    title: "Pickle imports a name that is on no list",
    severity: Severity::Low,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Cwe(829), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.unknown_imports.report(out)),
};
