//! `sluice action`: what `action.yml` runs. Inputs come from the environment, results go to the files that the runner gives.
//!
//! No shell stands between the runner and this: dash drops variables with a hyphen in their name, and would read the
//! values of the others as commands.

mod folder;
mod inputs;
mod runner;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{CommandFactory as _, FromArgMatches as _};

use self::inputs::Plan;
use super::output::{Failure, Outputs};
use crate::cli::{Cli, Command};
use crate::outcome::Outcome;
use crate::report::{self, Format, Printing, Report};

/// The runner refuses a longer summary of a step.
const SUMMARY_LIMIT: usize = 1 << 20;

/// Scans what the inputs in the environment ask for, and tells the runner what came of it.
pub(crate) fn run() -> Outcome {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let workspace = Path::new(".");
    let prepared = inputs::known(names)
        .and_then(|()| Plan::read(&input))
        .and_then(|plan| folder::prepare(workspace, &plan).map(|made| (plan, made)));
    let (plan, made) = match prepared {
        Ok(prepared) => prepared,
        Err(message) => return complain(&message, Outcome::Usage),
    };
    // What is printed about hostile files must not be read as a command to the runner.
    let token = runner::unguessable();
    println!("::stop-commands::{token}");
    let (outcome, report) = scan(&plan.arguments);
    println!("\n::{token}::");
    match tell(workspace, &plan, &made, report.as_ref(), outcome) {
        Ok(()) => outcome,
        Err(error) => {
            let outcome = if outcome == Outcome::Passed { Outcome::Undecided } else { outcome };
            complain(&format!("cannot hand the result to the runner: {error}"), outcome)
        }
    }
}

/// `sluice scan` with these arguments; the report is there unless the run ended before it had one.
fn scan(arguments: &[OsString]) -> (Outcome, Option<Report>) {
    let line = ["sluice", "scan"].into_iter().map(OsString::from).chain(arguments.iter().cloned());
    let matches = match Cli::command().try_get_matches_from(line) {
        Ok(matches) => matches,
        Err(error) => {
            eprintln!("{error}");
            return (Outcome::Usage, None);
        }
    };
    let ended = |failure: &Failure| {
        eprintln!("sluice: {failure}");
        failure.outcome
    };
    let parsed = Cli::from_arg_matches(&matches).ok().zip(matches.subcommand_matches("scan"));
    let Some((Cli { command: Command::Scan(arguments) }, matches)) = parsed else { return (Outcome::Usage, None) };
    match Outputs::new(&arguments.printing, matches).and_then(|outputs| Ok((super::scan::scan(&arguments)?, outputs))) {
        Err(failure) => (ended(&failure), None),
        Ok((report, outputs)) => {
            let outcome = outputs.write(&report).map_or_else(|failure| ended(&failure), |()| Outcome::of(&report));
            (outcome, Some(report))
        }
    }
}

/// The value of an input as the runner hands it over: in upper case, spaces as `_`, hyphens kept.
fn input(name: &str) -> Option<String> {
    env::var(format!("INPUT_{}", name.to_uppercase().replace(' ', "_"))).ok()
}

fn complain(message: &str, outcome: Outcome) -> Outcome {
    println!("::error title=sluice::{}", runner::escape(message));
    outcome
}

/// Everything that the runner and later steps get.
fn tell(workspace: &Path, plan: &Plan, made: &[PathBuf], report: Option<&Report>, outcome: Outcome) -> io::Result<()> {
    let written = |path: &&(Format, String)| workspace.join(&path.1).is_file();
    let files: Vec<_> = plan.files.iter().filter(written).collect();
    folder::give_to_owner(workspace, made.iter().cloned().chain(files.iter().map(|(_, path)| workspace.join(path))))?;
    if let Some(report) = report {
        let printing = Printing::default();
        if plan.annotations {
            report::print(report, Format::GithubAnnotations, &printing, &mut io::stdout().lock())?;
        }
        if let Some(mut file) = runner::runner_file("GITHUB_STEP_SUMMARY").filter(|_| plan.summary).transpose()? {
            let mut summary = Vec::new();
            report::print(report, Format::Markdown, &printing, &mut summary)?;
            file.write_all(runner::cut(&summary, SUMMARY_LIMIT))?;
        }
    }
    if let Some(mut file) = runner::runner_file("GITHUB_OUTPUT").transpose()? {
        runner::write_outputs(&outputs(plan, &files, report, outcome), &mut file)?;
    }
    Ok(())
}

fn outputs(plan: &Plan, files: &[&(Format, String)], report: Option<&Report>, outcome: Outcome) -> Vec<(&'static str, String)> {
    let file = |wanted| files.iter().find(|(format, _)| *format == wanted).map(|(_, path)| path.clone());
    let mut outputs = vec![
        ("verdict", verdict(outcome).to_owned()),
        ("exit-code", outcome.code().to_string()),
        ("output-dir", plan.output_dir.clone()),
    ];
    outputs.extend(file(Format::Json).map(|path| ("report-file", path)));
    outputs.extend(file(Format::Sarif).map(|path| ("sarif-file", path)));
    if let Some(totals) = report.map(Report::totals) {
        let found = totals.critical + totals.high + totals.medium + totals.low;
        outputs.extend(
            [
                ("findings-total", found),
                ("findings-critical", totals.critical),
                ("findings-high", totals.high),
                ("findings-medium", totals.medium),
                ("findings-low", totals.low),
                ("findings-waived", totals.waived),
                ("skipped", totals.skipped),
                ("failed", totals.failed),
            ]
            .map(|(name, count)| (name, count.to_string())),
        );
    }
    outputs
}

fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Held => "held",
        Outcome::Usage => "usage",
        Outcome::Undecided => "undecided",
    }
}

#[cfg(test)]
mod tests {
    use sluicegate_checks::Severity;

    use super::*;

    fn empty_report() -> Report {
        Report {
            version: "0.1.0".into(),
            roots: vec![".".into()],
            configuration: None,
            stage: None,
            fail_on: Some(Severity::High),
            min_severity: Severity::Low,
            checks: Vec::new(),
            subjects: Vec::new(),
            excluded: std::collections::BTreeMap::default(),
            waivers: Vec::new(),
            notes: Vec::new(),
            seconds: 0.0,
        }
    }

    #[test]
    fn outputs_name_only_what_is_there() {
        let plan = Plan::read(&|name| (name == "formats").then(|| "markdown".to_owned())).unwrap();
        let files: Vec<_> = plan.files.iter().collect();
        let given = outputs(&plan, &files, Some(&empty_report()), Outcome::Held);
        let get = |name| given.iter().find(|(output, _)| *output == name).map(|(_, value)| value.as_str());
        assert_eq!(get("verdict"), Some("held"));
        assert_eq!(get("exit-code"), Some("1"));
        assert_eq!(get("report-file"), Some("sluice-report/report.json"));
        assert_eq!(get("sarif-file"), None, "it was not asked for");
        assert_eq!(get("findings-total"), Some("0"));

        let names: Vec<_> = outputs(&plan, &[], None, Outcome::Held).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["verdict", "exit-code", "output-dir"], "a run without a report has no numbers");
    }
}
