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
pub fn examine(content: Content<'_>, name: &Name, role: Role, cx: &Cx, each: &mut dyn FnMut(Subject)) {
    let role = if name.last().ends_with(".pkl") { Role::Named } else { role };
    let window = if let Content::Window(window) = &content { Some(*window) } else { None };
    if let Some(facts) = crate::model::read_pickle(content, role, cx) {
        let nested = facts.nested.clone();
        each(Subject {
            name: name.clone(),
            kind: Kind::Unknown,
            size: 0,
            gaps: facts.gaps.clone(),
            forms: vec![Form::Pickle(facts)],
        });
        for n in nested {
            if let Some(b) = n.bytes {
                examine(Content::Window(crate::Window::memory(&b)), &name.member("n"), Role::Pickle, cx, each)
            } else if let Some(w) = window {
                examine(Content::Window(w.slice(n.at, n.size)), &name.member("n"), Role::Pickle, cx, each)
            }
        }
    }
}
