//! `sluice.toml`: what a project trusts and waives, read from a place that what is judged cannot write to.

mod base_commit;
mod file;
mod place;
mod problem;
mod proposed;
mod review;
mod rules;
#[cfg(test)]
mod tests;
mod waivers;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use sluicegate_checks::Settings;

use crate::report::WaiverRecord;
use place::{Owner, Place};
use review::Base;
use rules::Rules;

pub(crate) use file::{FailOn, Level};
pub(crate) use rules::Scan;

/// Where the configuration is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// `--config`: this very file.
    pub(crate) file: Option<PathBuf>,
    /// Roots of the scan, as given; `sluice.toml` is looked for in the first that is a folder, never below it.
    /// If none is, it is the current folder's, provided that the first root lies in it or is `-`.
    pub(crate) roots: Vec<PathBuf>,
    /// `--base`: the commit that the change under review is based on, where no CI system says it.
    pub(crate) base: Option<String>,
}

/// A configuration that was read and found valid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// The file, as shown to a person; `None` if there is none.
    pub(crate) origin: Option<String>,
    /// Defaults of `sluice scan`; the command line wins.
    pub(crate) scan: Scan,
    pub(crate) settings: Settings,
    /// All waivers, in the order of the file; their state is already decided, and nothing is used yet.
    pub(crate) waivers: Vec<WaiverRecord>,
    /// What a person should know: settings that a pull request proposes, and so on.
    pub(crate) notes: Vec<String>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file is wrong (exit code 2).
    #[error("{0}")]
    Invalid(String),
    /// The base commit's file cannot be read (exit code 3).
    #[error("{0}")]
    Unreadable(String),
}

/// The world around a run, as far as the configuration depends on it.
struct Environment<'a> {
    variables: &'a dyn Fn(&str) -> Option<String>,
    /// Absolute.
    folder: &'a Path,
    /// In UTC.
    today: Date,
}

impl Environment<'_> {
    /// An empty variable counts as absent: CI systems leave them so.
    fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }
}

/// Reads the configuration, or the defaults where there is no file.
pub(crate) fn load(choice: &Choice) -> Result<Config, ConfigError> {
    let folder = std::env::current_dir().map_err(|error| ConfigError::Invalid(format!("there is no current folder: {error}")))?;
    // A variable that is not UTF-8 must not pass for an absent one.
    let variables = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    load_in(choice, &Environment { variables: &variables, folder: &folder, today })
}

fn load_in(choice: &Choice, env: &Environment) -> Result<Config, ConfigError> {
    let Some(place) = place::find(choice, env) else { return Ok(Config::default()) };
    let owner = place.owner(env);
    if owner == Owner::Outside && (place.named || choice.base.is_none()) {
        return as_it_stands(&place, env);
    }
    match (review::base(choice.base.as_deref(), env).map_err(ConfigError::Unreadable)?, owner) {
        (None, _) => as_it_stands(&place, env),
        (Some(base), Owner::Worktree { git, inside }) => under_review(&place, &base, &git, &inside, env),
        (Some(base), Owner::Checkout | Owner::Outside) => Err(ConfigError::Unreadable(format!(
            "{} must come from the base commit {} of the change under review, but it is not in a git repository; \
             check it out with git, or name a file outside of the checkout with --config",
            place.shown, base.commit
        ))),
    }
}

/// No change is under review, or the file is out of its reach.
fn as_it_stands(place: &Place, env: &Environment) -> Result<Config, ConfigError> {
    let Some(text) = place.read().map_err(ConfigError::Invalid)? else { return Ok(Config::default()) };
    let rules = rules::read(&place.shown, &text, env.today).map_err(ConfigError::Invalid)?;
    Ok(Config::new(Some(place.shown.clone()), rules))
}

/// The base's file counts; the change's is compared with it.
fn under_review(place: &Place, base: &Base, git: &Path, inside: &[OsString], env: &Environment) -> Result<Config, ConfigError> {
    let unreadable =
        |why: String| ConfigError::Unreadable(format!("cannot read {} at the base commit {}: {why}", place.shown, base.commit));
    let bytes = base_commit::read(git, &base.commit, inside, file::MAX_SIZE).map_err(|fault| {
        let remedy = if fault.is_missing() { format!("\n{}", base.remedy) } else { String::new() };
        unreadable(format!("{fault}{remedy}"))
    })?;
    let short = base.commit.get(..12).unwrap_or(&base.commit);
    let at_base = format!("{} at base commit {short}", place.shown);
    let present = bytes.is_some();
    let rules = match bytes {
        Some(bytes) => {
            let text = place::text(&at_base, bytes).map_err(ConfigError::Invalid)?;
            rules::read(&at_base, &text, env.today).map_err(ConfigError::Invalid)?
        }
        None => Rules::default(),
    };
    let (proposed, notes) = proposal(place, &rules, present, env);
    if place.named && !present && notes.is_empty() {
        return Err(ConfigError::Invalid(format!(
            "cannot read {}: neither the base commit {short} nor the change has it",
            place.shown
        )));
    }
    let mut config = Config::new(present.then_some(at_base), rules);
    config.waivers.extend(proposed);
    config.notes = notes;
    Ok(config)
}

/// What the change under review would make of the file. Nothing that is wrong with it ends the run.
fn proposal(place: &Place, rules: &Rules, present: bool, env: &Environment) -> (Vec<WaiverRecord>, Vec<String>) {
    let shown = &place.shown;
    // The same care as for a file that was only found: a stranger wrote it, and it may be a link.
    let text = Place { named: false, ..place.clone() }.read();
    let read = text.and_then(|text| text.map(|text| rules::read(shown, &text, env.today)).transpose());
    match read {
        Ok(Some(change)) => {
            let (waivers, mut notes) = proposed::compare(rules, &change);
            if !present {
                notes.insert(0, proposed::note(&format!("adds {shown}")));
            }
            (waivers, notes)
        }
        Ok(None) if present => (Vec::new(), vec![proposed::note(&format!("removes {shown}"))]),
        Ok(None) => (Vec::new(), Vec::new()),
        Err(why) => {
            let first = why.lines().next().unwrap_or_default().trim_start_matches("error: ");
            (Vec::new(), vec![proposed::note(&format!("makes {shown} invalid: {first}"))])
        }
    }
}

impl Config {
    fn new(origin: Option<String>, rules: Rules) -> Self {
        let Rules { scan, settings, waivers } = rules;
        Self { origin, scan, settings, waivers, notes: Vec::new() }
    }
}
