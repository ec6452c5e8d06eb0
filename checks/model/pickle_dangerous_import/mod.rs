//! A dangerous name that the pickle imports but does not call itself: it may be called later.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-dangerous-import",
    title: "Pickle imports a dangerous name without calling it",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Atlas("AML.T0011.000"), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.dangerous_imports.report(out)),
};
