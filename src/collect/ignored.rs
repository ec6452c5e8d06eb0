//! Ignore files, for whoever asks for them with `--respect-ignore`; everything they take is counted.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What was left out: the rule, and how many files it took.
pub(crate) type Excluded = BTreeMap<String, u64>;

/// Ignore files that count in a folder.
const FILES: [&str; 2] = [".gitignore", ".ignore"];
/// Files counted under one excluded folder; it says "at least" beyond.
const COUNTED: u64 = 1_000_000;

/// The ignore files from the top of the repository down to one folder.
#[derive(Clone, Default)]
pub(super) struct Rules(Vec<std::sync::Arc<Gitignore>>);

impl Rules {
    /// Rules of the folders above a root, up to the one that holds `.git`.
    pub(super) fn above(root: &Path) -> Self {
        let mut above: Vec<&Path> = Vec::new();
        if !root.join(".git").exists() {
            for folder in root.ancestors().skip(1) {
                above.push(folder);
                if folder.join(".git").exists() {
                    break;
                }
            }
            if !above.last().is_some_and(|top| top.join(".git").exists()) {
                above.clear();
            }
        }
        above.iter().rev().fold(Self::default(), |rules, folder| rules.within(folder))
    }

    /// These rules and those of `folder`.
    pub(super) fn within(&self, folder: &Path) -> Self {
        let mut rules = self.clone();
        let exclude = folder.join(".git/info/exclude");
        for file in FILES.iter().map(|name| folder.join(name)).chain([exclude]) {
            // Only a regular file of sensible size: a pipe of this name must not hold us.
            if !fs::symlink_metadata(&file).is_ok_and(|it| it.is_file() && it.len() < 1 << 20) {
                continue;
            }
            let mut builder = GitignoreBuilder::new(folder);
            builder.add(&file);
            if let Ok(gitignore) = builder.build()
                && !gitignore.is_empty()
            {
                rules.0.push(gitignore.into());
            }
        }
        rules
    }

    /// The rule that excludes a path, as `FILE: PATTERN`. The deepest file that says something decides.
    pub(super) fn excludes(&self, path: &Path, is_dir: bool, root: &Path) -> Option<String> {
        self.0.iter().rev().find_map(|rules| match rules.matched(path, is_dir) {
            Match::None => None,
            Match::Whitelist(_) => Some(None),
            Match::Ignore(glob) => {
                let file = glob.from().map(|file| file.strip_prefix(root).unwrap_or(file).to_owned()).unwrap_or_default();
                Some(Some(format!("{}: {}", file.display(), glob.original())))
            }
        })?
    }
}

/// Files under an excluded folder.
pub(super) fn count(folder: PathBuf) -> u64 {
    let mut count = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => count += 1,
            }
            if count >= COUNTED {
                return count;
            }
        }
    }
    count
}
