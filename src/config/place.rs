//! Where `sluice.toml` may come from, and reading it from there.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::{Choice, Environment, file::MAX_SIZE, problem::printable};

/// Name of the file.
pub(super) const FILE_NAME: &str = "sluice.toml";

/// The one place where the configuration of this run may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Absolute.
    pub(super) path: PathBuf,
    /// As a person knows it.
    pub(super) shown: String,
    /// By `--config`; else it was only looked for.
    pub(super) named: bool,
}

/// Whose file it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A git worktree's: its `.git`, and the path from there.
    Worktree { git: PathBuf, inside: Vec<OsString> },
    /// The CI job's checkout, which is no git repository.
    Checkout,
    /// Nobody's whose changes are under review.
    Outside,
}

/// Where to look: the named file, else the first root if it is a folder, or the first folder among the roots. A root that is a file
/// or stdin has no configuration of its own, least of all beside it: there it is the current folder's, if the file lies in it.
pub(super) fn find(choice: &Choice, env: &Environment) -> Option<Place> {
    let place = |path: &Path, named| Place { path: env.folder.join(path), shown: printable(&path.display().to_string()), named };
    if let Some(file) = &choice.file {
        return Some(place(file, true));
    }
    if let Some(root) = choice.roots.iter().find(|root| env.folder.join(root).is_dir()) {
        let shown = if root == Path::new(".") { PathBuf::from(FILE_NAME) } else { root.join(FILE_NAME) };
        return Some(Place { path: env.folder.join(root).join(FILE_NAME), ..place(&shown, false) });
    }
    let here =
        choice.roots.first().is_none_or(|root| root == Path::new("-") || lexical(&env.folder.join(root)).starts_with(env.folder));
    here.then(|| place(Path::new(FILE_NAME), false))
}

impl Place {
    /// Whose file this is. A link can make two answers; the stricter one counts.
    pub(super) fn owner(&self, env: &Environment) -> Owner {
        let written = lexical(&self.path);
        let real = written.parent().and_then(|folder| folder.canonicalize().ok()).map(|folder| match self.path.file_name() {
            Some(name) => folder.join(name),
            None => folder,
        });
        let target = self.path.canonicalize().ok();
        let mut ways = vec![written];
        ways.extend(real);
        ways.extend(target);
        if let Some(owner) = ways.iter().find_map(|way| worktree(way)) {
            return owner;
        }
        let checkouts: Vec<PathBuf> = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"]
            .iter()
            .filter_map(|name| env.variable(name))
            .map(PathBuf::from)
            .flat_map(|folder| [folder.canonicalize().ok(), Some(folder)])
            .flatten()
            .collect();
        let checked_out = ways.iter().any(|way| checkouts.iter().any(|checkout| way.starts_with(checkout)));
        if checked_out { Owner::Checkout } else { Owner::Outside }
    }

    /// The text, or `None` if it was looked for and is not there.
    pub(super) fn read(&self) -> Result<Option<String>, String> {
        let fault = |why: &str| format!("cannot read {}: {why}", self.shown);
        let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        if !self.named {
            // What was only found must be what it seems: a link could fetch a file from anywhere.
            flags |= OFlags::NOFOLLOW;
        }
        let file = match rustix::fs::open(&self.path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) if !self.named => return Ok(None),
            Err(rustix::io::Errno::LOOP) if !self.named => {
                return Err(fault("it is a symbolic link; name the file that is meant with --config"));
            }
            Err(error) => return Err(fault(&io::Error::from(error).to_string())),
        };
        let regular = file.metadata().map_err(|error| fault(&error.to_string()))?.is_file();
        if !regular {
            return Err(fault("it is not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_SIZE + 1).read_to_end(&mut bytes).map_err(|error| fault(&error.to_string()))?;
        text(&self.shown, bytes).map(Some)
    }
}

/// The bytes as text, if they are a text of reasonable size.
pub(super) fn text(shown: &str, bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() as u64 > MAX_SIZE {
        return Err(format!("cannot read {shown}: it is larger than {} KiB", MAX_SIZE >> 10));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count() + 1;
        format!("cannot read {shown}: it is not UTF-8 at byte {at}, in line {line}")
    })
}

/// The path without `.` and `..`, by its letters only.
fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => _ = out.pop(),
            other => out.push(other),
        }
    }
    out
}

/// The innermost git worktree around a path. Only `.git` makes one: a folder that merely looks like a repository could be checked in.
fn worktree(path: &Path) -> Option<Owner> {
    path.ancestors().skip(1).find_map(|folder| {
        let git = folder.join(".git");
        let absent = matches!(git.symlink_metadata(), Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory));
        let inside = path.strip_prefix(folder).ok()?.iter().map(ToOwned::to_owned).collect();
        (!absent).then_some(Owner::Worktree { git, inside })
    })
}
