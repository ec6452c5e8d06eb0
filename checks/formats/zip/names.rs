//! Names of members: how readers would spell one, where unpacking it would write, and when two are one.

use std::fmt::Write as _;

/// The name as text: UTF-8 as it is; bytes that are not UTF-8 are escaped as `\xNN`.
pub(super) fn text(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The name up to its first NUL, which is all that CPython and readers in C see of it; `None` without a NUL.
pub(super) fn cut_at_nul(name: &[u8]) -> Option<&[u8]> {
    name.split(|byte| *byte == 0).next().filter(|cut| cut.len() < name.len())
}

/// What names have in common that fall on one file where case does not count: `\` is `/`, empty and `.` parts are nothing.
pub(super) fn folded(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for part in parts(name).filter(|part| !matches!(*part, "" | ".")) {
        if !folded.is_empty() {
            folded.push('/');
        }
        folded.push_str(&part.to_lowercase());
    }
    // A folder and a file of one name do not fall on each other: the folder entry holds no bytes.
    if name.ends_with(['/', '\\']) {
        folded.push('/');
    }
    folded
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(['/', '\\'])
}

/// Where this name would lead out of the folder it is unpacked to, in words; `None` if it stays inside.
pub(super) fn escape(name: &str) -> Option<&'static str> {
    let mut letters = name.chars();
    let first = letters.next();
    if matches!(first, Some('/' | '\\')) {
        return Some("is absolute");
    }
    if first.is_some_and(|letter| letter.is_ascii_alphabetic()) && letters.next() == Some(':') {
        return Some("begins with a drive letter");
    }
    parts(name).any(|part| part == "..").then_some("has a \"..\" part")
}

/// Whether a link of this name with this target leads out of the folder.
pub(super) fn link_escapes(name: &str, target: &str) -> bool {
    if matches!(escape(target), Some(why) if !why.contains("..")) {
        return true;
    }
    let mut depth = name.trim_end_matches('/').matches('/').count();
    for part in parts(target).filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            let Some(up) = depth.checked_sub(1) else { return true };
            depth = up;
        } else {
            depth += 1;
        }
    }
    false
}

/// Whether the Unicode path field spells the name in the header, as an honest archiver writes both.
///
/// The header's name is then the same text in some older encoding, or with `?`, `#Uxxxx` or `#Lxxxxxx` (Info-ZIP)
/// for letters that the encoding lacks; what is ASCII in both must be the same.
pub(super) fn spells(header: &[u8], unicode: &[u8]) -> bool {
    if header == unicode {
        return true;
    }
    let unicode: Vec<u8> = unicode.iter().copied().filter(u8::is_ascii).collect();
    ascii_of(header, false) == unicode || ascii_of(header, true) == unicode
}

/// The ASCII letters of a name; in double-byte encodings (Shift-JIS, GBK, Big5) a high byte takes the next one with it.
fn ascii_of(name: &[u8], double: bool) -> Vec<u8> {
    let mut ascii = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, behind)) = rest.split_first() {
        let hex = |count: usize| behind.get(1..=count).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let skip = match (first, behind.first()) {
            (b'#', Some(b'U')) if hex(4) => 6,
            (b'#', Some(b'L')) if hex(6) => 8,
            (b'?', _) => 1,
            (high, _) if !high.is_ascii() => 1 + usize::from(double),
            (letter, _) => {
                ascii.push(*letter);
                1
            }
        };
        rest = rest.get(skip..).unwrap_or_default();
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out() {
        for name in ["/etc/x", "\\x", "C:x", "c:\\x", "../x", "a/../../x", "a\\..\\x", "..", "//host/share"] {
            assert!(escape(name).is_some(), "{name}");
        }
        for name in ["a/b", "..a/b", "a..", "a/...", "archive/data.pkl", "café:x/y", ":", ""] {
            assert!(escape(name).is_none(), "{name}");
        }
    }

    #[test]
    fn links_that_lead_out() {
        for (name, target) in [("l", "/etc/passwd"), ("l", "../x"), ("a/l", "../../x"), ("a/l", "b/../../../x"), ("l", "C:\\x")] {
            assert!(link_escapes(name, target), "{name} -> {target}");
        }
        for (name, target) in [("l", "x"), ("a/l", "../x"), ("a/b/l", "../../x"), ("a/l", "./b/../../x"), ("l", "a/..")] {
            assert!(!link_escapes(name, target), "{name} -> {target}");
        }
    }

    #[test]
    fn names_that_fall_on_each_other() {
        for (a, b) in [("A/b", "a/B"), ("a/b", "a\\b"), ("./a", "a"), ("a//b", "a/b"), ("É", "é")] {
            assert_eq!(folded(a), folded(b));
        }
        for (a, b) in [("a/b", "ab"), ("META-INF/LICENSE", "META-INF/license/"), ("a", "a.")] {
            assert_ne!(folded(a), folded(b));
        }
    }

    #[test]
    fn unicode_paths_that_spell_the_name() {
        // Café in CP437 and as Info-ZIP escapes it; ソ in Shift-JIS is 83 5C, whose second byte is a backslash.
        for (header, unicode) in [
            (&b"Caf\x82.txt"[..], "Café.txt"),
            (b"Caf#U00e9.txt", "Café.txt"),
            (b"Caf?.txt", "Café.txt"),
            (b"\x83\x5c.txt", "ソ.txt"),
        ] {
            assert!(spells(header, unicode.as_bytes()), "{unicode}");
        }
        for (header, unicode) in [(&b"notes.txt"[..], "data.pkl"), (b"notes.txt", "notes.pkl"), (b"a", "ab")] {
            assert!(!spells(header, unicode.as_bytes()), "{unicode}");
        }
    }

    #[test]
    fn text_escapes_what_is_not_utf8() {
        assert_eq!(text(b"a\xffb"), "a\\xffb");
        assert_eq!(text("é/ソ".as_bytes()), "é/ソ");
        assert_eq!(cut_at_nul(b"data.pkl\0.txt"), Some(&b"data.pkl"[..]));
        assert_eq!(cut_at_nul(b"data.pkl"), None);
    }
}
