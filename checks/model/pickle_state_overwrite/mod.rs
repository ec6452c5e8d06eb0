//! BUILD and SETITEM are meant for fresh objects. On a module, class or function they change the process.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-state-overwrite",
    title: "Pickle writes into a module, class or function",
    severity: Severity::Critical,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Cwe(915), Ref::Atlas("AML.T0011.000"), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.state_writes.report(out)),
};
