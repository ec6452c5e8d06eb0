//! Which model a protobuf message is: the formats have no signature, but their first fields tell them apart.

use super::Kind;
use super::sniff::extension;

/// A field of a message, cut to what the head holds.
#[derive(Clone, Copy)]
enum Value<'a> {
    Varint(u64),
    Fixed,
    /// The payload, and whether it is complete.
    Bytes(&'a [u8], bool),
}

/// Fields looked at, at most.
const FIELDS: usize = 24;

/// The leading fields of a message; `None` if the bytes cannot be one. A field cut by the end of the head is the last.
fn fields(mut head: &[u8]) -> Option<Vec<(u64, Value<'_>)>> {
    let mut fields = Vec::new();
    while !head.is_empty() && fields.len() < FIELDS {
        let Some(tag) = varint(&mut head) else { break };
        let (number, wire) = (tag >> 3, tag & 7);
        // Field numbers are small in all formats here, and 0 is none.
        if !(1..=2000).contains(&number) {
            return None;
        }
        let value = match wire {
            0 => match varint(&mut head) {
                Some(value) => Value::Varint(value),
                None => break,
            },
            1 | 5 => {
                let Some(rest) = head.get(if wire == 1 { 8 } else { 4 }..) else { break };
                head = rest;
                Value::Fixed
            }
            2 => {
                let Some(length) = varint(&mut head) else { break };
                match usize::try_from(length).ok().and_then(|length| head.split_at_checked(length)) {
                    Some((payload, rest)) => {
                        head = rest;
                        Value::Bytes(payload, true)
                    }
                    None => Value::Bytes(std::mem::take(&mut head), false),
                }
            }
            _ => return None,
        };
        fields.push((number, value));
    }
    (!fields.is_empty()).then_some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The model format whose message these bytes begin.
pub(super) fn which(head: &[u8], name: &str) -> Option<Kind> {
    let fields = fields(head)?;
    let first = |wanted: u64| fields.iter().find(|(number, _)| *number == wanted).map(|(_, value)| *value);
    let bytes = |wanted: u64| match first(wanted) {
        Some(Value::Bytes(bytes, _)) => Some(bytes),
        _ => None,
    };
    let (leading, second) = (fields.first().copied()?, fields.get(1).copied());

    // One varint field 1, then the message: ONNX, Core ML, SavedModel and CNTK begin alike.
    if let ((1, Value::Varint(version)), Some(second)) = (leading, second) {
        match second {
            // onnx.proto: ir_version, producer_name (text) …, graph = 7, opset_import = 8.
            (2, Value::Bytes(text, true)) if (1..=100).contains(&version) && is_text(text) && !is_message(text) => {
                return (bytes(7).is_some() || bytes(3).is_some() || bytes(8).is_some()).then_some(Kind::Onnx);
            }
            (7 | 8, Value::Bytes(inner, _)) if (1..=100).contains(&version) && is_message(inner) => return Some(Kind::Onnx),
            // saved_model.proto: schema version 1, then MetaGraphDef, which begins with MetaInfoDef.
            (2, Value::Bytes(meta, _)) if version == 1 && is_meta_graph(meta) => return Some(Kind::TfSavedModel),
            // CNTK v2: Dictionary { version, map<string, DictionaryValue> }.
            (2, Value::Bytes(entry, _)) if version == 1 && map_key(entry).is_some() && extension(name) != "mlmodel" => {
                return Some(Kind::Cntk);
            }
            // Core ML Model.proto: specificationVersion, description = 2, then a model type from 200 on.
            (2, Value::Bytes(description, _)) if (1..=20).contains(&version) && is_message(description) => {
                return Some(Kind::CoreMl);
            }
            _ => {}
        }
    }
    let (1, Value::Bytes(inner, _)) = leading else { return None };
    // graph.proto: NodeDef { name = 1, op = 2 }, both text.
    if let Some(node) = self::fields(inner)
        && let [(1, Value::Bytes(name, true)), (2, Value::Bytes(op, true)), ..] = node.as_slice()
        && is_text(name)
        && is_text(op)
        && op.first().is_some_and(|first| first.is_ascii_uppercase() || *first == b'_')
    {
        return Some(Kind::TfGraphDef);
    }
    if is_meta_graph(head) {
        return Some(Kind::TfMetaGraph);
    }
    // framework.proto of Paddle: ProgramDesc { BlockDesc { idx = 1, parent_idx = 2, vars = 3, ops = 4 } }.
    if let Some(block) = self::fields(inner)
        && let [(1, Value::Varint(0)), (2, Value::Varint(_)), (3 | 4, Value::Bytes(..)), ..] = block.as_slice()
    {
        return Some(Kind::Paddle);
    }
    None
}

/// meta_graph.proto: MetaInfoDef first, with only the fields that it has, then GraphDef or collections.
fn is_meta_graph(bytes: &[u8]) -> bool {
    let Some(outer) = fields(bytes) else { return false };
    let [(1, Value::Bytes(info, _)), ..] = outer.as_slice() else { return false };
    let Some(inner) = fields(info) else { return false };
    let texts = |wanted| inner.iter().filter(|(n, _)| *n == wanted).all(|(_, v)| matches!(v, Value::Bytes(b, _) if is_text(b)));
    let known = inner.iter().all(|(number, value)| match number {
        1..=6 | 8 => matches!(value, Value::Bytes(..)),
        7 => matches!(value, Value::Varint(0 | 1)),
        _ => false,
    });
    // OpList, a version of TensorFlow or tags tell it from other nested messages.
    known && inner.iter().any(|(number, _)| matches!(number, 2 | 4 | 5)) && texts(4) && texts(5) && texts(6)
}

fn map_key(entry: &[u8]) -> Option<&[u8]> {
    match fields(entry)?.as_slice() {
        [(1, Value::Bytes(key, true)), (2, Value::Bytes(..)), ..] if is_text(key) && !is_message(key) => Some(key),
        _ => None,
    }
}

fn is_message(bytes: &[u8]) -> bool {
    fields(bytes).is_some()
}

fn is_text(bytes: &[u8]) -> bool {
    !bytes.is_empty() && super::is_text(bytes)
}
