//! One artefact in, its parsed forms out: recognises, opens containers, and hands each subject to the engine.

mod carve;
mod containers;
mod extent;
mod probe;
mod roles;

use std::cell::Cell;
use std::io::Read as _;
use std::rc::Rc;

use crate::formats::archive::ArchiveFacts;
use crate::formats::kind::{HEAD, Reader, is_text, sniff};
use crate::formats::torchscript::TorchScript;
use crate::formats::zip;
use crate::model::{PickleFacts, read_pickle};
use crate::{Content, Cx, Gap, Kind, Name, Role, Stream, Why, Window};

use extent::{Counted, Extent};
use roles::Expected;

/// One thing that was looked at: a file, or a member of a container.
pub struct Subject {
    pub name: Name,
    pub kind: Kind,
    /// Bytes; of a compressed stream as many as were unpacked.
    pub size: u64,
    /// Parsed once, for all checks.
    pub forms: Vec<Form>,
    pub gaps: Vec<Gap>,
}

/// A parsed form that checks can be asked about.
#[expect(clippy::large_enum_variant, reason = "one or two live at a time, and most are pickles")]
pub enum Form {
    Pickle(PickleFacts),
    Archive(ArchiveFacts),
    TorchScript(TorchScript),
}

/// Examines an artefact and everything inside it; `each` is called once for every subject. A container that is read as a
/// stream comes behind what is inside it, any other before.
pub fn examine(content: Content<'_>, name: &Name, role: Role, cx: &Cx, each: &mut dyn FnMut(Subject)) {
    let mut walk = Walk { cx, each };
    let level = Level { depth: 0, held: 0 };
    match content {
        Content::Window(window) => {
            walk.artefact(Content::Window(window), name, Expected::of(role), &Extent::Known(window.size()), level);
        }
        Content::Stream(stream) => {
            let count = Rc::new(Cell::new(0));
            let counted = Counted { stream, count: Rc::clone(&count) };
            match Stream::new(Box::new(counted)) {
                Ok(stream) => walk.artefact(Content::Stream(stream), name, Expected::of(role), &Extent::Counted(count), level),
                Err(error) => walk.unread(name, Kind::Unknown, 0, error.into()),
            }
        }
    }
}

/// How far inside an artefact stands.
#[derive(Clone, Copy)]
struct Level {
    /// Containers around it.
    depth: u32,
    /// Bytes held in memory for the containers around it.
    held: u64,
}

impl Level {
    fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }
}

struct Walk<'w> {
    cx: &'w Cx<'w>,
    each: &'w mut dyn FnMut(Subject),
}

/// What is to be done with an artefact beside looking for a pickle.
fn is_container(kind: Kind) -> bool {
    matches!(kind, Kind::Zip | Kind::Tar | Kind::Npy) || is_compressed(kind)
}

fn is_compressed(kind: Kind) -> bool {
    use Kind::{Bzip2, Gzip, JoblibZlib, Lz4, Lzma, Xz, Zlib, Zstd};
    matches!(kind, Gzip | Zlib | JoblibZlib | Bzip2 | Xz | Lzma | Lz4 | Zstd)
}

