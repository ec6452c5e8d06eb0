//! What `torch.load(weights_only=True)` would say: the rules of PyTorch's restricted unpickler.
//!
//! Source: `torch/_weights_only_unpickler.py` of PyTorch 2.11. The list names what `_get_allowed_globals` builds.

use std::collections::BTreeSet;

use crate::formats::pickle::Op;
use crate::formats::pickle::observer::{Call, Write, WriteDoor};
use crate::formats::pickle::value::Value;
use crate::model::names;

use super::super::facts::WeightsOnly;

/// Names that a user may need to register; more make the answer "no".
const NEEDS: usize = 500;
/// Modules that cannot be registered either.
const BLOCKED: &[&str] = &["sys", "os", "posix", "nt"];
const FIXED: &[&str] = &[
    "_codecs.encode",
    "builtins.bytearray",
    "builtins.complex",
    "builtins.set",
    "collections.Counter",
    "collections.OrderedDict",
    "torch.Size",
    "torch.Tensor",
    "torch._tensor._rebuild_from_type_v2",
    "torch._utils._rebuild_device_tensor_from_cpu_tensor",
    "torch._utils._rebuild_device_tensor_from_numpy",
    "torch._utils._rebuild_meta_tensor_no_storage",
    "torch._utils._rebuild_nested_tensor",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._utils._rebuild_qtensor",
    "torch._utils._rebuild_sparse_tensor",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_wrapper_subclass",
    "torch.device",
    "torch.nn.parameter.Parameter",
    "torch.per_channel_affine",
    "torch.per_channel_affine_float_qparams",
    "torch.per_channel_symmetric",
    "torch.per_tensor_affine",
    "torch.per_tensor_symmetric",
    "torch.serialization._get_layout",
    "torch.storage.TypedStorage",
    "torch.storage.UntypedStorage",
];
/// `torch.<name>`: dtypes, by the one name that they print as.
const DTYPES: &[&str] = &[
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint64",
    "uint32",
    "uint16",
    "uint8",
    "bool",
    "complex32",
    "complex64",
    "complex128",
    "quint8",
    "qint8",
    "qint32",
    "quint4x2",
    "quint2x4",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
    "float4_e2m1fn_x2",
    "bits8",
    "bits16",
    "bits1x8",
    "bits2x4",
    "bits4x2",
    "uint1",
    "uint2",
    "uint3",
    "uint4",
    "uint5",
    "uint6",
    "uint7",
    "int1",
    "int2",
    "int3",
    "int4",
    "int5",
    "int6",
    "int7",
];
/// `torch.<name>Storage` and `torch[.cuda][.sparse].<name>Tensor`.
const ELEMENTS: &[&str] = &[
    "Double",
    "Float",
    "Half",
    "Long",
    "Int",
    "Short",
    "Char",
    "Byte",
    "Bool",
    "BFloat16",
    "ComplexDouble",
    "ComplexFloat",
    "QUInt8",
    "QInt8",
    "QInt32",
    "QUInt4x2",
    "QUInt2x4",
    "Untyped",
];

/// Follows one pickle.
#[derive(Default)]
pub(in crate::model::pickle) struct Tracker {
    needs: BTreeSet<String>,
    never: Option<String>,
}

impl Tracker {
    pub(in crate::model::pickle) fn verdict(&self) -> WeightsOnly {
        match &self.never {
            Some(because) => WeightsOnly::No { because: because.clone() },
            None if self.needs.is_empty() => WeightsOnly::Yes,
            None => WeightsOnly::Needs { safe_globals: self.needs.iter().cloned().collect() },
        }
    }

    pub(in crate::model::pickle) fn refuse(&mut self, because: impl FnOnce() -> String) {
        self.never.get_or_insert_with(because);
    }

