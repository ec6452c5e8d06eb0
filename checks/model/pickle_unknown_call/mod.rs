//! A call of a name that no pack knows, or of a known name with arguments that it is not known to be safe with.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-unknown-call",
    title: "Pickle calls a function that is on no list of known names",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Cwe(829), Ref::Atlas("AML.T0011.000"), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.unknown_calls.report(out)),
};
