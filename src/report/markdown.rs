//! Markdown for a job summary or a comment: GitHub's and GitLab's dialect, with nothing of the scanned content in effect.

use std::io::{self, Write};

use sluicegate_checks::Severity;

use super::listing::{Listed, advice, listed, members, place, unexamined};
use super::summary::{self, number};
use super::{Printing, Report, WaiverState, sanitise};

/// Below the 65,536 characters that a comment may have, with room for what a caller adds.
const MAX_BYTES: usize = 60_000;
/// Rows of the table at the top.
const TOP: usize = 10;
/// Rows of each folded list.
const FOLDED: usize = 100;
/// Kept free for the line that counts the rest, and for closing a list.
const RESERVE: usize = 200;
/// Characters of one piece of scanned content.
const WIDTH: usize = 300;

pub(super) fn print(report: &Report, printing: &Printing, out: &mut dyn Write) -> io::Result<()> {
    let (waived, open): (Vec<_>, Vec<_>) = listed(report).into_iter().partition(|it| it.waived);
    let end = format!("\n{} {} sluice {}.\n", summary::scanned(report), summary::found(report), escape(&report.version, 50));
    let mut page = Page { text: String::new(), limit: MAX_BYTES.saturating_sub(end.len()) };

    // A hidden mark by which a later run finds its own comment.
    page.text.push_str(&format!("<!-- sluice:report:v1 category={} -->\n", mark(&printing.category)));
    let (verdict, why) = summary::verdict(report);
    let sign = if verdict == "passed" { "✅" } else { "❌" };
    page.text.push_str(&format!("## {sign} Sluicegate: {verdict}\n\n{}.\n", capital(&why)));

    let head = "\n| Severity | Where | Finding | What to do |\n| --- | --- | --- | --- |\n";
    if !open.is_empty() {
        page.text.push_str(head);
        let top = page.rows(open.iter().take(TOP).map(row));
        let rest = open.get(top..).unwrap_or_default();
        let title = number(rest.len() as u64, "more finding", "more findings");
        page.folded(&title, head, rest.len(), rest.iter().map(row));
    }
    let title = format!("Waived: {}", waived.len());
    page.folded(&title, "\n", waived.len(), waived.iter().map(waiver));
    let waivers: Vec<_> = report.waivers.iter().filter_map(odd_waiver).collect();
    page.folded("Waivers to look at", "\n", waivers.len(), waivers.into_iter());
    let gaps: Vec<_> = unexamined(report)
        .into_iter()
        .filter(|(reason, _)| reason.undecided() || !printing.quiet)
        .flat_map(|(reason, list)| list.into_iter().map(move |gap| (reason, gap)))
        .collect();
    let title = format!("Not, or not wholly, examined: {}", gaps.len());
    let lines = gaps
        .iter()
        .map(|(reason, gap)| format!("* {}: {}: {}\n", code(&gap.name.to_string()), reason.words(), escape(gap.detail, WIDTH)));
    page.folded(&title, "\n", gaps.len(), lines);
    if !printing.quiet {
        let notes = report.notes.iter().map(|note| format!("* {}\n", escape(note, WIDTH)));
        page.folded("Notes", "\n", report.notes.len(), notes);
    }
    page.text.push_str(&end);
    out.write_all(page.text.as_bytes())
}

/// Text that never grows beyond its limit.
struct Page {
    text: String,
    limit: usize,
}

impl Page {
    /// Adds rows as long as they fit; how many did.
    fn rows(&mut self, rows: impl Iterator<Item = String>) -> usize {
        let mut count = 0;
        for row in rows {
            if self.text.len() + row.len() + RESERVE > self.limit {
                break;
            }
            self.text.push_str(&row);
            count += 1;
        }
        count
    }

    /// A list that is closed until somebody wants it. `of` is how many rows there are.
    fn folded(&mut self, title: &str, head: &str, of: usize, rows: impl Iterator<Item = String>) {
        if of == 0 {
            return;
        }
        let open = format!("\n<details><summary>{title}</summary>\n{head}");
        if self.text.len() + open.len() + 2 * RESERVE > self.limit {
            if self.text.len() + title.len() + 40 <= self.limit {
                self.text.push_str(&format!("\n{title} (not listed: no room).\n"));
            }
            return;
        }
        self.text.push_str(&open);
        let shown = self.rows(rows.take(FOLDED));
        if of > shown {
            self.text.push_str(&format!("\n{} more; the report as JSON lists all.\n", of - shown));
        }
        self.text.push_str("\n</details>\n");
    }
}

