//! How many raw bytes joblib reads between two opcodes: numpy dtypes and joblib's array wrapper.
//!
//! Source: `joblib/numpy_pickle.py`, `NumpyArrayWrapper.read_array` (0.10 to 1.5); numpy, `dtype.__setstate__`.

use std::rc::Rc;

use crate::formats::pickle::observer::RawArray;
use crate::formats::pickle::value::{Elements, Items, Object, Value};

const WRAPPERS: &[&str] = &["joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper"];

/// Index of the element size and of the flags in a dtype's state tuple (version 3 and up).
const STATE_SIZE: usize = 5;
const STATE_FLAGS: usize = 7;
/// `NPY_ITEM_REFCOUNT`: elements hold references to objects.
const FLAG_OBJECTS: i64 = 0x01;
/// Element size in the state of a dtype whose type has one size only.
const FIXED_SIZE: i64 = -1;

/// The object that `numpy.dtype('f8', False, True)` gives.
pub(super) fn dtype(path: &Rc<str>, at: u64, args: &Items) -> Value {
    let value = Value::object(Rc::clone(path), at);
    if let (Value::Object(object), Some(code)) = (&value, args.first.first()) {
        object.elements.set(code.as_str().and_then(elements));
    }
    value
}

/// Elements of a type code as dtypes are pickled: a letter and the bytes of an element, or a character code.
fn elements(code: &str) -> Option<Elements> {
    let code = code.trim_start_matches(['<', '>', '|', '=']);
    let mut chars = code.chars();
    let letter = chars.next()?;
    let count = chars.as_str();
    if letter == 'O' || code == "object" {
        return Some(Elements { size: 8, objects: true });
    }
    let plain = |size| Some(Elements { size, objects: false });
    if count.is_empty() {
        return match letter {
            '?' | 'b' | 'B' | 'c' => plain(1),
            'h' | 'H' | 'e' => plain(2),
            'i' | 'I' | 'f' => plain(4),
            'l' | 'L' | 'q' | 'Q' | 'd' | 'F' | 'M' | 'm' => plain(8),
            'g' | 'D' => plain(16),
            'G' => plain(32),
            _ => None,
        };
    }
    let count: u64 = count.split('[').next()?.parse().ok()?;
    match letter {
        'U' => plain(count.checked_mul(4)?),
        'b' | 'i' | 'u' | 'f' | 'c' | 'S' | 'a' | 'V' | 'M' | 'm' => plain(count),
        _ => None,
    }
}

/// BUILD on a dtype: a state that disagrees with the type code makes the size unknown, for numpy takes the size from
/// the one or the other by the type, and the flags from the state whatever the type. An honest state never disagrees.
pub(super) fn dtype_state(object: &Object, state: &Value) {
    let Some(mut elements) = object.elements.take() else { return };
    let Value::Tuple(state) = state else { return };
    let (Some(&Value::Int(size)), Some(&Value::Int(flags))) = (state.first.get(STATE_SIZE), state.first.get(STATE_FLAGS)) else {
        return;
    };
    let objects = flags & FLAG_OBJECTS != 0;
    let agrees = match u64::try_from(size) {
        // Strings and records. A record holds objects if one of its fields does.
        Ok(size) => {
            elements.objects |= objects;
            size == elements.size
        }
        Err(_) => size == FIXED_SIZE && objects == elements.objects,
    };
    object.elements.set(agrees.then_some(elements));
}

/// Whether a name ends as joblib's wrapper does, so that it could be that class under another path.
pub(super) fn wrapper_alias(path: &str) -> bool {
    path.ends_with(".NumpyArrayWrapper") && !WRAPPERS.contains(&path)
}

/// BUILD on joblib's wrapper: what joblib reads next from the same file.
pub(super) fn wrapper(object: &Object, state: &Value) -> Option<RawArray> {
    if !WRAPPERS.contains(&&*object.of) {
        return None;
    }
    let Value::Dict(state) = state else { return Some(RawArray { padded: false, size: None, objects: false }) };
    let elements = match state.get("dtype") {
        Some(Value::Object(dtype)) => dtype.elements.get(),
        _ => None,
    };
    if elements.is_some_and(|elements| elements.objects) {
        return Some(RawArray { padded: false, size: None, objects: true });
    }
    let count = match state.get("shape") {
        Some(Value::Tuple(shape)) => count(&shape),
        _ => None,
    };
    let size = elements.zip(count).and_then(|(elements, count)| elements.size.checked_mul(count));
    // Since joblib 1.2 the array's bytes are aligned; the pickle says so by a number that is not None.
    match state.get("numpy_array_alignment_bytes") {
        None | Some(Value::None) => Some(RawArray { padded: false, size, objects: false }),
        Some(Value::Int(_)) => Some(RawArray { padded: true, size, objects: false }),
        Some(_) => Some(RawArray { padded: true, size: None, objects: false }),
    }
}

fn count(shape: &Items) -> Option<u64> {
    if shape.len > shape.first.len() {
        return None;
    }
    shape.first.iter().try_fold(1_u64, |all, side| match side {
        Value::Int(side) => all.checked_mul(u64::try_from(*side).ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::elements;

    /// `numpy.dtype(code).itemsize` in numpy 2.
    #[test]
    fn element_sizes_as_numpy() {
        for (code, size) in
            [("f8", 8), ("i4", 4), ("b1", 1), ("U10", 40), ("S3", 3), ("V16", 16), ("c16", 16), ("M8", 8), ("?", 1), ("d", 8)]
        {
            assert_eq!(elements(code).map(|it| (it.size, it.objects)), Some((size, false)), "{code}");
        }
        assert!(elements("O8").is_some_and(|it| it.objects) && elements("O").is_some_and(|it| it.objects));
        assert_eq!(elements("x"), None);
    }
}