impl Walk<'_> {
    fn emit(&mut self, subject: Subject) {
        (self.each)(subject);
    }

    /// A subject of which nothing can be said but why.
    fn unread(&mut self, name: &Name, kind: Kind, size: u64, gap: Gap) {
        self.emit(Subject { name: name.clone(), kind, size, forms: Vec::new(), gaps: vec![gap] });
    }

    fn artefact(&mut self, content: Content<'_>, name: &Name, expected: Expected, extent: &Extent, level: Level) {
        let head = match &content {
            Content::Window(window) => match window.bytes(0, HEAD) {
                Ok(head) => head,
                Err(error) => return self.unread(name, Kind::Unknown, extent.now(), error.into()),
            },
            Content::Stream(stream) => stream.head().to_vec(),
        };
        let kind = if expected.raw { Kind::TensorData } else { sniff(&head, extent.known(), name.last()) };
        let mut expected = expected;
        if expected.role == Role::Unknown && !expected.raw && roles::is_named(name) {
            expected.role = Role::Named;
        }
        // Loaders that look at the first bytes take a container for what it is.
        let role = if is_container(kind) && !expected.bare { Role::Unknown } else { expected.role };
        // The first letter of a zip is PERSID, where every loader stops that does not take the file for a zip.
        let pickle =
            matches!(role, Role::Pickle | Role::Joblib) || (kind != Kind::Zip && probe::may_be_pickle(&head, &self.cx.budget));
        let subject = Subject { name: name.clone(), kind, size: extent.now(), forms: Vec::new(), gaps: Vec::new() };
        match content {
            Content::Window(window) => {
                let zip_behind =
                    !expected.raw && kind != Kind::Zip && may_end_as_zip(&head, window, kind, expected.role, self.cx);
                let own = is_container(kind).then_some(kind);
                let zip_behind = zip_behind && !(kind == Kind::Tar && containers::zips_are_members(window, self.cx));
                let opens_as = if own.is_none() && zip_behind { Some(Kind::Zip) } else { own };
                self.window(window, subject, role, pickle, opens_as, expected, level);
                if own.is_some() && zip_behind {
                    // Two containers in one file: what the second holds stands under a name of its own.
                    let name = name.member("zip@end".to_owned());
                    let subject = Subject { name, kind: Kind::Zip, size: extent.now(), forms: Vec::new(), gaps: Vec::new() };
                    self.window(window, subject, Role::Unknown, false, Some(Kind::Zip), expected, level.inside());
                }
            }
            // A zip is read from its end, and two readings need bytes that stay.
            Content::Stream(stream) if kind == Kind::Zip || (pickle && is_container(kind)) => {
                self.held(stream, name, kind, expected, level);
            }
            Content::Stream(stream) if is_container(kind) => self.stream(stream, subject, expected.role, level),
            Content::Stream(stream) => self.plain_stream(stream, subject, role, pickle, extent, level),
        }
    }

    /// Bytes that can be read anywhere: looked at as a pickle, as a container, or as both.
    #[expect(clippy::too_many_arguments, reason = "what `artefact` found out, each of its own type")]
    fn window(
        &mut self,
        window: Window<'_>,
        mut subject: Subject,
        role: Role,
        pickle: bool,
        opens_as: Option<Kind>,
        expected: Expected,
        level: Level,
    ) {
        let facts = if pickle { read_pickle(Content::Window(window), role, self.cx) } else { None };
        let behind = match &facts {
            Some(facts) => facts.trailing.iter().next().map(|seen| seen.at),
            // What has a reader is left to it, unless its name says that another would take it.
            None => (opens_as.is_none() && (subject.kind == Kind::Unknown || expected.role != Role::Unknown)).then_some(0),
        };
        let nested = judged(&mut subject, facts);
        let name = subject.name.clone();
        match opens_as {
            Some(_) if level.depth >= self.cx.settings.limits.depth => {
                subject.gaps.push(self.too_deep());
                self.emit(subject);
            }
            Some(kind) => self.open(window, subject, kind, expected.role, level),
            None => self.emit(subject),
        }
        self.nested(&name, Some(window), nested, level);
        if let Some(at) = behind {
            self.carve(window, at, &name, level);
        }
    }

    /// Pickles somewhere behind `from`, where there is none.
    fn carve(&mut self, window: Window<'_>, from: u64, name: &Name, level: Level) {
        for at in carve::places(window.slice(from, u64::MAX)) {
            let at = from + at;
            self.hidden(window.slice(at, u64::MAX), &name.member(format!("bytes@{at}")), level);
        }
    }

    /// A stream that is no container.
    fn plain_stream(
        &mut self,
        stream: Stream<'_>,
        mut subject: Subject,
        role: Role,
        pickle: bool,
        extent: &Extent,
        level: Level,
    ) {
        let unknown = subject.kind == Kind::Unknown || role != Role::Unknown;
        if !pickle && unknown && level.depth < self.cx.settings.limits.depth {
            let mut bytes = Vec::new();
            // What cannot be read is told by the decompressor.
            _ = stream.take(carve::SEARCHED as u64).read_to_end(&mut bytes);
            let name = subject.name.clone();
            subject.size = extent.now();
            _ = judged(&mut subject, None);
            self.emit(subject);
            return self.carve(Window::memory(&bytes), 0, &name, level);
        }
        let facts = if pickle { read_pickle(Content::Stream(stream), role, self.cx) } else { None };
        let nested = judged(&mut subject, facts);
        subject.size = extent.now();
        let name = subject.name.clone();
        self.emit(subject);
        self.nested(&name, None, nested, level);
    }

    /// A stream that must be read twice, or from its end, is kept in memory within a limit.
    fn held(&mut self, stream: Stream<'_>, name: &Name, kind: Kind, expected: Expected, level: Level) {
        let room = self.cx.settings.limits.resident.saturating_sub(level.held);
        let mut bytes = Vec::new();
        let read = stream.take(room.saturating_add(1)).read_to_end(&mut bytes);
        let size = bytes.len() as u64;
        if size > room {
            let detail = format!("a {} of more than {room} bytes inside a compressed stream", kind.title());
            return self.unread(name, kind, size, Gap { why: Why::OverLimit, detail });
        }
        if let Err(error) = read {
            // What came is examined; that there would be more stands in the report.
            self.unread(name, kind, size, crate::ReadError::new(size, &error).into());
        }
        let level = Level { held: level.held + size, ..level };
        self.artefact(Content::Window(Window::memory(&bytes)), name, expected, &Extent::Known(size), level);
    }

    /// Bytes that a pickle hands to a loader.
    fn nested(&mut self, name: &Name, window: Option<Window<'_>>, nested: Vec<Inner>, level: Level) {
        for inner in nested {
            let name = name.member(format!("{}@{}", inner.loader, inner.at));
            if level.depth >= self.cx.settings.limits.depth {
                let forms = vec![Form::Pickle(PickleFacts::too_deep(&inner.loader))];
                self.emit(Subject { name, kind: Kind::Unknown, size: inner.size, forms, gaps: vec![self.too_deep()] });
                continue;
            }
            let expected = roles::expected_by_loader(&inner.loader);
            let bytes = match (&inner.bytes, window) {
                (Some(bytes), _) => Window::memory(bytes),
                (None, Some(window)) => window.slice(inner.at, inner.size),
                (None, None) => {
                    let detail = format!("{} bytes handed to {} inside a compressed stream", inner.size, inner.loader);
                    self.unread(&name, Kind::Unknown, inner.size, Gap { why: Why::OverLimit, detail });
                    continue;
                }
            };
            self.artefact(Content::Window(bytes), &name, expected, &Extent::Known(bytes.size()), level.inside());
        }
    }

    fn too_deep(&self) -> Gap {
        let detail = format!("inside {} others, not opened", self.cx.settings.limits.depth);
        Gap { why: Why::OverLimit, detail }
    }
}

