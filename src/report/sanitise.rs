//! Text from scanned content, made fit to be shown: nothing in it moves a cursor, hides, reorders what stands beside it,
//! or gives a command to the build system that reads the log.

use std::fmt::Write;

/// The text on one line, with every character that is not plainly visible written as an escape.
///
/// GitHub's runner takes a line that begins with `::`, blanks aside, for a command, and `##[` anywhere in a line; other
/// build systems read `##vso[` and `##teamcity[` so. Neither survives.
pub(super) fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let command = text.trim_start().starts_with("::").then(|| text.len() - text.trim_start().len());
    let mut before = ' ';
    for (at, char) in text.char_indices() {
        let hash = char == '#' && before == '#';
        before = char;
        match char {
            _ if hash || command == Some(at) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(char));
            }
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if deceives(char) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(char));
            }
            _ => shown.push(char),
        }
    }
    shown
}

/// [`line`], cut to `limit` characters; a cut is visible.
pub(super) fn short(text: &str, limit: usize) -> String {
    // Escaping never makes a text shorter, so nothing that could be shown is lost here.
    let head: String = text.chars().take(limit.saturating_add(1)).collect();
    cut(line(&head), limit)
}

/// At most `limit` characters; the last of a text that was cut is an ellipsis.
pub(super) fn cut(text: String, limit: usize) -> String {
    if text.chars().nth(limit).is_none() {
        return text;
    }
    text.chars().take(limit.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// JSON text in which deceiving characters are written as JSON escapes: the same value, harmless on a terminal.
pub(super) fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    for char in text.chars() {
        let hash = char == '#' && before == '#';
        before = char;
        // JSON's own line breaks are ASCII; anything else that deceives can only stand inside a string.
        if !hash && (char.is_ascii() && char != '\u{7f}' || !deceives(char)) {
            safe.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe
}

/// Control characters, line separators, and format characters that are invisible or change the direction of text.
/// The Unicode general categories Cc, Zl, Zp and those of Cf that no script needs to be read.
fn deceives(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' // soft hyphen
            | '\u{61c}' // Arabic letter mark
            | '\u{180e}' // Mongolian vowel separator
            | '\u{200b}'..='\u{200f}' // zero width, left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202e}' // line and paragraph separators, embeddings and overrides
            | '\u{2060}'..='\u{206f}' // word joiner, invisible operators, isolates, deprecated format characters
            | '\u{feff}' // byte order mark
            | '\u{fff9}'..='\u{fffb}' // interlinear annotation
            | '\u{1d173}'..='\u{1d17a}' // musical format characters
            | '\u{e0000}'..='\u{e007f}' // tags
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_hides() {
        assert_eq!(line("a\x1b[2Jb\nc\rd\te\0"), "a\\u{1b}[2Jb\\nc\\rd\\te\\u{0}");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(line("evil\u{202e}fdp.exe"), "evil\\u{202e}fdp.exe");
        assert_eq!(line("a\u{200b}b\u{2028}c\u{2066}d\u{feff}e\u{e0041}"), "a\\u{200b}b\\u{2028}c\\u{2066}d\\u{feff}e\\u{e0041}");
    }

    #[test]
    fn nothing_is_a_command_of_a_build_system() {
        assert_eq!(line("::add-mask::x"), "\\u{3a}:add-mask::x");
        assert_eq!(line(" \u{2003}::stop-commands::x"), " \u{2003}\\u{3a}:stop-commands::x");
        assert_eq!(line("a::b"), "a::b");
        assert_eq!(line("x ##[add-mask]y ###vso["), "x #\\u{23}[add-mask]y #\\u{23}\\u{23}vso[");
        for text in ["::a::", "##[a]", " ::b", "a\nb"] {
            assert_eq!(line(&line(text)), line(text), "escaping twice changes nothing");
        }
    }

    #[test]
    fn what_is_readable_stays() {
        for text in ["models/ünïcode 模型.pkl", "a|b `c` <d> %20", "é", "🦀"] {
            assert_eq!(line(text), text);
        }
    }

    #[test]
    fn cuts_on_characters_and_shows_it() {
        assert_eq!(short("ééé", 3), "ééé");
        assert_eq!(short("éééé", 3), "éé…");
        assert_eq!(short("\n\n\n\n", 4), "\\n\\…");
        assert_eq!(short("abc", 0), "…");
        assert!(short(&"\u{202e}".repeat(5000), 1000).chars().count() == 1000);
    }

    #[test]
    fn escaped_json_is_the_same_value() {
        let value = serde_json::json!({"k\u{202e}": "a\u{9b}b\u{e0041}\u{7f}\n ü ##[add-mask]"});
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.contains("##"));
        assert!(!text.chars().any(|char| char != '\n' && deceives(char)), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
