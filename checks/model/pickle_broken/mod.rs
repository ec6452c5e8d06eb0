//! A stream that cannot be read to its STOP: what stands before the break runs all the same.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-broken",
    title: "Pickle breaks before its end",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Cwe(754), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.breaks.report(out)),
};
