//! Structure that Python's two unpicklers read differently, and that no pickler writes.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-misleading-structure",
    title: "Pickle is built so that readers disagree about it",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(436), Ref::Cwe(502), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.evasions.report(out)),
};
