//! Opens containers and sends what is inside them the same way as the files around them.

use super::roles::{self, Expected, Members};
use super::{Extent, Form, Level, Subject, Walk, is_compressed, judged, probe};
use crate::formats::kind::HEAD;
use crate::formats::torch_tar::{self, Part};
use crate::formats::{compression, npy, tar, torchscript, zip};
use crate::model::read_pickle;
use crate::{Content, Cx, Gap, Kind, Name, Role, Stream, Why, Window};

/// Whether a zip reader would find nothing in this tar but members that are whole archives, as checkpoints in a NeMo
/// model are: they are looked at as members.
pub(super) fn zips_are_members(tar: Window<'_>, cx: &Cx<'_>) -> bool {
    let mut reader = tar::Reader::new(Content::Window(tar), cx);
    let mut pieces = Vec::new();
    while let Some(member) = reader.next() {
        pieces.push((member.at, member.size));
    }
    reader.gaps.is_empty() && zip::only_inside(tar, &pieces, cx)
}

impl Walk<'_> {
    /// Opens bytes that can be read anywhere. The subject holds what is known of the container so far.
    pub(super) fn open(&mut self, window: Window<'_>, subject: Subject, kind: Kind, role: Role, level: Level) {
        match kind {
            Kind::Zip => self.zip(window, subject, level),
            Kind::Tar => self.tar(window, subject, level),
            Kind::Npy => self.npy(window, subject, level),
            kind => self.compressed(Content::Window(window), subject, kind, role, level),
        }
    }

    /// Opens a container that comes once.
    pub(super) fn stream(&mut self, stream: Stream<'_>, mut subject: Subject, role: Role, level: Level) {
        if level.depth >= self.cx.settings.limits.depth {
            subject.gaps.push(self.too_deep());
            return self.emit(subject);
        }
        match subject.kind {
            Kind::Tar => self.tar_stream(stream, subject, level),
            Kind::Npy => self.npy_stream(stream, subject, level),
            kind if is_compressed(kind) => self.compressed(Content::Stream(stream), subject, kind, role, level),
            _ => self.emit(subject),
        }
    }

    fn zip(&mut self, window: Window<'_>, mut subject: Subject, level: Level) {
        if roles::is_shard(&subject.name)
            && let Some(archives) = zip::joined(window, self.cx)
        {
            return self.shard(window, subject, &archives, level);
        }
        let opened = zip::open(window, self.cx);
        let kind = Members::of(opened.members.iter().map(|member| member.name.as_str())).zip_kind();
        if subject.kind == Kind::Zip {
            subject.kind = kind;
            subject.gaps.extend(kind.gap());
        }
        subject.gaps.extend(opened.gaps);
        subject.forms.push(Form::Archive(opened.facts));
        let name = subject.name.clone();
        self.emit(subject);
        for member in opened.members.iter().filter(|member| !member.is_folder()) {
            let inner = name.member(member.name.clone());
            match member.content(window, self.cx) {
                Ok(content) => self.member(content, &inner, kind, &member.name, member.size, level),
                Err(gap) => self.unread(&inner, Kind::Unknown, member.size, gap),
            }
        }
        for (at, size) in opened.outside {
            // What stands in front was looked at as the file itself.
            if at > 0 {
                self.hidden(window.slice(at, size), &name.member(format!("bytes@{at}")), level);
                self.carve(window.slice(0, at + size), at, &name, level);
            }
        }
    }

    /// A shard of a distributed checkpoint: each of its archives is looked at as a file of its own, so that whichever of
    /// them a reader of the whole file takes has been seen.
    fn shard(&mut self, window: Window<'_>, mut subject: Subject, archives: &[(u64, u64)], level: Level) {
        subject.kind = Kind::PytorchZip;
        let name = subject.name.clone();
        self.emit(subject);
        for &(at, size) in archives {
            let archive = window.slice(at, size);
            let name = name.member(format!("archive@{at}"));
            self.artefact(Content::Window(archive), &name, Expected::of(Role::Unknown), &Extent::Known(size), level.inside());
        }
    }

    fn member(&mut self, content: Content<'_>, name: &Name, container: Kind, inside: &str, size: u64, level: Level) {
        if roles::is_torchscript_code(container, inside) {
            self.code(content, name, size);
        } else {
            let extent = Extent::Known(if let Content::Window(window) = &content { window.size() } else { size });
            self.artefact(content, name, roles::expected_member(container, inside), &extent, level.inside());
        }
    }

    fn code(&mut self, content: Content<'_>, name: &Name, size: u64) {
        let (script, gap) = torchscript::read(content, self.cx);
        let forms = vec![Form::TorchScript(script)];
        self.emit(Subject { name: name.clone(), kind: Kind::TorchScriptCode, size, forms, gaps: gap.into_iter().collect() });
    }

    fn tar(&mut self, window: Window<'_>, mut subject: Subject, level: Level) {
        let mut reader = tar::Reader::new(Content::Window(window), self.cx);
        let mut members = Vec::new();
        while let Some(member) = reader.next() {
            members.push(member);
        }
        let kind = Members::of(members.iter().map(|member| member.name.as_str())).tar_kind();
        subject.kind = kind;
        subject.gaps.extend(kind.gap());
        subject.gaps.append(&mut reader.gaps);
        subject.forms.push(Form::Archive(reader.facts));
        let name = subject.name.clone();
        self.emit(subject);
        for member in members {
            let inner = name.member(member.name.clone());
            let content = member.window(window);
            let part = match member.name.trim_start_matches("./") {
                "storages" => Some(Part::Storages),
                "tensors" => Some(Part::Tensors),
                _ => None,
            };
            match part.filter(|_| kind == Kind::PytorchTar) {
                Some(part) => self.legacy_part(content, &inner, part),
                None => self.member(Content::Window(content), &inner, kind, &member.name, member.size, level),
            }
        }
    }

    /// A subject for the member, and one for each pickle in it.
    fn legacy_part(&mut self, window: Window<'_>, name: &Name, part: Part) {
        let (pickles, gap) = torch_tar::pickles(window, part, &self.cx.budget);
        let (kind, size) = (Kind::TensorData, window.size());
        self.emit(Subject { name: name.clone(), kind, size, forms: Vec::new(), gaps: gap.into_iter().collect() });
        for (at, size) in pickles {
            let facts = read_pickle(Content::Window(window.slice(at, size)), Role::Pickle, self.cx);
            let name = name.member(format!("pickle@{at}"));
            let mut subject = Subject { name, kind: Kind::Unknown, size, forms: Vec::new(), gaps: Vec::new() };
            judged(&mut subject, facts);
            self.emit(subject);
        }
    }

    fn tar_stream(&mut self, stream: Stream<'_>, mut subject: Subject, level: Level) {
        let name = subject.name.clone();
        let mut reader = tar::Reader::new(Content::Stream(stream), self.cx);
        let mut names = Vec::new();
        while let Some(member) = reader.next() {
            let inner = name.member(member.name.clone());
            match reader.stream(&member) {
                Ok(stream) => self.member(Content::Stream(stream), &inner, Kind::Tar, &member.name, member.size, level),
                Err(error) => self.unread(&inner, Kind::Unknown, member.size, error.into()),
            }
            names.push(member.name);
        }
        // torch reads its legacy tar only where it is not compressed.
        let kind = Members::of(names.iter().map(String::as_str)).tar_kind();
        subject.kind = if kind == Kind::PytorchTar { Kind::Tar } else { kind };
        subject.gaps.extend(subject.kind.gap());
        subject.gaps.append(&mut reader.gaps);
        subject.forms.push(Form::Archive(reader.facts));
        self.emit(subject);
    }

    fn compressed(&mut self, content: Content<'_>, mut subject: Subject, kind: Kind, role: Role, level: Level) {
        let name = subject.name.clone();
        let Some((stream, progress)) = compression::open(content, kind, self.cx) else { return self.emit(subject) };
        let inner = name.member(roles::unpacked_name(name.last()));
        if let Ok(stream) = stream {
            let expected = roles::expected_unpacked(kind, name.last(), role);
            let extent = Extent::Unpacked(std::rc::Rc::clone(&progress));
            self.artefact(Content::Stream(stream), &inner, expected, &extent, level.inside());
        }
        let (facts, gap) = progress.told(kind);
        subject.forms.push(Form::Archive(facts));
        subject.gaps.extend(gap);
        self.emit(subject);
    }

    fn npy(&mut self, window: Window<'_>, mut subject: Subject, level: Level) {
        let name = subject.name.member("body");
        match npy::header(&mut window.reader()) {
            Ok(header) => {
                let body = window.slice(header.body, u64::MAX);
                if let Some(size) = header.size.filter(|&size| size > body.size()) {
                    let detail = format!("the array has {} of the {size} bytes that its header tells", body.size());
                    subject.gaps.push(Gap { why: Why::Unreadable, detail });
                }
                self.emit(subject);
                if header.objects {
                    self.artefact(Content::Window(body), &name, Expected::PICKLE, &Extent::Known(body.size()), level.inside());
                } else {
                    // A dtype may lie: numpy believes it, others look at the body.
                    self.hidden(body, &name, level);
                }
            }
            Err(gap) => {
                subject.gaps.push(gap);
                self.emit(subject);
                // A header that only numpy understands: its body may be a pickle.
                let at = window.bytes(0, 12).ok().and_then(|head| npy::body(&head)).unwrap_or(10);
                let body = window.slice(at, u64::MAX);
                let expected = Expected::of(Role::Named);
                self.artefact(Content::Window(body), &name, expected, &Extent::Known(body.size()), level.inside());
            }
        }
    }

    fn npy_stream(&mut self, mut stream: Stream<'_>, mut subject: Subject, level: Level) {
        let name = subject.name.member("body");
        let header = npy::header(&mut stream);
        let size = subject.size;
        subject.gaps.extend(header.as_ref().err().cloned());
        self.emit(subject);
        let Ok(body) = Stream::new(Box::new(stream)) else { return };
        let rest = Extent::Known(size.saturating_sub(header.as_ref().map_or(0, |header| header.body)));
        if header.is_err() {
            self.artefact(Content::Stream(body), &name, Expected::of(Role::Named), &rest, level.inside());
        } else if header.is_ok_and(|header| header.objects) {
            self.artefact(Content::Stream(body), &name, Expected::PICKLE, &rest, level.inside());
        } else if probe::may_be_pickle(body.head(), &self.cx.budget)
            && let Some(facts) = read_pickle(Content::Stream(body), Role::Unknown, self.cx)
        {
            let mut subject = Subject { name, kind: Kind::Unknown, size: rest.now(), forms: Vec::new(), gaps: Vec::new() };
            let nested = judged(&mut subject, Some(facts));
            let name = subject.name.clone();
            self.emit(subject);
            self.nested(&name, None, nested, level.inside());
        }
    }

    /// Bytes that are data by all that is known of them: a subject only if a pickle hides there.
    pub(super) fn hidden(&mut self, window: Window<'_>, name: &Name, level: Level) {
        let Ok(head) = window.bytes(0, HEAD) else { return };
        if probe::may_be_pickle(&head, &self.cx.budget)
            && let Some(facts) = read_pickle(Content::Window(window), Role::Unknown, self.cx)
        {
            let kind = Kind::Unknown;
            let mut subject = Subject { name: name.clone(), kind, size: window.size(), forms: Vec::new(), gaps: Vec::new() };
            let nested = judged(&mut subject, Some(facts));
            self.emit(subject);
            self.nested(name, Some(window), nested, level.inside());
        }
    }
}
