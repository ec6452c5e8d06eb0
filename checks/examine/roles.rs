//! What the place of an artefact says about it: names of files, places in a container.

use crate::formats::Kind;
use crate::{Name, Role};

/// Extensions under which loaders of the field look for pickles, or under which pickles are passed on.
const NAMED: &[&str] = &[
    "pkl",
    "pickle",
    "pk",
    "p",
    "pt",
    "pth",
    "pt2",
    "ptl",
    "ckpt",
    "bin",
    "joblib",
    "jl",
    "dill",
    "cloudpickle",
    "cpkl",
    "dat",
    "data",
    "mar",
    "sav",
    "model",
    "mdl",
    "npy",
    "npz",
    "pdparams",
    "pdopt",
    "pdmodel",
    "weights",
    "params",
    "states",
    "state",
    "save",
];

/// Of these, the extensions that promise a pickle and nothing else.
const PROMISED: &[&str] = &["pkl", "pickle", "joblib", "dill", "cloudpickle", "cpkl"];

/// Suffixes that compression adds, and what remains.
const COMPRESSED: &[(&str, &str)] = &[
    (".tgz", ".tar"),
    (".tbz2", ".tar"),
    (".tbz", ".tar"),
    (".txz", ".tar"),
    (".gz", ""),
    (".gzip", ""),
    (".bz2", ""),
    (".xz", ""),
    (".lzma", ""),
    (".lz4", ""),
    (".zst", ""),
    (".zstd", ""),
    (".zlib", ""),
    (".z", ""),
];

/// What is expected of an artefact before its bytes are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) role: Role,
    /// A bare unpickler reads it: it opens no container.
    pub(super) bare: bool,
    /// Raw elements of a tensor: nothing to recognise in them, though a pickle may still hide there.
    pub(super) raw: bool,
}

impl Expected {
    pub(super) fn of(role: Role) -> Self {
        Self { role, bare: false, raw: false }
    }

    pub(super) const PICKLE: Self = Self { role: Role::Pickle, bare: true, raw: false };
    pub(super) const RAW: Self = Self { role: Role::Unknown, bare: false, raw: true };
}

/// Whether a file's name says that it is a pickle or carries one.
pub(super) fn is_named(name: &Name) -> bool {
    has_extension(name.last(), NAMED)
}

/// Whether a file's name says that it is a pickle and can be nothing else.
pub(super) fn promises_pickle(name: &Name) -> bool {
    has_extension(name.last(), PROMISED)
}

/// A file that the distributed checkpoints of PyTorch read by the offsets in their `.metadata`.
pub(super) fn is_shard(name: &Name) -> bool {
    has_extension(name.last(), &["distcp"])
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    last_part(name).rsplit_once('.').is_some_and(|(_, found)| extensions.iter().any(|known| known.eq_ignore_ascii_case(found)))
}

fn last_part(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The name of what a compressed file holds.
pub(super) fn unpacked_name(name: &str) -> String {
    let last = last_part(name);
    COMPRESSED
        .iter()
        .find_map(|(suffix, instead)| {
            let cut = last.len().checked_sub(suffix.len()).filter(|&cut| cut > 0)?;
            let tail = last.get(cut..)?;
            tail.eq_ignore_ascii_case(suffix).then(|| format!("{}{instead}", last.get(..cut).unwrap_or_default()))
        })
        .unwrap_or_else(|| last.to_owned())
}

/// What a compressed stream is expected to hold. joblib unpacks transparently, whatever the file is called.
pub(super) fn expected_unpacked(kind: Kind, name: &str, role: Role) -> Expected {
    // Before 0.10 joblib wrote each array of a compressed pickle into a file of its own, its bytes and nothing else
    // (`joblib/numpy_pickle_compat.py`, `ZNDArrayWrapper`). What is a pickle all the same is taken for one by its bytes.
    if kind == Kind::JoblibZlib && last_part(name).ends_with(".npy.z") {
        return Expected::of(Role::Unknown);
    }
    let joblib = kind == Kind::JoblibZlib || has_extension(name, &["joblib"]) || has_extension(&unpacked_name(name), &["joblib"]);
    Expected::of(if joblib { Role::Joblib } else { role })
}

/// What a loader called with bytes does with them.
pub(super) fn expected_by_loader(loader: &str) -> Expected {
    let module = loader.split('.').next().unwrap_or(loader);
    match module {
        // These look at the beginning first: an archive, a compressed stream, an array, or else a pickle.
        "torch" | "numpy" | "pandas" => Expected::of(Role::Pickle),
        "joblib" | "sklearn" => Expected::of(Role::Joblib),
        _ => Expected::PICKLE,
    }
}

/// Which container an archive is, by the names of its members.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the names")]
pub(super) struct Members {
    count: u64,
    arrays: u64,
    data_pickle: bool,
    code: bool,
    keras: [bool; 2],
    schema: bool,
    mar: bool,
    core_ml: bool,
    nemo: bool,
    legacy: [bool; 3],
}

impl Members {
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut this = Self::default();
        for name in names {
            this.add(name.trim_start_matches("./"));
        }
        this
    }

    fn add(&mut self, name: &str) {
        self.count += 1;
        self.arrays += u64::from(has_extension(name, &["npy"]));
        // torch.save puts everything into one folder; torch.package and others may not.
        let inside = name.split_once('/').map_or(name, |(_, inside)| inside);
        // Its reader does not tell capitals from small letters.
        self.data_pickle |= [inside, name].iter().any(|name| name.eq_ignore_ascii_case("data.pkl"));
        self.code |= inside == "constants.pkl" || (inside.starts_with("code/") && has_extension(inside, &["py"]));
        match name {
            "config.json" => self.keras[0] = true,
            "metadata.json" => self.keras[1] = true,
            "schema.json" => self.schema = true,
            "MAR-INF/MANIFEST.json" => self.mar = true,
            "model_config.yaml" => self.nemo = true,
            "pickle" => self.legacy[0] = true,
            "storages" => self.legacy[1] = true,
            "tensors" => self.legacy[2] = true,
            _ => {}
        }
        self.core_ml |= name.contains("com.apple.CoreML/");
    }

    pub(super) fn zip_kind(&self) -> Kind {
        match self {
            Self { data_pickle: true, code: true, .. } => Kind::TorchScript,
            Self { data_pickle: true, .. } => Kind::PytorchZip,
            Self { mar: true, .. } => Kind::Mar,
            Self { keras: [true, true], .. } => Kind::KerasV3,
            Self { core_ml: true, .. } => Kind::CoreMl,
            Self { schema: true, .. } => Kind::Skops,
            _ if self.count > 0 && self.arrays == self.count => Kind::Npz,
            _ => Kind::Zip,
        }
    }

    pub(super) fn tar_kind(&self) -> Kind {
        match self {
            Self { legacy: [true, true, true], .. } => Kind::PytorchTar,
            Self { nemo: true, .. } => Kind::Nemo,
            _ => Kind::Tar,
        }
    }
}

