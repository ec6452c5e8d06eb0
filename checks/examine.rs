//! One artefact in, its parsed forms out: recognises, opens containers, and hands each subject to the engine.

use crate::{
    Content, Cx, Gap, Kind, Name, Role, formats::archive::ArchiveFacts, formats::torchscript::TorchScript, formats::zip,
    model::PickleFacts,
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
    if let Some(archive) =
        window.filter(|archive| name.members.len() < cx.settings.limits.depth as usize && zip::is_zip(*archive, cx))
    {
        return examine_zip(archive, name, cx, each);
    }
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

fn examine_zip(archive: crate::Window<'_>, name: &Name, cx: &Cx, each: &mut dyn FnMut(Subject)) {
    let opened = zip::open(archive, cx);
    let mut gaps = opened.gaps;
    for member in opened.members.iter().filter(|member| !member.is_folder()) {
        let name = name.member(&member.name);
        match member.content(archive, cx) {
            Ok(content) => {
                if member.name.contains("code/")
                    && member.name.ends_with(".py")
                    && let Ok(code) = member.content(archive, cx)
                {
                    let (script, gap) = crate::formats::torchscript::read(code, cx);
                    let forms = vec![Form::TorchScript(script)];
                    each(Subject {
                        name: name.clone(),
                        kind: Kind::Text,
                        size: member.size,
                        forms,
                        gaps: gap.into_iter().collect(),
                    });
                }
                examine(content, &name, Role::Unknown, cx, each);
            }
            Err(gap) => gaps.push(gap),
        }
        gaps.extend(cx.ended_by.take().map(|limit| Gap { why: crate::Why::OverLimit, detail: limit.into() }));
    }
    for (at, size) in &opened.outside {
        examine(Content::Window(archive.slice(*at, *size)), &name.member("outside"), Role::Unknown, cx, each);
    }
    each(Subject { name: name.clone(), kind: Kind::Unknown, size: 0, forms: vec![Form::Archive(opened.facts)], gaps });
}
