//! A member whose name, or link, leads out of the folder that the archive is unpacked to.

use crate::{Check, Ref, Run, Severity, Stage, formats::archive::What};

pub(super) const CHECK: Check = Check {
    id: "archive-escaping-path",
    title: "Archive member would be written outside of its folder",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(22), Ref::Cwe(59)],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::Archive(|archive, _, out| archive.report(What::Escapes, out)),
};
