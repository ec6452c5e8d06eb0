//! The house rules: who may know whom, what `checks/` must not touch, how long a file may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of the root package, each with those that it may use. The way of the data goes one way.
const MAY_USE: &[(&str, &[&str])] = &[
    ("main", &["cli", "collect", "commands", "config", "engine", "outcome", "report"]),
    ("commands", &["cli", "collect", "config", "engine", "outcome", "report", "spelling"]),
    ("cli", &["config", "report"]),
    ("config", &["report", "spelling"]),
    ("outcome", &["report"]),
    ("engine", &["collect", "report"]),
    ("collect", &[]),
    ("report", &["outcome"]),
    ("spelling", &[]),
];

/// What the package of checks must not name: it decides about bytes and touches nothing.
const BANNED_IN_CHECKS: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::time",
    "std::thread",
    "std::os",
    "println!",
    "eprintln!",
    "unsafe {",
];

/// What its manifest may depend on: parsers and decompressors without a way to the world.
const CHECKS_DEPENDENCIES: &[&str] = &["serde", "schemars", "flate2", "bzip2", "lzma-rust2", "ruzstd", "lz4_flex", "memchr"];

/// Lines without tests after which a file is reported, and after which the test fails.
const LONG: usize = 300;
const TOO_LONG: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// A file's text before its unit tests.
fn without_tests(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("\n#[cfg(test)]\nmod tests").next().unwrap().to_owned()
}

#[test]
fn modules_know_only_whom_they_may() {
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let inside = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
        let module = inside.split(['/', '.']).next().unwrap();
        let allowed = rules.get(module).unwrap_or_else(|| panic!("no rule for {module}"));
        for name in without_tests(&path)
            .split("crate::")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        {
            if rules.contains_key(name) && name != module && !allowed.contains(&name) {
                wrong.push(format!("{inside} uses {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn checks_touch_nothing() {
    let mut wrong = Vec::new();
    for path in sources(&root().join("checks")) {
        let inside = path.strip_prefix(root()).unwrap().to_str().unwrap();
        if ["checks/tests/", "checks/examples/", "checks/build.rs"].iter().any(|part| inside.starts_with(part)) {
            continue;
        }
        let text = without_tests(&path);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (banned, line) in code.flat_map(|line| BANNED_IN_CHECKS.iter().map(move |banned| (banned, line))) {
            if line.contains(banned) {
                wrong.push(format!("{inside}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let manifest: toml::Table = fs::read_to_string(root().join("checks/Cargo.toml")).unwrap().parse().unwrap();
    let dependencies: Vec<_> = manifest["dependencies"].as_table().unwrap().keys().collect();
    assert!(dependencies.iter().all(|it| CHECKS_DEPENDENCIES.contains(&it.as_str())), "{dependencies:?}");
}

#[test]
fn files_say_what_they_are_for_and_stay_short() {
    let mut long = Vec::new();
    let mut wrong = Vec::new();
    for path in
        sources(&root().join("src")).into_iter().chain(sources(&root().join("checks"))).chain(sources(&root().join("tests")))
    {
        let inside = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//! ") {
            wrong.push(format!("{inside} does not begin by saying what it is for"));
        }
        let lines = without_tests(&path).lines().count();
        if lines > LONG {
            long.push(format!("{inside}: {lines} lines"));
        }
        if lines > TOO_LONG && !text.lines().next().unwrap().contains("long because") {
            wrong.push(format!("{inside} has {lines} lines and does not say why"));
        }
    }
    println!("over {LONG} lines: {long:#?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
