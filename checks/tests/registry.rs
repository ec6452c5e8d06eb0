//! The registry and the folders tell the same: ids, order, help.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads the project's own files")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sluicegate_checks::{all, find, model};

/// Sections that every help text has, in this order.
const SECTIONS: [&str; 3] = ["## What it finds\n", "\n## Why it matters\n", "\n## What to do\n"];

#[test]
fn folders_and_registry_are_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let registered: BTreeSet<String> = all().map(|check| check.id.to_owned()).collect();
    let mut folders = BTreeSet::new();
    for family in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for folder in fs::read_dir(family).unwrap().map(|entry| entry.unwrap().path()) {
            if folder.join("help.md").is_file() {
                folders.insert(folder.file_name().unwrap().to_string_lossy().replace('_', "-"));
            }
        }
    }
    assert_eq!(folders, registered);
}

#[test]
fn ids_are_unique_sorted_and_kebab_case() {
    let ids: Vec<_> = model::CHECKS.iter().map(|check| check.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for check in all() {
        assert!(
            check
                .id
                .split('-')
                .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())),
            "{}",
            check.id
        );
        assert!(std::ptr::eq(find(check.id).unwrap(), check));
    }
}

#[test]
fn every_check_explains_itself() {
    for check in all() {
        let mut from = 0;
        for section in SECTIONS {
            let at = check.help[from..].find(section).unwrap_or_else(|| panic!("{}: no section {section:?}", check.id));
            from += at + section.len();
            let text = check.help[from..].split("\n## ").next().unwrap().trim();
            assert!(text.len() > 40, "{}: {section:?} says too little", check.id);
        }
        assert!(!check.title.ends_with('.') && check.title.len() <= 80, "{}: {}", check.id, check.title);
        assert!(!check.refs.is_empty() && !check.stages.is_empty(), "{}", check.id);
        assert!(!check.since.is_empty());
    }
}
