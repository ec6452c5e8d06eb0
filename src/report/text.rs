//! For a person at a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use owo_colors::{OwoColorize, Style};
use sluicegate_checks::model::WeightsOnly;
use sluicegate_checks::{Severity, find};

use super::listing::{Listed, advice, listed, members, place, step, unexamined};
use super::sanitise::{line, short};
use super::summary::{self, number};
use super::{Printing, Report, SubjectRecord, WaiverState};

/// Findings of one check in one file that are shown one by one.
const SHOWN_PER_CHECK: usize = 20;
/// Names shown for one reason, rule or need.
const SHOWN_NAMES: usize = 10;
const SHOWN_STEPS: usize = 20;
/// Characters of one piece of scanned content.
const WIDTH: usize = 500;

pub(super) fn print(report: &Report, printing: &Printing, out: &mut dyn Write) -> io::Result<()> {
    let page = Page { report, quiet: printing.quiet, paint: Paint(printing.colour) };
    let (waived, open): (Vec<_>, Vec<_>) = listed(report).into_iter().partition(|it| it.waived);
    page.files(&open, out)?;
    page.waived(&waived, out)?;
    page.waivers(out)?;
    page.unexamined(out)?;
    page.notes(out)?;
    page.end(out)
}

/// Colour, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, style: Style, text: &str) -> String {
        if self.0 { text.style(style).to_string() } else { text.to_owned() }
    }

    fn bold(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    fn dim(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// Padded before it is painted, so that columns stand under each other either way.
    fn badge(self, severity: Severity) -> String {
        let style = match severity {
            Severity::Critical => Style::new().white().on_red().bold(),
            Severity::High => Style::new().red().bold(),
            Severity::Medium => Style::new().yellow().bold(),
            Severity::Low => Style::new().cyan(),
        };
        self.with(style, &format!("{severity:<8}"))
    }
}

struct Page<'a> {
    report: &'a Report,
    quiet: bool,
    paint: Paint,
}

