//! Gathers what was judged, stream after stream, into the facts of one file.

use crate::formats::Kind;
use crate::formats::pickle::input::Input;
use crate::formats::pickle::machine::{self, End, Ended};
use crate::model::names;
use crate::{Content, Cx, Gap, Step, Why, Window};

use super::facts::{List, PickleFacts, WeightsOnly};
use super::judge::{Judge, Lists, View, latin1};

impl PickleFacts {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            weights_only: WeightsOnly::Yes,
            nested: Vec::new(),
            gaps: Vec::new(),
            streams: 0,
            opcodes: 0,
            dangerous_calls: List::default(),
            unresolvable_calls: List::default(),
            state_writes: List::default(),
            dangerous_imports: List::default(),
            unknown_calls: List::default(),
            unknown_classes: List::default(),
            unknown_imports: List::default(),
            evasions: List::default(),
            breaks: List::default(),
            trailing: List::default(),
        }
    }

    /// Adds a stream that a loader would read from `start`, in all its readings.
    pub(super) fn add_stream(&mut self, judge: Judge, ended: Ended, start: u64, window: Option<Window<'_>>, cx: &Cx) {
        let (joblib, padded, parted) = (judge.is_joblib, judge.padded, ended.parted);
        self.add(judge, ended);
        let Some(window) = window.map(|window| window.slice(start, u64::MAX)) else { return };
        let again = || Input::new(Content::Window(window));
        if joblib {
            self.add_view(again(), View::Plain, start, cx);
        }
        if joblib && padded {
            self.add_view(again(), View::OldJoblib, start, cx);
        }
        if parted {
            self.add_view(Input::dropping(window), View::Loader, start, cx);
        }
    }

    /// Adds one reading of a stream.
    fn add(&mut self, mut judge: Judge, ended: Ended) {
        judge.finish();
        self.streams += 1;
        self.opcodes += ended.opcodes;
        if judge.is_joblib && self.kind == Kind::Pickle {
            self.kind = Kind::Joblib;
        }
        let lists = judge.lists;
        self.dangerous_calls.merge(lists.dangerous_calls);
        self.unresolvable_calls.merge(lists.unresolvable_calls);
        self.state_writes.merge(lists.state_writes);
        self.dangerous_imports.merge(lists.dangerous_imports);
        self.unknown_calls.merge(lists.unknown_calls);
        self.unknown_classes.merge(lists.unknown_classes);
        self.unknown_imports.merge(lists.unknown_imports);
        self.evasions.merge(lists.evasions);
        self.nested.extend(judge.nested);
        if judge.nested_lost > 0 {
            self.gap(Why::OverLimit, format!("{} more byte strings that the pickle hands to a loader", judge.nested_lost));
        }
        let mut weights_only = judge.weights_only;
        match ended.end {
            End::Stop => {}
            End::Broken { at, why } => {
                weights_only.refuse(|| format!("the pickle breaks at byte {at}"));
                self.note_break(at, "broken", format!("breaks at byte {at}: {why}"));
            }
            End::Truncated { at } => {
                weights_only.refuse(|| "the pickle has no end".to_owned());
                self.note_break(at, "truncated", format!("ends at byte {at}, before its STOP"));
            }
            End::OverLimit(limit) => {
                weights_only.refuse(|| "the pickle was not read to its end".to_owned());
                self.gap(Why::OverLimit, format!("the pickle was not read to its end: limit on {limit}"));
            }
            End::Read(error) => {
                weights_only.refuse(|| "the pickle was not read to its end".to_owned());
                self.gaps.push(error.into());
            }
        }
        self.weights_only = std::mem::replace(&mut self.weights_only, WeightsOnly::Yes).and(weights_only.verdict());
    }

    /// Of bytes handed to a loader so deep inside others that they are not opened. No pickler nests so; what hides does.
    pub(crate) fn too_deep(loader: &str) -> Self {
        let mut facts = Self::new(Kind::Pickle);
        facts.weights_only = WeightsOnly::No { because: "it hands bytes to a loader".to_owned() };
        facts.unresolvable_calls.add("too deep", 0, || {
            let what = format!("hands bytes to {loader}, too deep inside other pickles to be examined");
            (format!("This pickle {what}."), vec![Step { at: 0, what }])
        });
        facts
    }

    fn gap(&mut self, why: Why, detail: String) {
        self.gaps.push(Gap { why, detail });
    }

    fn note_break(&mut self, at: u64, detail: &str, what: String) {
        self.breaks.add(detail, at, || {
            let message = format!("This pickle {what}; a loader runs everything before that, then fails.");
            (message, vec![Step { at, what }])
        });
    }

    /// Bytes behind the last pickle that are none.
    pub(super) fn note_trailing(&mut self, at: u64) {
        self.trailing.add("trailing", at, || {
            let what = format!("from byte {at} on, bytes follow that no unpickler reads");
            (format!("Bytes follow the pickle, from byte {at} on, that no unpickler reads."), vec![Step { at, what }])
        });
    }

    /// What another loader makes of the same bytes; what it would call is added.
    ///
    /// A joblib file can be read by `pickle.load` too, which takes the arrays' bytes for opcodes, and by a joblib that
    /// knows no padding: such a reading ends at once in an honest file. And frames that disagree with the opcodes in
    /// them are read otherwise from a file than from memory.
    fn add_view(&mut self, mut input: Input<'_>, view: View, start: u64, cx: &Cx) {
        let mut judge = Judge::of_view(cx.settings, view);
        machine::run(&mut input, &mut judge, &cx.budget);
        judge.finish();
        // In an object array, which is a pickle of its own, memo indices mean other things to a plain unpickler: the
        // names that it makes of an honest file are mixed from names of known libraries.
        let mixed = view == View::Plain && judge.object_arrays;
        let plausible = judge.plausible && !mixed;
        let Lists { dangerous_calls, dangerous_imports, unknown_calls, .. } = judge.lists;
        for (known, mut list) in [
            (&mut self.dangerous_calls, dangerous_calls),
            (&mut self.dangerous_imports, dangerous_imports),
            (&mut self.unknown_calls, if plausible { unknown_calls } else { List::default() }),
        ] {
            if mixed {
                list.retain(|path| names::denied_exactly(path) || !names::known_library(path));
            }
            list.shift(start);
            // What the first reading has seen at the same place is no second sight of it.
            known.merge_new(list);
        }
    }

    /// Everything is read: places in the file, and the bytes of what another loader is given.
    pub(super) fn finish(&mut self, window: Option<Window<'_>>, cx: &Cx) {
        for list in [
            &mut self.dangerous_calls,
            &mut self.unresolvable_calls,
            &mut self.state_writes,
            &mut self.dangerous_imports,
            &mut self.unknown_calls,
            &mut self.unknown_classes,
            &mut self.unknown_imports,
            &mut self.evasions,
            &mut self.breaks,
            &mut self.trailing,
        ] {
            list.locate(|at| window.and_then(|window| window.in_file(at)));
        }
        let Some(window) = window else { return };
        let mut gaps = Vec::new();
        for nested in self.nested.iter_mut().filter(|nested| nested.latin1 && nested.bytes.is_none()) {
            let Some(size) = usize::try_from(nested.size).ok().filter(|_| nested.size <= cx.settings.limits.resident) else {
                gaps.push(Gap {
                    why: Why::OverLimit,
                    detail: format!("{} bytes of text handed to {}", nested.size, nested.loader),
                });
                continue;
            };
            match window.bytes(nested.at, size) {
                Ok(text) => nested.bytes = Some(latin1(&text)),
                Err(error) => gaps.push(Gap { why: Why::Unreadable, detail: error.to_string() }),
            }
        }
        self.gaps.extend(gaps);
        // Text that could not be turned into bytes is no place to look for a pickle.
        self.nested.retain(|nested| !nested.latin1 || nested.bytes.is_some());
    }
}

impl WeightsOnly {
    /// A file loads only as far as each of its pickles does.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (no @ Self::No { .. }, _) | (_, no @ Self::No { .. }) => no,
            (Self::Yes, other) => other,
            (needs, Self::Yes) => needs,
            (Self::Needs { safe_globals: mut one }, Self::Needs { safe_globals: two }) => {
                one.extend(two);
                one.sort();
                one.dedup();
                Self::Needs { safe_globals: one }
            }
        }
    }
}