    pub(super) fn opcode(&mut self, at: u64, byte: u8) {
        let Some(op) = Op::of(byte) else { return };
        let supported = matches!(
            op,
            Op::Global
                | Op::NewObj
                | Op::Reduce
                | Op::Build
                | Op::Append
                | Op::Appends
                | Op::SetItem
                | Op::SetItems
                | Op::Mark
                | Op::Tuple
                | Op::Tuple1
                | Op::Tuple2
                | Op::Tuple3
                | Op::EmptyTuple
                | Op::EmptyList
                | Op::EmptyDict
                | Op::EmptySet
                | Op::None
                | Op::NewTrue
                | Op::NewFalse
                | Op::BinInt
                | Op::BinInt1
                | Op::BinInt2
                | Op::BinFloat
                | Op::BinUnicode
                | Op::ShortBinString
                | Op::BinPersId
                | Op::BinGet
                | Op::LongBinGet
                | Op::BinPut
                | Op::LongBinPut
                | Op::Long1
                | Op::Proto
                | Op::Stop
        );
        if !supported {
            self.refuse(|| format!("it does not know the opcode {op:?} at byte {at}"));
        }
    }

    pub(super) fn import(&mut self, at: u64, module: &str, name: &str) {
        // It maps Python 2 names whatever the protocol.
        let mapped = names::python3(module, name);
        let module = mapped.as_deref().and_then(|path| path.rsplit_once('.')).map_or(module, |(module, _)| module);
        let blocked = BLOCKED.contains(&module);
        let path = mapped.clone().unwrap_or_else(|| format!("{module}.{name}"));
        if blocked {
            self.refuse(|| format!("it blocks {path}, imported at byte {at}"));
        } else if !allowed(&path) {
            if self.needs.len() >= NEEDS {
                self.refuse(|| format!("more than {NEEDS} names are not on its list"));
            } else {
                self.needs.insert(path);
            }
        }
    }

    pub(super) fn extension(&mut self, at: u64) {
        self.refuse(|| format!("it does not know the extension code at byte {at}"));
    }

    pub(super) fn call(&mut self, call: &Call) {
        if !matches!(call.callee, Value::Global(_)) {
            let at = call.at;
            self.refuse(|| format!("at byte {at} something is called that is no imported name"));
        }
    }

    pub(super) fn write(&mut self, write: &Write) {
        let at = write.at;
        let of = match write.target {
            Value::Object(object) => &*object.of,
            other => {
                let kind = other.type_name().to_owned();
                return self.refuse(|| format!("at byte {at} {} writes into a {kind}", write.door.as_str()));
            }
        };
        let takes = match write.door {
            WriteDoor::Build => true,
            WriteDoor::SetItem => matches!(of, "collections.OrderedDict" | "collections.Counter"),
            // Only onto lists, which the machine does not tell about.
            WriteDoor::Append | WriteDoor::Add => false,
        };
        if !takes {
            self.refuse(|| format!("at byte {at} {} writes into {of}", write.door.as_str()));
        }
    }

    pub(super) fn persistent(&mut self, at: u64, id: &Value) {
        let storage = match id {
            Value::Int(_) => true,
            Value::Tuple(id) => id.first.first().is_none_or(|first| first.as_str() == Some("storage")),
            _ => false,
        };
        if !storage {
            self.refuse(|| format!("the persistent id at byte {at} names no storage"));
        }
    }
}

fn allowed(path: &str) -> bool {
    if FIXED.binary_search(&path).is_ok() {
        return true;
    }
    let Some(name) = path.strip_prefix("torch.") else { return false };
    if DTYPES.contains(&name) {
        return true;
    }
    let name = name.strip_prefix("cuda.").unwrap_or(name);
    let element = name.strip_suffix("Storage").or_else(|| name.strip_prefix("sparse.").unwrap_or(name).strip_suffix("Tensor"));
    element.is_some_and(|element| ELEMENTS.contains(&element))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_names_are_sorted_for_the_search() {
        assert!(FIXED.is_sorted());
        assert!(allowed("torch.FloatStorage") && allowed("torch.cuda.HalfStorage") && allowed("torch.bfloat16"));
        assert!(!allowed("torch.nn.Module") && !allowed("torch.storage._load_from_bytes") && !allowed("os.system"));
    }
}
