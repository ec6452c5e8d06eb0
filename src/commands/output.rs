//! Where reports go: which format to which file, colour, and what is said when that fails.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use tempfile::NamedTempFile;

use crate::cli::{self, Colour, SarifFor};
use crate::outcome::Outcome;
use crate::report::{self, Format, Printing, Report};

/// A run that ends without a report, and how.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) outcome: Outcome,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Usage, message: message.into() }
    }

    pub(crate) fn undecided(message: impl Into<String>) -> Self {
        Self { outcome: Outcome::Undecided, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// One format and its file; `None` is standard output.
#[derive(Debug, PartialEq, Eq)]
struct Sheet {
    format: Format,
    file: Option<PathBuf>,
}

/// Everything that is to be printed.
#[derive(Debug)]
pub(crate) struct Outputs {
    sheets: Vec<Sheet>,
    printing: Printing,
}

impl Outputs {
    /// Pairs each `--output` with the `--format` before it. `matches` are those of the subcommand.
    pub(crate) fn new(arguments: &cli::Printing, matches: &ArgMatches) -> Result<Self, Failure> {
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let mut words: Vec<(usize, Result<Format, &PathBuf>)> = places("format")
            .zip(arguments.format.iter().copied().map(Ok))
            .chain(places("output").zip(arguments.output.iter().map(Err)))
            .collect();
        words.sort_by_key(|(place, _)| *place);
        let mut sheets: Vec<Sheet> = Vec::new();
        for (_, word) in words {
            match word {
                Ok(format) => sheets.push(Sheet { format, file: None }),
                Err(file) => match sheets.last_mut() {
                    Some(sheet) if sheet.file.is_none() => sheet.file = Some(file.clone()),
                    _ => return Err(Failure::usage(format!("--output {} needs a --format before it", file.display()))),
                },
            }
        }
        if sheets.is_empty() {
            sheets.push(Sheet { format: Format::Text, file: None });
        }
        let printed = sheets.iter().filter(|sheet| sheet.file.is_none()).count();
        if printed > 1 {
            return Err(Failure::usage("only one --format can be printed; give the others an --output each"));
        }
        let printing = Printing {
            colour: colour(arguments.color, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty())),
            quiet: arguments.quiet,
            sarif_for_github: arguments.sarif_for == SarifFor::Github,
            category: arguments.category.clone(),
        };
        Ok(Self { sheets, printing })
    }

    /// Prints the report everywhere; a file that cannot be written ends the run, after the others were.
    pub(crate) fn write(&self, report: &Report) -> Result<(), Failure> {
        let mut failed = None;
        for Sheet { format, file } in &self.sheets {
            let written = match file {
                Some(file) => self.write_file(report, *format, file),
                None => self.print(report, *format),
            };
            if let Err(error) = written {
                let place = file.as_ref().map_or_else(|| "standard output".into(), |file| file.display().to_string());
                failed = Some(Failure::undecided(format!("cannot write the report to {place}: {error}")));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn print(&self, report: &Report, format: Format) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        match report::print(report, format, &self.printing, &mut out).and_then(|()| out.flush()) {
            // Whoever reads has seen enough (`sluice scan | head`).
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }

    /// Writes beside the file and renames, so that nobody reads half a report.
    fn write_file(&self, report: &Report, format: Format, file: &Path) -> io::Result<()> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let printing = Printing { colour: false, ..self.printing.clone() };
        if file.exists() && !file.is_file() {
            // A pipe or a device, such as /dev/stderr.
            return report::print(report, format, &printing, &mut std::fs::File::create(file)?);
        }
        let mut beside = NamedTempFile::new_in(folder)?;
        let mut out = io::BufWriter::new(beside.as_file_mut());
        report::print(report, format, &printing, &mut out)?;
        out.flush()?;
        drop(out);
        // Readable as a file made by `>` would be: other jobs collect it.
        rustix::fs::fchmod(beside.as_file(), rustix::fs::Mode::from_raw_mode(0o644))?;
        beside.persist(file).map_err(|error| error.error)?;
        Ok(())
    }
}

/// `--color` wins, then NO_COLOR, then what asks for colour; in a CI log it is on.
fn colour(wish: Colour, set: impl Fn(&str) -> bool) -> bool {
    match wish {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => {
            !set("NO_COLOR")
                && (["CLICOLOR_FORCE", "FORCE_COLOR", "GITHUB_ACTIONS", "GITLAB_CI"].iter().any(|name| set(name))
                    || (io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;

    fn outputs(arguments: &[&str]) -> Result<Outputs, Failure> {
        let matches = cli::Cli::command().try_get_matches_from([&["sluice", "scan"], arguments].concat()).unwrap();
        let cli::Command::Scan(scan) = cli::Cli::from_arg_matches(&matches).unwrap().command else { panic!("no scan") };
        Outputs::new(&scan.printing, matches.subcommand_matches("scan").unwrap())
    }

    #[test]
    fn each_output_belongs_to_the_format_before_it() {
        let sheets = outputs(&["--format", "json", "--format", "sarif", "--output", "a", "."]).unwrap().sheets;
        assert_eq!(sheets, [Sheet { format: Format::Json, file: None }, Sheet { format: Format::Sarif, file: Some("a".into()) }]);
        assert_eq!(outputs(&[]).unwrap().sheets, [Sheet { format: Format::Text, file: None }]);
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        for arguments in [
            &["--output", "a"][..],
            &["--format", "json", "--output", "a", "--output", "b"],
            &["--output", "a", "--format", "json"],
            &["--format", "json", "--format", "text"],
        ] {
            assert_eq!(outputs(arguments).unwrap_err().outcome, Outcome::Usage, "{arguments:?}");
        }
    }

    #[test]
    fn no_color_wins_over_what_asks_for_colour() {
        assert!(colour(Colour::Auto, |name| name == "GITLAB_CI"));
        assert!(!colour(Colour::Auto, |name| name == "GITLAB_CI" || name == "NO_COLOR"));
        assert!(colour(Colour::Always, |name| name == "NO_COLOR"));
    }
}
