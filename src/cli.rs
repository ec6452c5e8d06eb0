//! The command line: types that clap reads, and nothing else.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sluicegate_checks::Stage;

use crate::config::{FailOn, Level};
use crate::report::Format;

/// Security gates for machine-learning pipelines.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, max_term_width = 110, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes, whatever the output format:
  0  passed
  1  held: findings at or above --fail-on
  2  the command line or the configuration is wrong
  3  could not decide: something in scope could not be examined";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scan models and what carries them; fail on what would run code
    Scan(Scan),
    /// Print a saved JSON report again, and exit by what it says
    Report(Reprint),
    /// List every check
    Checks {
        #[arg(long, value_enum, default_value = "text")]
        format: ListFormat,
    },
    /// Explain a check: what it finds, why it matters, what to do
    Explain { id: String },
    /// Print a completion script
    Completions { shell: clap_complete::Shell },
    /// Print the man page, or write one file a command into a folder
    Man { folder: Option<PathBuf> },
    /// Run as a GitHub action: inputs from the environment, results to the runner; not for people
    #[command(hide = true)]
    Action,
    /// Examine files for a supervisor; not for people
    #[command(hide = true)]
    Worker,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Files and folders to scan; `-` is one file on standard input
    #[arg(default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Ask only what is worth asking at this stage of the pipeline
    #[arg(long, value_enum)]
    pub(crate) stage: Option<StageArg>,
    /// Ask only these checks
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Leave these checks out
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    #[command(flatten)]
    pub(crate) printing: Printing,
    /// Configuration file [default: sluice.toml in the folder that is scanned, never below it]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Take the configuration from this commit instead of the working tree (found by itself on a pull request)
    #[arg(long, value_name = "SHA")]
    pub(crate) base: Option<String>,
    /// Files examined at the same time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Leave out what .gitignore and .ignore name; every exclusion is counted
    #[arg(long)]
    pub(crate) respect_ignore: bool,
    /// Take the SHA-256 of every file
    #[arg(long)]
    pub(crate) digests: bool,
    /// No progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Reprint {
    /// A report that `sluice scan --format json` wrote
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) printing: Printing,
}

/// How a report is printed and what holds; the same for a scan and for a saved report.
#[derive(Debug, Args)]
pub(crate) struct Printing {
    /// Fail on findings of this severity and above [default: high]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) fail_on: Option<FailOn>,
    /// List findings of this severity and above; those below are counted [default: low]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) min_severity: Option<Level>,
    /// Output format; may be given several times, each with its own --output [default: text]
    #[arg(long, value_enum)]
    pub(crate) format: Vec<Format>,
    /// File for the --format before it; without one it is printed
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Only what needs attention
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Colour,
    /// Category under which code scanning files the results; the same on every run of a job
    #[arg(long, default_value = "sluice", value_name = "NAME")]
    pub(crate) category: String,
    /// Whom SARIF is for: GitHub shows waived findings as open, so they are left out for it
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) sarif_for: SarifFor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageArg {
    Train,
    Evaluate,
    Deploy,
}

impl From<StageArg> for Stage {
    fn from(stage: StageArg) -> Self {
        match stage {
            StageArg::Train => Self::Train,
            StageArg::Evaluate => Self::Evaluate,
            StageArg::Deploy => Self::Deploy,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SarifFor {
    Full,
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    Text,
    Json,
    Markdown,
}
