//! The pickle machine's doors: imports, calls and writes, told to the observer.

use super::machine::{End, Machine, NESTING, Out, broken, nested};
use super::observer::{Call, Door, Import, Oddity, Write, WriteDoor};
use super::value::{Entries, Traits, Value};

impl Machine<'_, '_, '_> {
    pub(super) fn import(&mut self, at: u64, name: Option<(&str, &str)>) -> Value {
        self.observer.import(&Import { at, name, protocol: self.protocol, extension: None })
    }

    /// The import of GLOBAL and INST.
    pub(super) fn global(&mut self, at: u64) -> Result<Value, Out> {
        let name = self.name(at)?;
        Ok(self.import(at, name.as_ref().map(|(module, name)| (module.as_str(), name.as_str()))))
    }

    pub(super) fn stack_global(&mut self, at: u64) -> Result<(), Out> {
        let name = self.pop()?;
        let module = self.pop()?;
        let value = match (&module, &name) {
            (Value::Str(module), Value::Str(name)) => self.import(at, Some((module, name))),
            (a, b) if may_be_text(a) && may_be_text(b) => self.import(at, None),
            _ => return broken("STACK_GLOBAL wants two strings"),
        };
        self.push(value)
    }

    pub(super) fn extension(&mut self, at: u64, code: u32) -> Result<(), Out> {
        if code == 0 || i32::try_from(code).is_err() {
            return broken("EXT code out of range");
        }
        let value = self.observer.import(&Import { at, name: None, protocol: self.protocol, extension: Some(code) });
        self.push(value)
    }

    pub(super) fn call(
        &mut self,
        at: u64,
        door: Door,
        callee: &Value,
        args: &Value,
        keywords: Option<&Value>,
    ) -> Result<(), Out> {
        let args = match args {
            Value::Tuple(items) => Some(items),
            // Among them tuples in tuples too deep to be kept.
            Value::Unknown => None,
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Number | Value::Float(_) => {
                return broken(format!("the arguments of a call are {}", args.type_name()));
            }
            // `_pickle.c` wants a tuple; `pickle.py` spreads whatever can be iterated.
            _ => {
                self.observer.oddity(at, Oddity::ArgumentsNotTuple);
                None
            }
        };
        match keywords {
            None | Some(Value::Dict(_) | Value::Unknown) => {}
            Some(Value::Global(_) | Value::Object(_) | Value::Persistent(_)) => {
                self.observer.oddity(at, Oddity::ArgumentsNotTuple);
            }
            Some(other) => return broken(format!("the keyword arguments of a call are {}", other.type_name())),
        }
        if !is_opaque(callee) {
            return broken(format!("calls a {}", callee.type_name()));
        }
        let value = self.observer.call(&Call { at, door, callee, args, keywords });
        self.push(value)
    }

    pub(super) fn build(&mut self, at: u64) -> Result<(), Out> {
        let state = self.pop()?;
        let target = self.top()?.clone();
        if !is_opaque(&target) {
            self.observer.oddity(at, Oddity::BuildOnPlain);
        }
        self.observer.write(&Write { at, door: WriteDoor::Build, target: &target, value: &state });
        // An object array inside a joblib file is read by a plain unpickler, which replaces nothing.
        if let Some(raw) = self.observer.raw_array().filter(|_| self.nesting == 0) {
            // joblib reads from the file, behind the frame that its unpickler holds already.
            if self.frame_end.is_some_and(|end| end > self.input.position()) {
                self.observer.oddity(at, Oddity::FrameStraddled);
            }
            if raw.padded {
                let padding = self.input.byte()?.into();
                self.input.skip(padding)?;
            }
            if raw.objects {
                self.object_array()?;
            } else if let Some(size) = raw.size {
                self.input.skip(size)?;
            } else {
                return Err(Out::Limit("an array of a size that the pickle does not tell"));
            }
            self.frame_end = None;
            self.stack.pop();
            self.push(Value::object("numpy.ndarray".into(), at))?;
        }
        Ok(())
    }

    /// joblib reads an array of objects with `pickle.load` from the same file.
    pub(super) fn object_array(&mut self) -> Result<(), Out> {
        if self.nesting >= NESTING {
            return Err(Out::Limit("pickles inside a pickle"));
        }
        let inner = nested(self.input, self.observer, self.budget, self.nesting + 1);
        self.opcodes += inner.opcodes;
        match inner.end {
            End::Stop => Ok(()),
            End::Broken { at, why } => broken(format!("the object array's pickle breaks at byte {at}: {why}")),
            End::Truncated { .. } => Err(Out::Truncated),
            End::OverLimit(limit) => Err(Out::Limit(limit)),
            End::Read(error) => Err(Out::Read(error)),
        }
    }

    pub(super) fn write(&mut self, at: u64, door: WriteDoor, items: &[Value]) -> Result<(), Out> {
        let target = self.top()?.clone();
        match (&target, door) {
            (Value::List(inside), WriteDoor::Append) | (Value::Set(inside), WriteDoor::Add) => {
                inside.set(inside.get().and(traits(items)));
            }
            (Value::Dict(dict), WriteDoor::SetItem) => {
                if put_pairs(dict, items).is_none() {
                    return broken("odd number of items for SETITEMS");
                }
            }
            (Value::Bytes(span), WriteDoor::Append | WriteDoor::SetItem) if span.array && !items.is_empty() => {
                self.observer.oddity(at, Oddity::BytesEdited);
            }
            // SETITEMS without items touches nothing.
            (_, WriteDoor::SetItem) if items.is_empty() => {}
            (_, WriteDoor::Append | WriteDoor::Add) if items.is_empty() => {
                self.observer.oddity(at, Oddity::EmptyRun);
                if is_opaque(&target) {
                    self.observer.write(&Write { at, door, target: &target, value: &Value::None });
                }
            }
            _ if is_opaque(&target) => {
                let value = items.last().unwrap_or(&Value::None);
                self.observer.write(&Write { at, door, target: &target, value });
                if door == WriteDoor::SetItem && !items.len().is_multiple_of(2) {
                    return broken("odd number of items for SETITEMS");
                }
            }
            // A list takes items by integer index too; everything else has no such method.
            (Value::List(inside), WriteDoor::SetItem) => inside.set(inside.get().and(traits(items))),
            _ => return broken(format!("{} on a {}", door.as_str(), target.type_name())),
        }
        Ok(())
    }
}

pub(super) fn traits(items: &[Value]) -> Traits {
    items.iter().fold(Traits::NONE, |all, item| all.and(item.traits()))
}

pub(super) fn put_pairs(dict: &Entries, items: &[Value]) -> Option<()> {
    let (pairs, rest) = items.as_chunks::<2>();
    for [key, value] in pairs {
        dict.put(key, value);
    }
    rest.is_empty().then_some(())
}

/// Whether only the loader knows what a value is, so that any method of it may be code.
fn is_opaque(value: &Value) -> bool {
    matches!(value, Value::Global(_) | Value::Object(_) | Value::Persistent(_) | Value::Unknown)
}

/// Whether a value could turn out to be a string that the machine does not know: a module's attribute may be one too.
fn may_be_text(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::LongStr(_)) || is_opaque(value)
}