/// What a member is in a container of this kind.
pub(super) fn expected_member(container: Kind, name: &str) -> Expected {
    let torch = matches!(container, Kind::PytorchZip | Kind::TorchScript);
    let name = name.trim_start_matches("./");
    if torch && has_extension(name, &["pkl"]) {
        return Expected::PICKLE;
    }
    let storage = |folder: &str| {
        let inside = name.split_once('/').map_or("", |(_, inside)| inside);
        [name, inside].iter().any(|path| {
            path.strip_prefix(folder).is_some_and(|file| !file.is_empty() && file.bytes().all(|byte| byte.is_ascii_digit()))
        })
    };
    if torch && ["data/", "constants/", "tensors/"].into_iter().any(storage) {
        return Expected::RAW;
    }
    if container == Kind::PytorchTar && name == "pickle" {
        return Expected::PICKLE;
    }
    Expected::of(Role::Unknown)
}

/// Source of a TorchScript archive.
pub(super) fn is_torchscript_code(container: Kind, name: &str) -> bool {
    container == Kind::TorchScript && has_extension(name, &["py"]) && (name.starts_with("code/") || name.contains("/code/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(names: &[&str]) -> Kind {
        Members::of(names.iter().copied()).zip_kind()
    }

    #[test]
    fn containers_are_told_by_their_members() {
        assert_eq!(kind(&["m/data.pkl", "m/byteorder", "m/data/0", "m/version"]), Kind::PytorchZip);
        assert_eq!(kind(&["m/data.pkl", "m/code/__torch__.py", "m/constants.pkl"]), Kind::TorchScript);
        assert_eq!(kind(&["a.npy", "b.npy"]), Kind::Npz);
        assert_eq!(kind(&["config.json", "metadata.json", "model.weights.h5"]), Kind::KerasV3);
        assert_eq!(kind(&["schema.json", "1.npy"]), Kind::Skops);
        assert_eq!(kind(&["a.npy", "readme.txt"]), Kind::Zip);
        assert_eq!(kind(&[]), Kind::Zip);
        assert_eq!(Members::of(["pickle", "storages", "tensors", "sys_info"].into_iter()).tar_kind(), Kind::PytorchTar);
        assert_eq!(Members::of(["./model_config.yaml", "./weights.ckpt"].into_iter()).tar_kind(), Kind::Nemo);
    }

    #[test]
    fn members_have_roles() {
        assert_eq!(expected_member(Kind::PytorchZip, "m/data.pkl"), Expected::PICKLE);
        assert_eq!(expected_member(Kind::PytorchZip, "m/data/12"), Expected::RAW);
        assert_eq!(expected_member(Kind::TorchScript, "constants/3"), Expected::RAW);
        assert_eq!(expected_member(Kind::PytorchZip, "m/data/x"), Expected::of(Role::Unknown));
        assert_eq!(expected_member(Kind::Zip, "data/12"), Expected::of(Role::Unknown));
        assert!(is_torchscript_code(Kind::TorchScript, "m/code/__torch__/x.py"));
        assert!(!is_torchscript_code(Kind::PytorchZip, "m/code/x.py"));
    }

    #[test]
    fn names_without_their_compression() {
        for (packed, name) in
            [("a/x.pkl.gz", "x.pkl"), ("x.tgz", "x.tar"), ("x.joblib", "x.joblib"), (".gz", ".gz"), ("é.XZ", "é")]
        {
            assert_eq!(unpacked_name(packed), name);
        }
    }
}
