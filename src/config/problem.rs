//! What is wrong with a `sluice.toml`, shown at the place where it is wrong.

use std::fmt::Write as _;
use std::ops::Range;

/// How many problems are shown in full; the rest is counted.
const SHOWN: usize = 20;
/// Characters of a line that are shown around the place.
const WIDTH: usize = 120;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Bytes of the file that it is about.
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it; stands beside the caret. May be empty.
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: help.into() }
    }
}

/// One-based line and column of a byte; columns count characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// All problems of the file `name`, in the order of their places, each with its line and a caret.
pub(super) fn render(name: &str, text: &str, mut problems: Vec<Problem>) -> String {
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    let mut out = String::new();
    for problem in problems.iter().take(SHOWN) {
        if !out.is_empty() {
            out.push('\n');
        }
        one(&mut out, name, text, problem);
    }
    if let Some(more @ 1..) = problems.len().checked_sub(SHOWN) {
        let _ = writeln!(out, "\n{more} more problems in {name} are not shown");
    }
    out.truncate(out.trim_end().len());
    out
}

fn one(out: &mut String, name: &str, text: &str, problem: &Problem) {
    let (line, column) = line_and_column(text, problem.span.start);
    let content = text.split('\n').nth(line - 1).unwrap_or_default().trim_end_matches('\r');
    let length = text
        .get(text.floor_char_boundary(problem.span.start)..text.floor_char_boundary(problem.span.end))
        .and_then(|covered| covered.split('\n').next())
        .map_or(1, |covered| covered.trim_end().chars().count().max(1));

    // A long line is shown from shortly before the place.
    let skipped = if column > WIDTH / 2 { column - WIDTH / 4 } else { 0 };
    let (mut shown, mut lead, mut marked) = (String::new(), 0, 0);
    for (index, character) in content.chars().enumerate().skip(skipped).take(WIDTH) {
        // Tabs and control characters would move the caret, or the reader's terminal.
        let piece = if character == '\t' { " ".to_owned() } else { printable(&character.to_string()) };
        let wide = piece.chars().count();
        if index + 1 < column {
            lead += wide;
        } else if index + 1 < column + length {
            marked += wide;
        }
        shown.push_str(&piece);
    }
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let _ = writeln!(out, "error: {}", printable(&problem.message));
    let _ = writeln!(out, "{margin}--> {name}:{line}:{column}");
    let _ = writeln!(out, "{margin} |");
    let _ = writeln!(out, "{number} | {}", shown.trim_end());
    let caret = format!("{margin} | {}{} {}", " ".repeat(lead), "^".repeat(marked.max(1)), printable(&problem.help));
    let _ = writeln!(out, "{}", caret.trim_end());
}

/// The text with everything escaped that would steer a terminal or reorder what is read.
pub(super) fn printable(text: &str) -> String {
    let steers =
        |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        if steers(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked_under_its_line() {
        let text = "[scan]\nfail-on = \"high\"\nuntl = 3\n";
        let start = text.find("untl").unwrap();
        let shown = render("a/sluice.toml", text, vec![Problem::new(start..start + 4, "unknown key `untl`", "nearest: `until`")]);
        assert_eq!(shown, "error: unknown key `untl`\n --> a/sluice.toml:3:1\n  |\n3 | untl = 3\n  | ^^^^ nearest: `until`");
    }

    #[test]
    fn columns_count_characters_and_tabs_do_not_move_the_caret() {
        let text = "\tä = 'é' # x";
        let start = text.find("'é'").unwrap();
        assert_eq!(line_and_column(text, start), (1, 6));
        let shown = render("f", text, vec![Problem::new(start..start + 4, "m", "")]);
        assert!(shown.ends_with("1 |  ä = 'é' # x\n  |      ^^^"), "{shown}");
    }

    #[test]
    fn places_at_the_end_of_odd_files_are_shown() {
        for text in ["", "\n", "a", "a\r\n", "ä"] {
            for start in 0..=text.len() + 1 {
                let shown = render("f", text, vec![Problem::new(start..start + 1, "m", "")]);
                assert!(shown.contains("--> f:") && shown.ends_with('^'), "{text:?} {start}: {shown}");
            }
        }
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!("{}here{}", "x".repeat(100_000), "y".repeat(100_000));
        let shown = render("f", &text, vec![Problem::new(100_000..100_004, "m", "")]);
        assert!(shown.len() < 600, "{}", shown.len());
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines[3].find("here"), lines[4].find("^^^^"));
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let text = "a = \"\u{1b}[2J\u{202e}\"";
        let shown = render("f", text, vec![Problem::new(0..1, "unknown key `\u{1b}c`", "")]);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }

    #[test]
    fn many_problems_are_counted() {
        let problems = (0..50).map(|at| Problem::new(at..at, "m", "")).collect();
        let shown = render("f", &"\n".repeat(60), problems);
        assert_eq!(shown.matches("error: m").count(), SHOWN);
        assert!(shown.ends_with("30 more problems in f are not shown"));
    }
}
