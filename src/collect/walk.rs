//! Walks the roots of a scan: everything below them, hidden and ignored files included, except a repository's own `.git`.

use std::collections::HashSet;
use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sluicegate_checks::{Gap, Why};

use super::ignored::{self, Excluded, Rules};
use super::links::{self, Target};
use super::{Item, name};

/// Folders in folders. Deeper ones are named as a gap; `PATH_MAX` ends most trees long before.
const DEPTH: usize = 512;

/// Gives every item under the roots to `give`, until that says `false`; returns what ignore files took.
pub(crate) fn walk(roots: &[PathBuf], respect_ignore: bool, give: &mut dyn FnMut(Item) -> bool) -> Excluded {
    let current = std::env::current_dir().ok();
    let mut walk = Walk { respect_ignore, give, excluded: Excluded::new(), seen: HashSet::new(), links: Vec::new() };
    for given in roots {
        let name = name::root(given, current.as_deref(), roots.len() == 1);
        if walk.root(given, name).is_none() {
            break;
        }
    }
    walk.excluded
}

struct Walk<'g> {
    respect_ignore: bool,
    give: &'g mut dyn FnMut(Item) -> bool,
    excluded: Excluded,
    /// Folders already walked, by device and inode: a link cannot lead in circles.
    seen: HashSet<(u64, u64)>,
    /// Links to folders. Their targets are mostly walked under their own name; those that are not come last.
    links: Vec<Folder>,
}

#[derive(Clone)]
struct Folder {
    path: PathBuf,
    name: String,
    depth: usize,
    rules: Rules,
}

impl Walk<'_> {
    /// `None`, here and below: nobody wants more.
    fn root(&mut self, given: &Path, name: String) -> Option<()> {
        let canonical = match given.canonicalize() {
            Ok(canonical) => canonical,
            Err(error) => return self.gap(shown(given, name), unreadable(&error)),
        };
        let metadata = match canonical.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.gap(shown(given, name), unreadable(&error)),
        };
        if !metadata.is_dir() {
            // A file given by name is scanned whatever its folder's rules say.
            return self.other(canonical, shown(given, name), metadata.file_type());
        }
        let rules = if self.respect_ignore { Rules::above(&canonical) } else { Rules::default() };
        self.tree(Folder { path: canonical.clone(), name, depth: 0, rules }, &canonical)?;
        while let Some(folder) = self.links.pop() {
            self.tree(folder, &canonical)?;
        }
        Some(())
    }

    fn tree(&mut self, top: Folder, root: &Path) -> Option<()> {
        let mut folders = vec![top];
        while let Some(mut folder) = folders.pop() {
            let entries = match self.enter(&folder) {
                Ok(Some(entries)) => entries,
                Ok(None) => continue,
                Err(error) => {
                    self.gap(shown(&folder.path, folder.name), unreadable(&error))?;
                    continue;
                }
            };
            if self.respect_ignore {
                folder.rules = folder.rules.within(&folder.path);
            }
            let mut below = Vec::new();
            for entry in entries {
                self.entry(entry, &folder, root, &mut below)?;
            }
            folders.extend(below.into_iter().rev());
        }
        Some(())
    }

    /// The entries of a folder in the order of their names; `None` if it was walked before.
    fn enter(&mut self, folder: &Folder) -> io::Result<Option<Vec<io::Result<DirEntry>>>> {
        let metadata = folder.path.metadata()?;
        if !self.seen.insert((metadata.dev(), metadata.ino())) {
            return Ok(None);
        }
        let mut entries: Vec<_> = fs::read_dir(&folder.path)?.collect();
        entries.sort_by_cached_key(|entry| entry.as_ref().ok().map(DirEntry::file_name));
        Ok(Some(entries))
    }

    fn entry(&mut self, entry: io::Result<DirEntry>, folder: &Folder, root: &Path, below: &mut Vec<Folder>) -> Option<()> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.gap(shown(&folder.path, folder.name.clone()), unreadable(&error)),
        };
        let path = entry.path();
        let name = name::join(&folder.name, &entry.file_name());
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.gap(name, unreadable(&error)),
        };
        if self.respect_ignore
            && let Some(rule) = folder.rules.excludes(&path, kind.is_dir(), root)
        {
            *self.excluded.entry(rule).or_default() += if kind.is_dir() { ignored::count(path) } else { 1 };
            return Some(());
        }
        if kind.is_dir() {
            if is_git_folder(&path) {
                *self.excluded.entry(format!("{name}/")).or_default() += ignored::count(path);
                return Some(());
            }
            return self.below(Folder { path, name, depth: folder.depth + 1, rules: folder.rules.clone() }, below);
        }
        if !kind.is_symlink() {
            return self.other(path, name, kind);
        }
        match links::resolve(&path, root) {
            Target::File(path) => self.give(Item::File { path, name }),
            Target::Folder(path) => {
                self.links.push(Folder { path, name, depth: folder.depth + 1, rules: Rules::default() });
                Some(())
            }
            Target::Not(gap) => self.gap(name, gap),
        }
    }

    fn below(&mut self, folder: Folder, below: &mut Vec<Folder>) -> Option<()> {
        if folder.depth > DEPTH {
            let detail = format!("more than {DEPTH} folders in folders");
            return self.gap(folder.name, Gap { why: Why::OverLimit, detail });
        }
        below.push(folder);
        Some(())
    }

    /// What is neither folder nor link.
    fn other(&mut self, path: PathBuf, name: String, kind: FileType) -> Option<()> {
        if kind.is_file() {
            return self.give(Item::File { path, name });
        }
        let what = if kind.is_fifo() {
            "a named pipe"
        } else if kind.is_socket() {
            "a socket"
        } else if kind.is_block_device() || kind.is_char_device() {
            "a device"
        } else {
            "no regular file"
        };
        self.gap(name, Gap { why: Why::OutOfScope, detail: format!("{what}, not opened") })
    }

    fn gap(&mut self, name: String, gap: Gap) -> Option<()> {
        self.give(Item::Gap { name, gap })
    }

    fn give(&mut self, item: Item) -> Option<()> {
        (self.give)(item).then_some(())
    }
}

/// A root that is the current folder has no name of its own.
fn shown(path: &Path, name: String) -> String {
    if name.is_empty() { name::join("", path.file_name().unwrap_or(path.as_os_str())) } else { name }
}

fn unreadable(error: &io::Error) -> Gap {
    Gap { why: Why::Unreadable, detail: format!("cannot be read: {error}") }
}

/// Git's own folder, by what every repository has in it and not by its name alone: a model in a folder that is only
/// called `.git` is scanned.
fn is_git_folder(path: &Path) -> bool {
    let is = |name: &str, test: fn(&Metadata) -> bool| fs::symlink_metadata(path.join(name)).is_ok_and(|it| test(&it));
    path.ends_with(".git") && is("HEAD", Metadata::is_file) && is("objects", Metadata::is_dir) && is("refs", Metadata::is_dir)
}
