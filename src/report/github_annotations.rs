//! GitHub's workflow commands: annotations on the run and, where the lines are in the diff, on the pull request.
//!
//! The runner takes every line that begins with `::` for a command. So each line here begins with text of our own,
//! and text from scanned content stands only behind it, on one line, with the runner's escapes.

use std::io::{self, Write};

use sluicegate_checks::{Place, Severity};

use super::listing::{advice, listed, members, place};
use super::sanitise::{self, short};
use super::{Printing, Report, summary};
use crate::outcome::Outcome;

/// GitHub shows this many of each level for one step and drops the rest without a word.
const SHOWN_PER_LEVEL: usize = 10;
const MAX_MESSAGE: usize = 1_000;
const MAX_TITLE: usize = 250;

/// GitHub's three levels, worst first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Error,
            Severity::Medium => Self::Warning,
            Severity::Low => Self::Notice,
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

pub(super) fn print(report: &Report, _: &Printing, out: &mut dyn Write) -> io::Result<()> {
    let open: Vec<_> = listed(report).into_iter().filter(|it| !it.waived).collect();
    let mut hidden = 0;
    let (verdict, why) = summary::verdict(report);
    // No finding says why this job fails, so that the verdict itself takes a place, and the first.
    let undecided = Outcome::of(report) == Outcome::Undecided;
    if undecided {
        writeln!(out, "::error title=sluice::{}", data(&format!("{verdict}: {why}")))?;
    }
    for level in Level::ALL {
        let room = SHOWN_PER_LEVEL - usize::from(undecided && level == Level::Error);
        let mut of_level = open.iter().filter(|it| Level::of(it.finding.severity) == level);
        for it in of_level.by_ref().take(room) {
            let it = it.finding;
            let (line, column) = match it.place {
                Place::Line { line, column } if it.subject.members.is_empty() => (line.max(1), Some(column.max(1))),
                _ => (1, None),
            };
            let mut message = sanitise::line(&it.message);
            if !it.subject.members.is_empty() {
                message.push_str(&format!(" In {}.", members(&it.subject)));
            }
            let place = place(it);
            if column.is_none() && !place.is_empty() {
                message.push_str(&format!(" At {place}."));
            }
            let mut message = short(&message, MAX_MESSAGE);
            if let Some(advice) = advice(&it.check) {
                message.push_str(&format!(" {advice}."));
            }
            write!(out, "::{} file={},line={line}", level.command(), property(&sanitise::line(&it.subject.path)))?;
            if let Some(column) = column {
                write!(out, ",col={column}")?;
            }
            let title = short(&format!("{}: {}", it.severity, it.check), MAX_TITLE);
            writeln!(out, ",title={}::{}", property(&title), data(&message))?;
        }
        hidden += of_level.count();
    }
    if hidden > 0 {
        let findings = summary::number(hidden as u64, "finding is", "findings are");
        writeln!(out, "sluice: {findings} not shown as an annotation, because GitHub shows {SHOWN_PER_LEVEL} of each level")?;
    }
    writeln!(out, "sluice: {}", summary::found(report))?;
    writeln!(out, "sluice: {}", summary::scanned(report))?;
    writeln!(out, "sluice: {verdict}: {why}")
}

/// Escapes a command's message as the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a command's property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, sample};

    fn printed(report: &Report) -> String {
        sample::printed(report, Format::GithubAnnotations, &Printing::default())
    }

    type Command = (String, Vec<(String, String)>, String);

    /// Reads a line as GitHub's runner does (`ActionCommand.TryParseV2`): name, properties, message.
    fn parse(line: &str) -> Option<Command> {
        let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let unescape = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
        let properties = properties
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (key.to_owned(), unescape(&value.replace("%3A", ":").replace("%2C", ","))))
            .collect();
        Some((name.to_owned(), properties, unescape(message)))
    }

    #[test]
    fn the_runner_reads_back_what_was_meant() {
        let text = printed(&sample::report());
        let commands: Vec<_> = text.lines().filter_map(parse).collect();
        let open = sample::report().findings().filter(|(_, it)| it.waived_by.is_none()).count();
        assert_eq!(commands.len(), open);
        let (name, properties, message) = &commands[0];
        assert_eq!(name, "error");
        let expected = [("file", "code/model.py"), ("line", "3"), ("col", "1"), ("title", "high: torchscript-side-effect")];
        let script = commands.iter().find(|(_, properties, _)| properties[0].1 == "code/model.py").unwrap();
        assert_eq!(script.1, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(properties[0].1, "models/resnet.pt");
        assert_eq!(message, "Loading this file calls builtins.open. In archive/data.pkl. At byte 90. Do not load this file.");
    }

    #[test]
    fn scanned_content_gives_no_commands() {
        let text = printed(&sample::report());
        assert!(text.lines().all(|line| line.starts_with("::") || line.starts_with("sluice: ")), "{text}");
        for line in text.lines().filter(|line| line.starts_with("::")) {
            let (name, properties, _) = parse(line).unwrap();
            assert!(["error", "warning", "notice"].contains(&name.as_str()), "{line}");
            let keys: Vec<_> = properties.iter().map(|(key, _)| key.as_str()).collect();
            assert!(keys == ["file", "line", "title"] || keys == ["file", "line", "col", "title"], "{line}");
        }
        let odd = text.lines().filter_map(parse).find(|(_, properties, _)| properties[0].1.starts_with("my models")).unwrap();
        assert_eq!(odd.1[0].1, sanitise::line(sample::ODD));
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
    }

    #[test]
    fn shows_ten_of_each_level_and_counts_the_rest() {
        let report = sample::many(600);
        let text = printed(&report);
        for level in ["::error ", "::warning ", "::notice "] {
            assert_eq!(text.lines().filter(|line| line.starts_with(level)).count(), 10, "{level}");
        }
        assert!(text.contains("sluice: 570 findings are not shown as an annotation"), "{text}");
        assert!(!printed(&sample::clean()).contains("::"));
    }

    #[test]
    fn a_run_that_could_not_decide_says_so_first() {
        let mut report = sample::report();
        report.fail_on = None;
        let text = printed(&report);
        assert!(text.starts_with("::error title=sluice::could not decide: not examined: 1 failed, 1 over a limit\n"), "{text}");
        report.subjects.extend(sample::many(600).subjects);
        assert_eq!(printed(&report).lines().filter(|line| line.starts_with("::error ")).count(), 10);
    }

    #[test]
    fn ends_with_the_verdict() {
        assert!(printed(&sample::clean()).ends_with("sluice: passed: no finding at or above high\n"));
    }
}