fn row(it: &Listed<'_>) -> String {
    let it = it.finding;
    let sign = match it.severity {
        Severity::Critical => "🟥",
        Severity::High => "🟧",
        Severity::Medium => "🟨",
        Severity::Low => "🟦",
    };
    let (member, place) = (members(&it.subject), place(it));
    let mut location = code(&it.subject.path);
    if !member.is_empty() {
        location.push_str(&format!("<br>in {}", code(&member)));
    }
    if !place.is_empty() {
        location.push_str(&format!("<br>{place}"));
    }
    let check = code(&it.check);
    let advice = advice(&it.check).map_or_else(String::new, |advice| format!("{advice}."));
    format!("| {sign} {} | {location} | {}<br>{check} | {advice} |\n", it.severity, escape(&it.message, WIDTH))
}

fn waiver(it: &Listed<'_>) -> String {
    let subject = code(&it.finding.subject.to_string());
    let why = it.waiver.map_or_else(String::new, |waiver| {
        format!(
            ": {} ({}, until {}, {})",
            escape(&waiver.reason, WIDTH),
            escape(&waiver.owner, WIDTH),
            escape(&waiver.until, WIDTH),
            code(&format!("{}:{}", waiver.file, waiver.line))
        )
    });
    format!("* {} {} in {subject}{why}\n", it.finding.severity, code(&it.finding.check))
}

/// A waiver that somebody should look at.
fn odd_waiver(it: &super::WaiverRecord) -> Option<String> {
    let what = match it.state {
        WaiverState::Expired => format!("expired on {}", escape(&it.until, WIDTH)),
        WaiverState::Proposed => "is proposed by this change and has no effect".to_owned(),
        WaiverState::Active if it.used == 0 => "covers nothing and can be removed".to_owned(),
        WaiverState::Active => return None,
    };
    let place = code(&format!("{}:{}", it.file, it.line));
    Some(format!("* {place}: waiver of {} {what} ({})\n", code(&it.check), escape(&it.owner, WIDTH)))
}

/// Scanned content as it is, and nothing else: no markup, table bar, mention, reference, link or emoji code.
///
/// Character references cannot structure Markdown. Mentions and references are looked for after rendering, so there a
/// zero-width space stands between the sign and the name.
fn escape(content: &str, limit: usize) -> String {
    let mut safe = String::with_capacity(content.len());
    for char in sanitise::short(content, limit).chars() {
        match char {
            '@' | '#' | '!' | '$' | '%' | '~' | '&' => safe.push_str(&format!("&#{};&#8203;", u32::from(char))),
            '.' | ',' | '-' | '/' | ';' | '(' | ')' | '=' | '?' | '\'' => safe.push(char),
            _ if char.is_ascii_punctuation() => safe.push_str(&format!("&#{};", u32::from(char))),
            _ => safe.push(char),
        }
    }
    // The one bare form that becomes a link without a colon.
    safe.replace("www.", "www&#46;").replace("WWW.", "WWW&#46;").replace("Www.", "Www&#46;")
}

/// [`escape`] in a code element, where neither platform looks for mentions, so that a name can be copied as it is.
fn code(content: &str) -> String {
    format!("<code>{}</code>", escape(content, WIDTH).replace("&#8203;", ""))
}

