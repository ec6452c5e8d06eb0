//! A call whose target cannot be told from the bytes: the result of another call, a computed name, an extension code, a persistent id.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-unresolvable-call",
    title: "Pickle calls something that only exists while it is loaded",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Atlas("AML.T0011.000"), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.unresolvable_calls.report(out)),
};
