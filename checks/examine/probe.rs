//! A look at the first page: whether the pickle machine is worth starting on bytes that nobody called a pickle.

use crate::formats::pickle::HIGHEST_PROTOCOL;
use crate::formats::pickle::input::Input;
use crate::formats::pickle::machine::{self, End};
use crate::formats::pickle::observer::{Call, Import, Observer, Oddity, RawArray, Write};
use crate::formats::pickle::value::Value;
use crate::model::denied;
use crate::{Budget, Content, Window};

/// Whether the first page does not already show that no loader would take these bytes for a pickle.
///
/// Text and raw data break within the first opcodes, with nothing imported and used. What still runs where the page
/// ends is left to the whole machine.
pub(super) fn may_be_pickle(head: &[u8], budget: &Budget) -> bool {
    // A pickle is at least a value and a STOP.
    if head.len() < 2 {
        return false;
    }
    // PROTO with a protocol that exists: the machine decides.
    if matches!(head, [0x80, 0..=HIGHEST_PROTOCOL, ..]) {
        return true;
    }
    let source = head.to_vec();
    let mut seen = Seen::default();
    let ended = machine::run(&mut Input::new(Content::Window(Window::memory(&source))), &mut seen, budget);
    !matches!(ended.end, End::Broken { .. }) || ended.begins_with_proto || seen.used || seen.denied
}

/// Whether these bytes, read as a pickle, import something and call it: something denied, or anything before their STOP.
pub(super) fn runs(window: Window<'_>, budget: &Budget) -> bool {
    let mut seen = Seen::default();
    let ended = machine::run(&mut Input::new(Content::Window(window)), &mut seen, budget);
    seen.called && (seen.denied || matches!(ended.end, End::Stop))
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one stream")]
struct Seen {
    imported: bool,
    /// An import was followed by a call or a write.
    used: bool,
    called: bool,
    /// An imported name is one that no pickle should import, even unused.
    denied: bool,
}

impl Observer for Seen {
    fn import(&mut self, import: &Import) -> Value {
        self.imported = true;
        self.denied |= import.name.is_some_and(|(module, name)| denied(&format!("{module}.{name}")).is_some());
        Value::Unknown
    }

    fn call(&mut self, _: &Call) -> Value {
        self.used |= self.imported;
        self.called |= self.imported;
        Value::Unknown
    }

    fn write(&mut self, _: &Write) {
        self.used |= self.imported;
    }

    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }

    fn persistent(&mut self, _: u64, _: &Value) -> Option<Value> {
        None
    }

    fn oddity(&mut self, _: u64, _: Oddity) {}

    fn opcode(&mut self, _: u64, _: u8) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_data_end_in_the_first_opcodes() {
        let budget = Budget::new(2000);
        for text in [
            "It was a dark and stormy night;\n",
            "INFO 12:00 started\n",
            "From here\n",
            "import torch\n",
            "{\"a\": 1}",
            "# comment\n",
            "- yaml\n",
        ] {
            assert!(!may_be_pickle(text.repeat(100).as_bytes(), &budget), "{text}");
        }
        assert!(!may_be_pickle(&[0; 4096], &budget));
        assert!(!may_be_pickle(b"", &budget));
    }

    #[test]
    fn pickles_of_every_kind_go_on() {
        let budget = Budget::new(1_000_000);
        let long = [&b"(lp0\n"[..], &b"I1\na".repeat(2000)].concat();
        let string = [&b"S'"[..], &[b'A'; 9000]].concat();
        for pickle in
            [&string, &b"cposix\ngetpid\n(tR."[..], b"\x80\x04N.", b"(iposix\ngetpid\n", b"N.", b"cposix\ngetpid\n)R\xff", &long]
        {
            assert!(may_be_pickle(pickle.get(..4096).unwrap_or(pickle), &budget));
        }
    }
}
