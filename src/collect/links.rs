//! Which symbolic links are followed: those that stay inside what is scanned.

use std::io;
use std::path::{Path, PathBuf};

use sluicegate_checks::{Gap, Why};

/// Where a link leads.
pub(super) enum Target {
    File(PathBuf),
    Folder(PathBuf),
    /// Not followed.
    Not(Gap),
}

/// Resolves a link found under a root. `root` is the root's canonical path.
pub(super) fn resolve(link: &Path, root: &Path) -> Target {
    let outside = |detail: String| Target::Not(Gap { why: Why::OutOfScope, detail });
    let target = match link.canonicalize() {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return outside("a link that leads nowhere, not followed".into());
        }
        Err(error) => return outside(format!("a link that cannot be followed: {error}")),
    };
    if !target.starts_with(root) && !in_same_cache(link, &target) {
        return outside("a link that leads out of what is scanned, not followed".into());
    }
    match target.metadata() {
        Ok(metadata) if metadata.is_file() => Target::File(target),
        Ok(metadata) if metadata.is_dir() => Target::Folder(target),
        Ok(_) => outside("a link to something that is no file, not followed".into()),
        Err(error) => Target::Not(Gap { why: Why::Unreadable, detail: format!("the link's target cannot be read: {error}") }),
    }
}

/// In the cache of `huggingface_hub`, a file of a snapshot is a link into the `blobs/` of the same repository:
/// `models--org--name/snapshots/REVISION/file` → `models--org--name/blobs/DIGEST` ("Understand caching", hub docs).
fn in_same_cache(link: &Path, target: &Path) -> bool {
    let Some(folder) = link.parent().and_then(|folder| folder.canonicalize().ok()) else { return false };
    folder
        .ancestors()
        .filter(|snapshots| snapshots.ends_with("snapshots"))
        .filter_map(Path::parent)
        .filter(|repository| is_cached_repository(repository))
        .any(|repository| target.parent() == Some(&repository.join("blobs")))
}

fn is_cached_repository(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["models--", "datasets--", "spaces--"].iter().any(|kind| name.starts_with(kind))
}
