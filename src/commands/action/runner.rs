//! What the runner gives and takes: files for outputs and the summary, and commands on standard output.

use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::{env, str};

/// A file of the runner, to be appended to; `None` outside of one.
pub(super) fn runner_file(variable: &str) -> Option<io::Result<File>> {
    let path = env::var_os(variable).filter(|path| !path.is_empty())?;
    Some(OpenOptions::new().append(true).create(true).open(path))
}

/// Between delimiters that no value can contain, because nobody can know them.
pub(super) fn write_outputs(outputs: &[(&str, String)], out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    for (name, value) in outputs {
        let delimiter = unguessable();
        let _ = writeln!(text, "{name}<<{delimiter}\n{value}\n{delimiter}");
    }
    out.write_all(text.as_bytes())
}

/// 128 bits from the random keys of the standard library's hash maps, which come from the operating system.
pub(super) fn unguessable() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("sluice-{:016x}{:016x}", half(), half())
}

/// What a command to the runner must not contain as it is.
pub(super) fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// At most `limit` bytes, without a part of a character at the end.
pub(super) fn cut(text: &[u8], limit: usize) -> &[u8] {
    let head = text.get(..limit).unwrap_or(text);
    match str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => head.get(..error.valid_up_to()).unwrap_or(head),
        _ => head,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_end_its_own_output() {
        let mut out = Vec::new();
        write_outputs(&[("a", "x\nEOF\nb=forged".to_owned()), ("c", "y".to_owned())], &mut out).unwrap();
        // Read it as the runner does: up to the line that repeats the delimiter.
        let text = String::from_utf8(out).unwrap();
        let mut lines = text.lines();
        let mut read = Vec::new();
        while let Some(head) = lines.next() {
            let (name, delimiter) = head.split_once("<<").expect("a head");
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            read.push((name, value.join("\n")));
        }
        assert_eq!(read, [("a", "x\nEOF\nb=forged".to_owned()), ("c", "y".to_owned())]);
        assert_ne!(unguessable(), unguessable());
    }

    #[test]
    fn a_command_stays_one_command() {
        assert_eq!(escape("50%\r\n::set-env"), "50%25%0D%0A::set-env");
    }

    #[test]
    fn a_cut_leaves_whole_characters() {
        assert_eq!(cut("aé".as_bytes(), 2), b"a");
        assert_eq!(cut("aé".as_bytes(), 3), "aé".as_bytes());
        assert_eq!(cut(b"a\xffb", 3), b"a\xffb");
    }
}
