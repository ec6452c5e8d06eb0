//! Generated papers are what the program generates today.

use std::fs;
use std::path::Path;

use crate::sluice::run;

/// Compares a committed file with what it should be; `SLUICE_BLESS=1` writes it instead.
fn compare(file: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("SLUICE_BLESS").is_some() {
        fs::write(&path, wanted).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == wanted, "{file} is out of date: run `SLUICE_BLESS=1 cargo test --test it docs` and commit it");
}

#[test]
fn the_list_of_checks() {
    let folder = tempfile::tempdir().unwrap();
    compare("docs/checks.md", &run(folder.path(), ["checks", "--format", "markdown"]).stdout);
}
