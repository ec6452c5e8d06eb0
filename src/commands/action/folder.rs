//! The folder of the reports: below the workspace, not led out of it by a link, and in the end its owner's.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::fs::{AtFlags, CWD, Gid, Uid, chownat};

use super::inputs::Plan;

/// Makes the output folder and returns what was made.
///
/// The workspace holds what is judged, and this runs as root: a link there must not lead a report out of the workspace.
pub(super) fn prepare(workspace: &Path, plan: &Plan) -> Result<Vec<PathBuf>, String> {
    let mut made = Vec::new();
    let mut at = workspace.to_path_buf();
    for part in Path::new(&plan.output_dir).components() {
        at.push(part);
        match fs::symlink_metadata(&at) {
            Ok(data) if data.is_dir() => {}
            Ok(_) => return Err(format!("output-dir: {} is not a folder", at.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&at).map_err(|error| format!("output-dir: cannot make {}: {error}", at.display()))?;
                made.push(at.clone());
            }
            Err(error) => return Err(format!("output-dir: cannot look at {}: {error}", at.display())),
        }
    }
    for (_, path) in &plan.files {
        let path = workspace.join(path);
        match fs::symlink_metadata(&path) {
            Ok(data) if !data.is_file() => return Err(format!("output-dir: {} is there and not a file", path.display())),
            // Another name of the same file may stand anywhere; a new file has one name.
            Ok(_) => fs::remove_file(&path).map_err(|error| format!("output-dir: cannot replace {}: {error}", path.display()))?,
            Err(_) => {}
        }
    }
    Ok(made)
}

/// Later steps run as the owner of the workspace, this as root: without it they could not even delete the reports.
pub(super) fn give_to_owner(workspace: &Path, paths: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = fs::metadata(workspace)?;
    let (user, group) = (Uid::from_raw(owner.uid()), Gid::from_raw(owner.gid()));
    for path in paths {
        chownat(CWD, &path, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn plan(folder: &str) -> Plan {
        Plan::read(&|name| (name == "output-dir").then(|| folder.to_owned())).expect("a plan")
    }

    #[test]
    fn makes_what_is_missing_and_says_so() {
        let workspace = tempfile::tempdir().unwrap();
        fs::create_dir(workspace.path().join("a")).unwrap();
        let made = prepare(workspace.path(), &plan("a/b/c")).unwrap();
        assert_eq!(made, [workspace.path().join("a/b"), workspace.path().join("a/b/c")]);
        assert!(prepare(workspace.path(), &plan("a/b/c")).unwrap().is_empty());
    }

    #[test]
    fn no_link_leads_a_report_out_of_the_workspace() {
        let (workspace, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(outside.path(), workspace.path().join("out")).unwrap();
        assert!(prepare(workspace.path(), &plan("out")).unwrap_err().contains("not a folder"));
        assert!(prepare(workspace.path(), &plan("out/deeper")).is_err());
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0, "and nothing was made behind it");

        let precious = outside.path().join("precious");
        fs::write(&precious, "kept").unwrap();
        fs::create_dir(workspace.path().join("in")).unwrap();
        symlink(&precious, workspace.path().join("in/report.json")).unwrap();
        assert!(prepare(workspace.path(), &plan("in")).unwrap_err().contains("not a file"));

        fs::remove_file(workspace.path().join("in/report.json")).unwrap();
        fs::hard_link(&precious, workspace.path().join("in/report.json")).unwrap();
        prepare(workspace.path(), &plan("in")).unwrap();
        fs::write(workspace.path().join("in/report.json"), "a report").unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "kept", "a second name of a file outside is no way out either");
    }
}
