//! An object of an unknown class is constructed: its module is imported, its `__new__` and `__setstate__` run.

use crate::{Check, Ref, Run, Severity, Stage};

pub(super) const CHECK: Check = Check {
    id: "pickle-unknown-class",
    title: "Pickle builds an object of a class that is on no list of known names",
    severity: Severity::Medium,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(502), Ref::Cwe(829), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Pickle(|pickle, _, out| pickle.unknown_classes.report(out)),
};
