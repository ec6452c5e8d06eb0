//! Words of TorchScript text, which is a subset of Python: comments and what stands in strings are no code.

/// One word. Spaces and line continuations are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    /// The inside of a string literal, escapes as they are written.
    Text(&'a str),
    Mark(u8),
    LineEnd,
}

/// Words with their one-based lines, in one pass and without memory of their own.
pub(super) struct Tokens<'a> {
    rest: &'a str,
    line: u64,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1 }
    }

    /// Takes `count` bytes, or all if there are fewer or they end inside of a letter.
    fn take(&mut self, count: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count() as u64;
        taken
    }

    /// A string literal whose quote stands first.
    fn text(&mut self, quote: u8) -> &'a str {
        let triple = self.rest.as_bytes().get(..3).is_some_and(|three| three.iter().all(|byte| *byte == quote));
        let width = if triple { 3 } else { 1 };
        self.take(width);
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        while let Some(byte) = bytes.get(end) {
            let closes = *byte == quote && (!triple || bytes.get(end..end + 3).is_some_and(|all| all.iter().all(|b| b == byte)));
            // A line end ends a literal that nobody closed; the parser of TorchScript would refuse it.
            if closes || (*byte == b'\n' && !triple) {
                break;
            }
            end += if *byte == b'\\' { 2 } else { 1 };
        }
        let inside = self.take(end);
        if self.rest.as_bytes().first() == Some(&quote) {
            self.take(width);
        }
        inside
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (u64, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = *self.rest.as_bytes().first()?;
            let line = self.line;
            let token = match first {
                b' ' | b'\t' | b'\r' | b'\x0c' => {
                    self.take(1);
                    continue;
                }
                b'\\' => {
                    self.take(if self.rest.starts_with("\\\r\n") { 3 } else { 2 });
                    continue;
                }
                b'#' => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.take(end);
                    continue;
                }
                b'\n' => {
                    self.take(1);
                    Token::LineEnd
                }
                b'\'' | b'"' => Token::Text(self.text(first)),
                _ if is_name(first) => {
                    let end = self.rest.bytes().position(|byte| !is_name(byte)).unwrap_or(self.rest.len());
                    Token::Name(self.take(end))
                }
                mark => {
                    self.take(1);
                    Token::Mark(mark)
                }
            };
            return Some((line, token));
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::Token::{LineEnd, Mark, Name, Text};
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        Tokens::new(text).map(|(_, token)| token).collect()
    }

    #[test]
    fn comments_and_strings_are_no_names() {
        assert_eq!(tokens("a # b\n'c' \"d\\\"e\""), [Name("a"), LineEnd, Text("c"), Text("d\\\"e")]);
        assert_eq!(tokens("'''x\n'y''' z"), [Text("x\n'y"), Name("z")]);
        assert_eq!(tokens("a\\\n.b"), [Name("a"), Mark(b'.'), Name("b")]);
        assert_eq!(tokens("'open\nnext"), [Text("open"), LineEnd, Name("next")]);
    }

    #[test]
    fn lines_are_counted_through_strings() {
        let lines: Vec<u64> = Tokens::new("'''\n\n'''\na").map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn odd_ends_end() {
        for text in ["'", "\"\"\"", "'\\", "\\", "é", "a\\é", "'''a''", "\\\r", "'\\é"] {
            assert!(tokens(text).len() < 5, "{text}");
        }
    }
}