/// Safe inside an HTML comment, and on its one line.
fn mark(category: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/_.".contains(char);
    category.chars().take(100).map(|char| if plain(char) { char } else { '_' }).collect()
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Format, sample};

    fn printed(report: &Report) -> String {
        sample::printed(report, Format::Markdown, &Printing { category: "models -->".into(), ..Printing::default() })
    }

    #[test]
    fn begins_with_the_mark_and_the_verdict() {
        let text = printed(&sample::report());
        let lines: Vec<_> = text.lines().take(4).collect();
        assert_eq!(
            lines,
            [
                "<!-- sluice:report:v1 category=models____ -->",
                "## ❌ Sluicegate: held",
                "",
                "5 findings at or above high; not examined: 1 failed, 1 over a limit.",
            ]
        );
        assert!(printed(&sample::clean()).contains("\n## ✅ Sluicegate: passed\n\nNo finding at or above high.\n"));
    }

    #[test]
    fn rows_say_what_where_and_what_to_do() {
        let text = printed(&sample::report());
        let row = text.lines().find(|line| line.contains("posix")).unwrap();
        assert_eq!(
            row,
            "| 🟥 critical | <code>models/resnet.pt</code><br>in <code>archive/data.pkl</code>\
             <br>byte 137 and 2 more times (bytes 412, 500) | Loading this file calls posix.system.<br>\
             <code>pickle-dangerous-call</code> | Do not load this file. |"
        );
        assert!(text.contains(
            "* high <code>pickle-unknown-call</code> in <code>models/own.pkl</code>: our own loader &#124; reviewed (ml-platform, until 2027-01-31, <code>sluice.toml&#58;12</code>)\n"
        ));
        assert!(text.contains("* <code>llm.gguf</code>: no reader for this format: recognised as GGUF, not examined\n"));
        assert!(text.contains("* <code>sluice.toml&#58;28</code>: waiver of <code>pickle-dangerous-call</code> expired on 2027-01-31 (ml-platform)\n"));
    }

    #[test]
    fn scanned_content_has_no_effect() {
        let hostile = "`a` | <b> @octo #1 ![x](http://e.org) **c** _d_ :tada: www.e.org ~~f~~ [y](z) \\| &lt; \n/close {{x}}";
        let safe = escape(hostile, 1000);
        for sign in ['`', '|', '<', '>', '@', '!', '[', ']', '*', '_', ':', '~', '\\', '\n', '{', '}', '"'] {
            assert!(!safe.contains(sign), "{sign:?} in {safe}");
        }
        assert!(!safe.contains("www."));
        assert!(safe.contains("&#64;&#8203;octo") && safe.contains("&#35;&#8203;1"));
        // What is shown, once references are resolved, is the text.
        let shown = |text: &str| {
            let mut parts = text.split("&#");
            let mut shown = parts.next().unwrap().to_owned();
            for part in parts {
                let (code, rest) = part.split_once(';').unwrap();
                shown.extend(char::from_u32(code.parse().unwrap()));
                shown.push_str(rest);
            }
            shown.replace('\u{200b}', "")
        };
        assert_eq!(shown(&safe), sanitise::line(hostile));
        assert_eq!(shown(&code("a@b|c")), "<code>a@b|c</code>");

        let text = printed(&sample::report());
        assert!(!text.contains("@octo") && !text.contains("<b>") && !text.contains("](") && !text.contains('\u{202e}'));
        let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| 🟧") || line.starts_with("| 🟥")).collect();
        assert!(rows.len() >= 5 && rows.iter().all(|row| row.matches('|').count() == 5), "{rows:#?}");
    }

    #[test]
    fn never_too_long_and_counts_the_rest() {
        let text = printed(&sample::many(600));
        assert!(text.len() <= MAX_BYTES);
        assert!(text.contains("<summary>590 more findings</summary>"));
        assert!(text.contains("\n490 more; the report as JSON lists all.\n"));
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        // The worst case: every character becomes a reference, everywhere.
        let mut report = sample::report();
        let long = "|@".repeat(5_000);
        for subject in &mut report.subjects {
            subject.name.path.clone_from(&long);
        }
        report.notes = vec![long.clone(); 500];
        for waiver in &mut report.waivers {
            waiver.reason.clone_from(&long);
            waiver.owner.clone_from(&long);
        }
        let template = report.subjects[1].clone();
        for at in 0..500 {
            let mut subject = template.clone();
            let mut finding = sample::finding("pickle-dangerous-call", &long, &[&long], sample::bytes(at), &long);
            finding.message.clone_from(&long);
            subject.runs = vec![sample::found(vec![finding])];
            report.subjects.push(subject);
        }
        let text = printed(&report);
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert!(text.contains("more findings") && text.contains("\nScanned 509 files and members"));
    }
}
