//! One artefact in, its parsed forms out: recognises, opens containers, and hands each subject to the engine.

use crate::{
    Content, Cx, Gap, Kind, Name, Role, formats::archive::ArchiveFacts, formats::torchscript::TorchScript, model::PickleFacts,
};

/// One thing that was looked at: a file, or a member of a container.
pub struct Subject {
    pub name: Name,
    pub kind: Kind,
    pub size: u64,
    /// Parsed once, for all checks.
    pub forms: Vec<Form>,
    pub gaps: Vec<Gap>,
}

/// A parsed form that checks can be asked about.
pub enum Form {
    Pickle(PickleFacts),
    Archive(ArchiveFacts),
    TorchScript(TorchScript),
}

/// Examines an artefact and everything inside it; `each` is called once for every subject, innermost last.
pub fn examine(_content: Content<'_>, name: &Name, _role: Role, _cx: &Cx, each: &mut dyn FnMut(Subject)) {
    each(Subject { name: name.clone(), kind: Kind::Unknown, size: 0, forms: Vec::new(), gaps: Vec::new() });
}
