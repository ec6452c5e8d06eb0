//! Members of the tar that `torch.save` wrote before 0.1.10: pickles with raw data between them.
//!
//! `torch/serialization.py`, `legacy_load`: `storages` is a count, then for each storage a pickle (key, location, type) and
//! its raw elements, then a list of views; `tensors` is a count, then for each tensor a pickle and its raw geometry.

use super::pickle::input::Input;
use super::pickle::machine::{self, End};
use super::pickle::observer::{Call, Import, Observer, Oddity, RawArray, Write};
use super::pickle::value::Value;
use crate::{Budget, Content, Gap, Why, Window};

/// Pickles taken from one member.
const PICKLES: usize = 100_000;

/// Which of the two members it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Storages,
    Tensors,
}

/// Where each pickle begins and how long it is; the last one runs to the end of the bytes if it breaks.
pub(crate) fn pickles(window: Window<'_>, part: Part, budget: &Budget) -> (Vec<(u64, u64)>, Option<Gap>) {
    let mut pickles = Vec::new();
    let mut at = 0;
    while at < window.size() {
        if pickles.len() >= PICKLES {
            let detail = format!("more than {PICKLES} pickles");
            return (pickles, Some(Gap { why: Why::OverLimit, detail }));
        }
        let rest = window.slice(at, u64::MAX);
        let mut input = Input::new(Content::Window(rest));
        let mut types = Types::default();
        let ended = machine::run(&mut input, &mut types, budget);
        let size = if matches!(ended.end, End::Stop) { input.position() } else { rest.size() };
        let counted = pickles.is_empty();
        pickles.push((at, size));
        at += size;
        let raw = match part {
            // The first pickle is the count.
            _ if counted => Some(0),
            Part::Storages => types.raw_size(window, at),
            Part::Tensors => geometry(window, at),
        };
        let Some(raw) = raw else {
            let detail = format!("what follows the pickle at byte {at} has a size that nothing tells");
            return (pickles, Some(Gap { why: Why::Unreadable, detail }));
        };
        at = at.saturating_add(raw);
    }
    (pickles, None)
}

/// The names that end in `Storage`.
#[derive(Default)]
struct Types {
    storage: Option<String>,
}

impl Types {
    /// A count of elements as eight bytes, and as many elements; nothing behind a pickle that names no storage.
    fn raw_size(&self, window: Window<'_>, at: u64) -> Option<u64> {
        let Some(storage) = &self.storage else { return Some(0) };
        let element = match storage.as_str() {
            "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
            "FloatStorage" | "IntStorage" => 4,
            "HalfStorage" | "ShortStorage" | "BFloat16Storage" => 2,
            "ByteStorage" | "CharStorage" | "BoolStorage" => 1,
            "ComplexDoubleStorage" => 16,
            _ => return None,
        };
        let count = u64::from_le_bytes(number(window, at)?);
        count.checked_mul(element)?.checked_add(8)
    }
}

/// Dimensions as eight bytes, a size and a stride for each, and the offset in the storage.
fn geometry(window: Window<'_>, at: u64) -> Option<u64> {
    let dimensions: [u8; 4] = number(window, at)?;
    Some(u64::from(u32::from_le_bytes(dimensions)) * 16 + 16)
}

fn number<const N: usize>(window: Window<'_>, at: u64) -> Option<[u8; N]> {
    window.bytes(at, N).ok()?.try_into().ok()
}

impl Observer for Types {
    fn import(&mut self, import: &Import) -> Value {
        if let Some((_, name)) = import.name
            && name.ends_with("Storage")
        {
            self.storage = Some(name.to_owned());
        }
        Value::Unknown
    }

    fn call(&mut self, _: &Call) -> Value {
        Value::Unknown
    }

    fn write(&mut self, _: &Write) {}

    fn persistent(&mut self, _: u64, _: &Value) -> Option<Value> {
        None
    }

    fn oddity(&mut self, _: u64, _: Oddity) {}

    fn raw_array(&mut self) -> Option<RawArray> {
        None
    }

    fn opcode(&mut self, _: u64, _: u8) {}
}
