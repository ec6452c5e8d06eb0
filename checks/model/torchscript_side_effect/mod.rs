//! TorchScript is a small language, yet some of its operators touch files or leave it.

use crate::{Check, Cx, Place, Ref, Run, Severity, Sink, Stage, formats::torchscript::TorchScript};

pub(super) const CHECK: Check = Check {
    id: "torchscript-side-effect",
    title: "TorchScript code reaches outside of the model",
    severity: Severity::High,
    stages: Stage::ALL,
    refs: &[Ref::Cwe(94), Ref::Cwe(73), Ref::OwaspMl("ML06")],
    needs: &[],
    since: "0.1.0",
    help: include_str!("help.md"),
    run: Run::TorchScript(run),
};

fn run(script: &TorchScript, _: &Cx, out: &mut Sink) {
    for (line, operator) in &script.effects {
        let message = format!("TorchScript code of this model uses {operator}, which reaches outside of the model.");
        out.report(Place::Line { line: *line, column: 1 }, message, operator.clone());
    }
}
