//! What a user calls a file: a path with `/` between its parts, and text even where the bytes are none.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

/// The name of one part of a path; bytes that are not UTF-8 are written as `\xNN`.
pub(super) fn part(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// `name` below `folder`, where the root itself has no name.
pub(super) fn join(folder: &str, name: &OsStr) -> String {
    let name = part(name);
    match folder {
        "" => name,
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    }
}

/// What a root is called in a report: relative to the current folder where it lies below it, because that is where
/// a pipeline's paths begin; nothing where it is that folder, or the only root, so that names are relative to it.
pub(super) fn root(given: &Path, current: Option<&Path>, only: bool) -> String {
    let relative = match current {
        Some(current) if given.is_absolute() => given.strip_prefix(current).ok(),
        _ => Some(given),
    };
    let tidy: PathBuf = relative.unwrap_or(given).components().filter(|part| *part != Component::CurDir).collect();
    let below = relative.is_some() && !tidy.components().any(|part| part == Component::ParentDir);
    if !below && only { String::new() } else { tidy.iter().fold(String::new(), |folder, name| join(&folder, name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_whatever_the_bytes() {
        assert_eq!(join("a", OsStr::from_bytes(b"m\xffdel.pkl")), r"a/m\xffdel.pkl");
        assert_eq!(join("", OsStr::new("x")), "x");
    }

    #[test]
    fn a_root_is_called_as_a_pipeline_calls_it() {
        let current = Some(Path::new("/repo"));
        for (given, name) in [
            (".", ""),
            ("models", "models"),
            ("./models/", "models"),
            ("/repo/models", "models"),
            ("/repo", ""),
            ("/data/models", ""),
            ("../other", ""),
        ] {
            assert_eq!(root(Path::new(given), current, true), name, "{given}");
        }
        assert_eq!(root(Path::new("/data/models"), current, false), "/data/models");
        assert_eq!(root(Path::new("../other"), current, false), "../other");
    }
}