impl Page<'_> {
    /// Everything about one file in one block, by path.
    fn files(&self, open: &[Listed<'_>], out: &mut dyn Write) -> io::Result<()> {
        let mut findings: BTreeMap<&str, Vec<Listed<'_>>> = BTreeMap::new();
        for it in open {
            findings.entry(&it.finding.subject.path).or_default().push(*it);
        }
        let mut verdicts: BTreeMap<&str, Vec<&SubjectRecord>> = BTreeMap::new();
        for subject in self.report.subjects.iter().filter(|subject| subject.weights_only.is_some()) {
            let path = subject.name.path.as_str();
            // A pickle that loads everywhere, and in which nothing was found, needs no line.
            let loads = matches!(subject.weights_only, Some(WeightsOnly::Yes));
            if findings.contains_key(path) || !(loads || self.quiet) {
                verdicts.entry(path).or_default().push(subject);
            }
        }
        let paths: BTreeSet<_> = findings.keys().chain(verdicts.keys()).copied().collect();
        for path in paths {
            writeln!(out, "{}", self.paint.bold(&line(path)))?;
            self.findings(findings.get(path).map_or(&[], Vec::as_slice), out)?;
            for subject in verdicts.get(path).into_iter().flatten() {
                weights_only(subject, out)?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    /// One heading for each check, worst first, and its findings below.
    fn findings(&self, of_file: &[Listed<'_>], out: &mut dyn Write) -> io::Result<()> {
        let mut checks: Vec<&str> = Vec::new();
        for it in of_file {
            if !checks.contains(&it.finding.check.as_str()) {
                checks.push(&it.finding.check);
            }
        }
        for check in checks {
            let of_check: Vec<_> = of_file.iter().filter(|it| it.finding.check == check).map(|it| it.finding).collect();
            let severity = of_check.first().map_or(Severity::Low, |it| it.severity);
            let title = find(check).map_or("", |check| check.title);
            writeln!(out, "  {}  {}  {title}", self.paint.badge(severity), self.paint.bold(&line(check)))?;
            for it in of_check.iter().take(SHOWN_PER_CHECK) {
                writeln!(out, "    - {}", short(&it.message, WIDTH))?;
                let (member, place) = (members(&it.subject), place(it));
                match (member.is_empty(), place.is_empty()) {
                    (true, true) => {}
                    (true, false) => writeln!(out, "      {place}")?,
                    (false, true) => writeln!(out, "      in {}", short(&member, WIDTH))?,
                    (false, false) => writeln!(out, "      {place} of {}", short(&member, WIDTH))?,
                }
                for it in it.trail.iter().take(SHOWN_STEPS) {
                    writeln!(out, "        {}", self.paint.dim(&short(&step(it), WIDTH)))?;
                }
                if it.trail.len() > SHOWN_STEPS {
                    let more = number((it.trail.len() - SHOWN_STEPS) as u64, "more step", "more steps");
                    writeln!(out, "        {}", self.paint.dim(&more))?;
                }
            }
            if of_check.len() > SHOWN_PER_CHECK {
                writeln!(out, "    - {} more; `--format json` lists all", of_check.len() - SHOWN_PER_CHECK)?;
            }
            if let Some(advice) = advice(check) {
                let hint = self.paint.dim(&format!("(sluice explain {check})"));
                writeln!(out, "    {} {advice}. {hint}", self.paint.bold("What to do:"))?;
            }
        }
        Ok(())
    }

    /// Findings that hold nothing, one line each, so that nobody forgets them.
    fn waived(&self, covered: &[Listed<'_>], out: &mut dyn Write) -> io::Result<()> {
        if covered.is_empty() || self.quiet {
            return Ok(());
        }
        writeln!(out, "{}", self.paint.bold(&format!("Waived ({})", covered.len())))?;
        for it in covered {
            let subject = short(&it.finding.subject.to_string(), WIDTH);
            write!(out, "  {}  {}  {subject}", self.paint.badge(it.finding.severity), line(&it.finding.check))?;
            match it.waiver {
                None => writeln!(out)?,
                Some(waiver) => writeln!(
                    out,
                    ": {} ({}, until {}, {}:{})",
                    short(&waiver.reason, WIDTH),
                    short(&waiver.owner, WIDTH),
                    line(&waiver.until),
                    line(&waiver.file),
                    waiver.line
                )?,
            }
        }
        writeln!(out)
    }

    /// Waivers that somebody should look at.
    fn waivers(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = Vec::new();
        for waiver in &self.report.waivers {
            let what = match waiver.state {
                WaiverState::Expired => format!("expired on {}", line(&waiver.until)),
                WaiverState::Proposed => "is proposed by this change and has no effect".to_owned(),
                WaiverState::Active if waiver.used == 0 => "covers nothing and can be removed".to_owned(),
                WaiverState::Active => continue,
            };
            let scope: Vec<_> = waiver.path.iter().chain(&waiver.sha256).map(|it| short(it, WIDTH)).collect();
            let scope = if scope.is_empty() { String::new() } else { format!(" on {}", scope.join(", ")) };
            let (file, check) = (line(&waiver.file), short(&waiver.check, WIDTH));
            lines.push(format!("  {file}:{}: waiver of {check}{scope} {what} ({})", waiver.line, short(&waiver.owner, WIDTH)));
        }
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", self.paint.bold("Waivers to look at"))?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        writeln!(out)
    }

    /// What was not examined, by reason. Where it keeps the run from deciding it is shown in any case.
    fn unexamined(&self, out: &mut dyn Write) -> io::Result<()> {
        let by_reason: Vec<_> =
            unexamined(self.report).into_iter().filter(|(reason, _)| reason.undecided() || !self.quiet).collect();
        if by_reason.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", self.paint.bold("Not, or not wholly, examined"))?;
        for (reason, list) in by_reason {
            let style = if reason.undecided() { Style::new().red() } else { Style::new() };
            let heading = format!("{} ({})", reason.words(), list.len());
            writeln!(out, "  {}", self.paint.with(style, &heading))?;
            for it in list.iter().take(SHOWN_NAMES) {
                writeln!(out, "    {}: {}", short(&it.name.to_string(), WIDTH), short(it.detail, WIDTH))?;
            }
            if list.len() > SHOWN_NAMES {
                writeln!(out, "    {} more", list.len() - SHOWN_NAMES)?;
            }
        }
        writeln!(out)
    }

    fn notes(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.quiet || (self.report.notes.is_empty() && self.report.excluded.is_empty()) {
            return Ok(());
        }
        for note in &self.report.notes {
            writeln!(out, "note: {}", short(note, WIDTH))?;
        }
        for (rule, count) in self.report.excluded.iter().take(SHOWN_NAMES) {
            writeln!(out, "note: {} left out by {}", number(*count, "file", "files"), short(rule, WIDTH))?;
        }
        if self.report.excluded.len() > SHOWN_NAMES {
            writeln!(out, "note: {} more rules left files out", self.report.excluded.len() - SHOWN_NAMES)?;
        }
        writeln!(out)
    }

    fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", summary::scanned(self.report))?;
        writeln!(out, "{}", summary::found(self.report))?;
        let (verdict, why) = summary::verdict(self.report);
        let style = if verdict == "passed" { Style::new().green().bold() } else { Style::new().red().bold() };
        writeln!(out, "{}: {why}", self.paint.with(style, verdict))
    }
}

/// How the restricted loader of PyTorch takes a pickle.
fn weights_only(subject: &SubjectRecord, out: &mut dyn Write) -> io::Result<()> {
    let answer = match &subject.weights_only {
        None => return Ok(()),
        Some(WeightsOnly::Yes) => "yes".to_owned(),
        Some(WeightsOnly::Needs { safe_globals }) => {
            let mut names: Vec<_> = safe_globals.iter().take(SHOWN_NAMES).map(|name| short(name, WIDTH)).collect();
            if safe_globals.len() > SHOWN_NAMES {
                names.push(format!("and {} more", safe_globals.len() - SHOWN_NAMES));
            }
            format!("needs add_safe_globals([{}])", names.join(", "))
        }
        Some(WeightsOnly::No { because }) => format!("no: {}", short(because, WIDTH)),
    };
    let member = members(&subject.name);
    let of = if member.is_empty() { String::new() } else { format!("{}: ", short(&member, WIDTH)) };
    writeln!(out, "  {of}loads with torch.load(weights_only=True): {answer}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, sample};
    use sluicegate_checks::Step;

    fn printed(report: &Report, printing: &Printing) -> String {
        sample::printed(report, Format::Text, printing)
    }

    fn plain(report: &Report) -> String {
        printed(report, &Printing::default())
    }

    fn block<'a>(text: &'a str, first: &str) -> Vec<&'a str> {
        text.lines().skip_while(|line| *line != first).take_while(|line| !line.is_empty()).collect()
    }

    #[test]
    fn a_file_says_what_where_how_and_what_to_do() {
        let text = plain(&sample::report());
        let torch = block(&text, "models/resnet.pt");
        assert_eq!(
            torch,
            [
                "models/resnet.pt",
                "  critical  pickle-dangerous-call  Pickle runs code when it is loaded",
                "    - Loading this file calls builtins.open.",
                "      byte 90 of archive/data.pkl",
                "    - Loading this file calls posix.system.",
                "      byte 137 and 2 more times (bytes 412, 500) of archive/data.pkl",
                "        at byte 130 imports posix.system",
                "        at byte 137 calls posix.system('id')",
                "    What to do: Do not load this file. (sluice explain pickle-dangerous-call)",
                "  archive/data.pkl: loads with torch.load(weights_only=True): no: it calls posix.system",
            ]
        );
    }

    #[test]
    fn says_how_pickles_load() {
        let text = plain(&sample::report());
        let needs = "  loads with torch.load(weights_only=True): needs add_safe_globals([acme.Ranker, acme.helper])";
        assert_eq!(block(&text, "sk.pkl").last(), Some(&needs));
        assert!(block(&text, "models/own.pkl").is_empty(), "a pickle that loads and has no open finding needs no line");
    }

    #[test]
    fn lists_gaps_waivers_and_notes() {
        let text = plain(&sample::report());
        assert_eq!(
            block(&text, "Not, or not wholly, examined"),
            [
                "Not, or not wholly, examined",
                "  failed (1)",
                "    crash.pkl: the worker stalled\\u{1b}[31m",
                "  over a limit (1)",
                "    huge.bin: 9 levels deep",
                "  no reader for this format (1)",
                "    llm.gguf: recognised as GGUF, not examined",
            ]
        );
        assert_eq!(
            block(&text, "Waivers to look at")[1..],
            [
                "  sluice.toml:20: waiver of pickle-broken on models/* covers nothing and can be removed (ml-platform)",
                "  sluice.toml:28: waiver of pickle-dangerous-call on models/* expired on 2027-01-31 (ml-platform)",
                "  sluice.toml:36: waiver of archive-bomb on models/* is proposed by this change and has no effect (ml-platform)",
            ]
        );
        assert_eq!(
            block(&text, "Waived (1)")[1..],
            [
                "  high      pickle-unknown-call  models/own.pkl: our own loader | reviewed (ml-platform, until 2027-01-31, sluice.toml:12)"
            ]
        );
        assert!(text.contains("\nnote: 5 files left out by .gitignore\n"));
        assert!(text.ends_with("\nheld: 5 findings at or above high; not examined: 1 failed, 1 over a limit\n"), "{text}");
    }

    #[test]
    fn quiet_keeps_what_needs_attention() {
        let text = printed(&sample::report(), &Printing { quiet: true, ..Printing::default() });
        assert!(text.contains("crash.pkl") && text.contains("huge.bin") && text.contains("expired on"));
        assert!(!text.contains("llm.gguf") && !text.contains("note:") && !text.contains("Waived ("));
    }

    #[test]
    fn hostile_text_neither_colours_nor_breaks_lines() {
        let mut report = sample::report();
        report.notes = vec!["\x1b]0;title\x07".into()];
        report.waivers[2].reason = "\u{202e}".into();
        report.waivers[2].owner = "\x1b[2K".into();
        let text = plain(&report);
        assert!(text.chars().all(|char| char == '\n' || line(&char.to_string()) == char.to_string()), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("::")));
    }

    #[test]
    fn colour_changes_only_colour() {
        let colour = printed(&sample::report(), &Printing { colour: true, ..Printing::default() });
        assert!(colour.contains("\x1b["));
        assert_eq!(anstream::adapter::strip_str(&colour).to_string(), plain(&sample::report()));
    }

    #[test]
    fn lists_are_bounded_and_say_so() {
        let mut report = sample::many(1);
        let path = report.subjects[0].name.path.clone();
        let findings =
            (0..50).map(|at| sample::finding("pickle-unknown-class", &path, &[], sample::bytes(at), &format!("c{at}")));
        let mut findings: Vec<_> = findings.collect();
        findings[0].trail = (0..30).map(|at| Step { at, what: "calls f".into() }).collect();
        report.subjects[0].runs = vec![sample::found(findings)];
        report.subjects[0].weights_only = Some(WeightsOnly::Needs { safe_globals: (0..50).map(|at| format!("c{at}")).collect() });
        let text = plain(&report);
        assert!(text.contains("    - 30 more; `--format json` lists all\n"));
        assert!(text.contains("        10 more steps\n"));
        assert!(text.contains(", c9, and 40 more])\n"));
    }

    #[test]
    fn nothing_found_is_three_lines() {
        assert_eq!(
            plain(&sample::clean()),
            "Scanned 1 file or member: 0 skipped, 0 failed.\n\
             Findings: 0 critical, 0 high, 0 medium, 0 low.\n\
             passed: no finding at or above high\n"
        );
    }
}
