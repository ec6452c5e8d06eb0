//! One file of one commit, from the objects of a local clone. The only module that knows git.
//!
//! Nothing the repository says is believed: it is opened without its configuration, the user's or the environment's,
//! so that nothing of theirs runs, and the digest of every object on the way is computed anew. What comes back is what
//! the commit id stands for, whoever owns the clone and whatever lies in it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gix::objs::{CommitRefIter, Kind, TreeRefIter};
use gix::{ObjectId, Repository};

/// Largest commit and tree that are read; git itself makes none near it.
const MAX_NODE: u64 = 64 << 20;

/// Why the file could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("the git repository cannot be opened: {0}")]
    Repository(String),
    #[error("the {kind} {id} is not in this clone")]
    Missing { kind: Kind, id: String },
    #[error("the {kind} {id} is damaged: {why}")]
    Damaged { kind: Kind, id: String, why: String },
    #[error("the {kind} {id} is too large")]
    TooLarge { kind: Kind, id: String },
    #[error("at that commit, `{0}` is not a regular file")]
    NotAFile(String),
}

impl Fault {
    /// Whether more of the history would help.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

/// Bytes of the file `path` at `commit`; `None` if the commit has no such file.
pub(super) fn read(git: &Path, commit: &str, path: &[OsString], max: u64) -> Result<Option<Vec<u8>>, Fault> {
    let repository = open(git)?;
    let id = ObjectId::from_hex(commit.as_bytes())
        .ok()
        .filter(|id| id.kind() == repository.object_hash())
        .ok_or_else(|| Fault::Repository(format!("its object ids are not of {} digits", commit.len())))?;
    let data = object(&repository, id, Kind::Commit, MAX_NODE)?;
    let damaged = |kind, id: ObjectId, why: gix::Error| Fault::Damaged { kind, id: id.to_string(), why: why.to_string() };
    let mut at = CommitRefIter::from_bytes(&data, id.kind()).tree_id().map_err(|why| damaged(Kind::Commit, id, why))?;
    let Some((name, folders)) = path.split_last() else { return Ok(None) };
    let mut walked = Vec::new();
    for part in folders {
        let Some((mode, next)) = entry(&repository, at, part)? else { return Ok(None) };
        walked.push(part.to_string_lossy());
        if !mode.is_tree() {
            return if mode.is_blob() { Ok(None) } else { Err(Fault::NotAFile(walked.join("/"))) };
        }
        at = next;
    }
    let Some((mode, id)) = entry(&repository, at, name)? else { return Ok(None) };
    if !mode.is_blob() {
        walked.push(name.to_string_lossy());
        return Err(Fault::NotAFile(walked.join("/")));
    }
    object(&repository, id, Kind::Blob, max).map(Some)
}

fn open(git: &Path) -> Result<Repository, Fault> {
    gix::open::Options::isolated()
        // No level of ownership would make its configuration worth reading, and in a container the owner is often another user.
        .with(gix::sec::Trust::Reduced)
        .bail_if_untrusted(false)
        .open_path_as_is(true)
        .cli_overrides(["core.useReplaceRefs=false"])
        .open(git)
        .map(|repository| repository.to_thread_local())
        .map_err(|error| Fault::Repository(error.to_string()))
}

fn entry(
    repository: &Repository,
    tree: ObjectId,
    name: &OsString,
) -> Result<Option<(gix::objs::tree::EntryMode, ObjectId)>, Fault> {
    let data = object(repository, tree, Kind::Tree, MAX_NODE)?;
    for entry in TreeRefIter::from_bytes(&data, tree.kind()) {
        let entry = entry.map_err(|why| Fault::Damaged { kind: Kind::Tree, id: tree.to_string(), why: why.to_string() })?;
        if entry.filename == name.as_bytes() {
            return Ok(Some((entry.mode, entry.oid.to_owned())));
        }
    }
    Ok(None)
}

/// The bytes that `id` stands for.
fn object(repository: &Repository, id: ObjectId, kind: Kind, max: u64) -> Result<Vec<u8>, Fault> {
    let damaged = |why: String| Fault::Damaged { kind, id: id.to_string(), why };
    let missing = || Fault::Missing { kind, id: id.to_string() };
    // The size comes first, because whoever made the object chose it.
    let header = repository.try_find_header(id).map_err(|error| damaged(error.to_string()))?.ok_or_else(missing)?;
    if header.kind() != kind {
        return Err(damaged(format!("it is a {}", header.kind())));
    }
    if header.size() > max {
        return Err(Fault::TooLarge { kind, id: id.to_string() });
    }
    let object = repository.try_find_object(id).map_err(|error| damaged(error.to_string()))?.ok_or_else(missing)?.detach();
    let found = gix::objs::compute_hash(id.kind(), object.kind, &object.data).map_err(|error| damaged(error.to_string()))?;
    if found != id || object.kind != kind {
        return Err(damaged("its content has another id".to_owned()));
    }
    Ok(object.data)
}