/// A byte string inside a pickle.
struct Inner {
    at: u64,
    size: u64,
    bytes: Option<Vec<u8>>,
    loader: String,
}

/// Puts what the pickle reader found into the subject, and gives back what is to be examined in its turn.
fn judged(subject: &mut Subject, facts: Option<PickleFacts>) -> Vec<Inner> {
    let Some(mut facts) = facts else {
        // A PROTO that nothing follows.
        if subject.kind == Kind::Pickle {
            subject.kind = Kind::Unknown;
        }
        subject.gaps.extend(subject.kind.gap());
        if subject.kind.reader() == Reader::NotNeeded && subject.kind != Kind::TensorData && roles::promises_pickle(&subject.name)
        {
            let detail = format!("named like a pickle, but it is {}: not examined", subject.kind.title());
            subject.gaps.push(Gap { why: Why::NoReader, detail });
        }
        return Vec::new();
    };
    let weak = matches!(subject.kind, Kind::Pickle | Kind::Unknown) || subject.kind.reader() == Reader::NotNeeded;
    if weak {
        subject.kind = facts.kind;
    }
    subject.gaps.extend(subject.kind.gap());
    subject.gaps.append(&mut facts.gaps.clone());
    let nested = facts.nested.iter_mut().map(|nested| Inner {
        at: nested.at,
        size: nested.size,
        bytes: nested.bytes.take(),
        loader: nested.loader.clone(),
    });
    let nested = nested.collect();
    subject.forms.push(Form::Pickle(facts));
    nested
}

/// Whether an end record stands at the end of something that does not begin as a zip.
///
/// A small file is in the head already. A large text is not read again, unless its name says that a loader would:
/// zip readers look for the end first, and only then at the beginning.
fn may_end_as_zip(head: &[u8], window: Window<'_>, kind: Kind, role: Role, cx: &Cx) -> bool {
    const END: &[u8] = b"PK\x05\x06";
    if window.size() <= head.len() as u64 {
        return head.windows(END.len()).any(|bytes| bytes == END) && zip::is_zip(window, cx);
    }
    let named = role != Role::Unknown;
    let quiet = kind.reader() == Reader::NotNeeded || is_text(head);
    (named || !quiet) && zip::is_zip(window, cx)
}
