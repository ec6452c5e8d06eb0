//! Names of tar members: as text, and whether they lead out of the folder that the archive is unpacked to.

use std::fmt::Write as _;

/// Bytes that are not UTF-8 are escaped as `\xNN`, as everywhere in names.
pub(super) fn text(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

pub(super) fn shown(name: &[u8]) -> String {
    text(name.get(..200).unwrap_or(name))
}

pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\']) || matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Whether a path leads out of the folder where it begins, at any point.
pub(super) fn escapes(path: &str) -> bool {
    let mut depth = 0_i64;
    is_absolute(path)
        || path.split(['/', '\\']).any(|part| {
            depth += match part {
                "" | "." => 0,
                ".." => -1,
                _ => 1,
            };
            depth < 0
        })
}
