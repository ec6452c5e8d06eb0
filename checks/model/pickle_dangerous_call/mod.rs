//! A pickle is a program. This check reports the calls in it that run code, or touch files, processes, the network or the interpreter.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-dangerous-call",
    title: "Pickle runs code when it is loaded",
    severity: Severity::Critical,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Atlas("AML.T0011.000"), Ref::Atlas("AML.T0018.002"), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.dangerous_calls.report(out)),
};
