//! Every check, alone, on its own cases: each file in `bad/` must be found, each in `good/` must not.
//!
//! A case `x.pkl.hex` is commented hex of the file `x.pkl` (lines with `#` are comments, `# finds: TEXT` demands
//! TEXT in the message); any other file is taken as it is. Nothing here is ever loaded.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads the project's own files")]

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use sluicegate_checks::{Check, Content, Cx, Finding, Name, Role, Settings, Sink, Window, all, examine};

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    for check in all() {
        let folder = folder(root, check);
        for (side, bad) in [("bad", true), ("good", false)] {
            let cases = files(&folder.join(side));
            let name = format!("{}::{side}", check.id);
            let empty = cases.is_empty();
            trials.push(Trial::test(format!("{name}::exists"), move || {
                if empty { Err(Failed::from("a check needs at least one case on each side")) } else { Ok(()) }
            }));
            for case in cases {
                let file = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
                trials.push(Trial::test(format!("{name}::{file}"), move || run(check, &case, bad)));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// `checks/model/pickle_broken` for `pickle-broken`, whatever the family.
fn folder(root: &Path, check: &Check) -> PathBuf {
    let name = check.id.replace('-', "_");
    let families = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    families.map(|family| family.join(&name)).find(|folder| folder.is_dir()).unwrap_or_else(|| root.join("missing").join(name))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn run(check: &'static Check, case: &Path, bad: bool) -> Result<(), Failed> {
    let raw = fs::read(case)?;
    let file = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (name, bytes, wanted) = match file.strip_suffix(".hex") {
        Some(name) => {
            let (bytes, wanted) = unhex(&String::from_utf8(raw)?)?;
            (name.to_owned(), bytes, wanted)
        }
        None => (file, raw, Vec::new()),
    };
    let findings = findings(check, &name, &bytes);
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    if bad == findings.is_empty() {
        return Err(format!("expected {}, got {messages:?}", if bad { "a finding" } else { "none" }).into());
    }
    match wanted.iter().find(|text| !messages.iter().any(|message| message.contains(text.as_str()))) {
        Some(missing) => Err(format!("no finding says {missing:?}: {messages:?}").into()),
        None => Ok(()),
    }
}

fn findings(check: &'static Check, name: &str, bytes: &[u8]) -> Vec<Finding> {
    let settings = Settings::default();
    let cx = Cx::new(&settings);
    let bytes = bytes.to_vec();
    let mut found = Vec::new();
    examine(Content::Window(Window::file(&bytes)), &Name::new(name), Role::Unknown, &cx, &mut |subject| {
        let mut sink = Sink::new(check, &subject.name);
        for form in &subject.forms {
            check.run.on(form, &cx, &mut sink);
        }
        found.extend(sink.into_findings());
    });
    found
}

fn unhex(text: &str) -> Result<(Vec<u8>, Vec<String>), Failed> {
    let mut bytes = Vec::new();
    let mut wanted = Vec::new();
    for line in text.lines() {
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            wanted.extend(comment.trim().strip_prefix("finds:").map(|text| text.trim().to_owned()));
            continue;
        }
        for pair in line.split_whitespace() {
            bytes.push(u8::from_str_radix(pair, 16).map_err(|error| format!("{pair:?}: {error}"))?);
        }
    }
    Ok((bytes, wanted))
}
