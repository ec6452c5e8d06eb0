//! `sluice scan`: a model repository in, findings out.

use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::Path;
use std::time::Instant;

use sluicegate_checks::{Severity, Stage, all, find};
use tempfile::NamedTempFile;

use super::output::{Failure, Outputs};
use super::progress::Bar;
use crate::cli;
use crate::collect::{self, Excluded, Item};
use crate::config::{self, Config, ConfigError, FailOn};
use crate::engine::{self, Digests, Plan};
use crate::outcome::Outcome;
use crate::report::Report;

/// The name under which standard input is reported.
const STDIN: &str = "<stdin>";

pub(crate) fn run(arguments: &cli::Scan, outputs: &Outputs) -> Result<Outcome, Failure> {
    let report = scan(arguments)?;
    outputs.write(&report)?;
    Ok(Outcome::of(&report))
}

/// Scans and returns everything that happened.
pub(crate) fn scan(arguments: &cli::Scan) -> Result<Report, Failure> {
    let started = Instant::now();
    let stdin = arguments.paths.iter().any(|path| path == Path::new("-"));
    if stdin && arguments.paths.len() > 1 {
        return Err(Failure::usage("`-` is standard input, and cannot be scanned together with other paths"));
    }
    if let Some(missing) = arguments.paths.iter().find(|path| !stdin && path.symlink_metadata().is_err()) {
        let why = missing.symlink_metadata().err().map(|error| error.to_string()).unwrap_or_default();
        return Err(Failure::usage(format!("cannot scan {}: {why}", missing.display())));
    }
    let choice = config::Choice {
        file: arguments.config.clone(),
        roots: if stdin { Vec::new() } else { arguments.paths.clone() },
        base: arguments.base.clone(),
    };
    let config = config::load(&choice).map_err(|error| match error {
        ConfigError::Invalid(_) => Failure::usage(error.to_string()),
        ConfigError::Unreadable(_) => Failure::undecided(error.to_string()),
    })?;
    let stage = arguments.stage.map(Stage::from);
    let checks = select(arguments, &config, stage)?;
    let plan = Plan {
        settings: config.settings.clone(),
        digests: if arguments.digests {
            Digests::All
        } else {
            Digests::WhenFound(checks.iter().filter(|check| config.wants_digest(check)).cloned().collect())
        },
        checks: checks.clone(),
        jobs: arguments.jobs.map_or_else(cores, usize::from),
    };
    let spooled = if stdin { Some(spool()?) } else { None };
    let mut excluded = Excluded::new();
    let mut bar = Bar::new(arguments.no_progress || arguments.printing.quiet);
    let records = engine::scan(
        plan,
        |intake: &mut engine::Intake| match &spooled {
            Some(file) => _ = intake.give(Item::File { path: file.path().to_owned(), name: STDIN.into() }),
            None => excluded = collect::walk(&arguments.paths, arguments.respect_ignore, &mut |item| intake.give(item)),
        },
        |progress| bar.show(progress),
    )
    .map_err(|error| Failure::undecided(error.to_string()))?;
    bar.finish();
    let mut report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        roots: arguments.paths.iter().map(|path| path.display().to_string()).collect(),
        configuration: config.origin.clone(),
        stage,
        fail_on: arguments.printing.fail_on.or(config.scan.fail_on).unwrap_or(FailOn::High).severity(),
        min_severity: arguments.printing.min_severity.map(Severity::from).or(config.scan.min_severity).unwrap_or(Severity::Low),
        checks,
        subjects: records,
        excluded,
        waivers: Vec::new(),
        notes: config.notes.clone(),
        seconds: started.elapsed().as_secs_f64(),
    };
    config.waive(&mut report);
    Ok(report)
}

/// Ids of the checks to ask, sorted.
fn select(arguments: &cli::Scan, config: &Config, stage: Option<Stage>) -> Result<Vec<String>, Failure> {
    for id in arguments.only.iter().chain(&arguments.skip) {
        if find(id).is_none() {
            return Err(Failure::usage(super::explain::unknown(id)));
        }
    }
    let wanted = |id: &str| {
        let listed = |ids: &[String]| ids.iter().any(|it| it == id);
        (arguments.only.is_empty() || listed(&arguments.only)) && !listed(&arguments.skip) && !listed(&config.scan.skip)
    };
    let checks: Vec<_> = all()
        .filter(|check| stage.is_none_or(|stage| check.stages.contains(&stage)) && wanted(check.id))
        .map(|check| check.id.to_owned())
        .collect();
    if checks.is_empty() {
        return Err(Failure::usage("no check is left to ask: see --only, --skip, --stage and `skip` in the configuration"));
    }
    Ok(checks)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Standard input in a file, because readers look at any place of it. It is gone when the scan ends.
fn spool() -> Result<NamedTempFile, Failure> {
    let copy = || {
        let mut file = NamedTempFile::with_prefix("sluice-")?;
        let mut stdin = io::stdin().lock();
        io::copy(&mut stdin, file.as_file_mut())?;
        file.as_file_mut().flush()?;
        Ok(file)
    };
    copy().map_err(|error: io::Error| Failure::undecided(format!("cannot read standard input: {error}")))
}
