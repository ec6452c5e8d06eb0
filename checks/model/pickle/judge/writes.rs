//! What a pickle writes into: modules, classes and functions; shared results; callables with a state; joblib's arrays.

use std::rc::Rc;

use crate::Step;
use crate::formats::pickle::observer::{Call, Door, RawArray, Write, WriteDoor};
use crate::formats::pickle::value::{Object, Stage, Traits, Value};
use crate::model::names::{self, Shape};

use super::{Judge, View, arrays, distribution, formula};

impl Judge<'_> {
    /// A value that is not a plain container is written into.
    pub(super) fn written(&mut self, write: &Write) {
        if let Value::Object(object) = write.target {
            self.order(write, object);
        }
        match write.target {
            Value::Global(global) => {
                self.use_name(&global.path);
                self.write_state(write, &global.path);
            }
            Value::Object(object) if write.door == WriteDoor::Build => {
                if let Some(raw) = arrays::wrapper(object, write.value) {
                    self.array(write.at, raw);
                }
                arrays::dtype_state(object, write.value);
                self.build(write, &object.of);
            }
            Value::Object(object) if Self::reflects(&object.of) => self.shared(write, &object.of),
            Value::Persistent(_) | Value::Unknown => {
                let door = write.door.as_str();
                self.unresolvable(write.at, &format!("{door} on unknown"), || {
                    format!("Loading this pickle writes into a value that only the loader can resolve ({door}).")
                });
            }
            _ => {}
        }
    }

    /// Unpicklers look up `append`, `extend`, `add` and `__setstate__` on the object itself. A state or an entry that was
    /// given before may have put any function there, and no pickler writes in that order.
    fn order(&mut self, write: &Write, object: &Object) {
        let (stage, late) = match write.door {
            WriteDoor::Append => (Stage::Appended, object.stage.get() > Stage::Appended),
            WriteDoor::SetItem => (Stage::Entered, object.stage.get() > Stage::Entered),
            WriteDoor::Build => (Stage::Built, object.stage.get() == Stage::Built),
            WriteDoor::Add => (Stage::Appended, true),
        };
        object.stage.set(stage.max(object.stage.get()));
        object.carries.set(object.carries.get() || write.value.traits().has(Traits::OTHER_NAME.and(Traits::UNKNOWN)));
        if late {
            let (of, door) = (&object.of, write.door.as_str());
            self.unresolvable(write.at, &format!("late {door} on {of}"), || {
                format!(
                    "Loading this pickle calls a method of {of} that the pickle itself may have put there ({door} after other writes)."
                )
            });
        }
    }

    /// State for an object of an allowed class or from an allowed function.
    fn build(&mut self, write: &Write, of: &Rc<str>) {
        if Self::reflects(of) {
            return self.shared(write, of);
        }
        match names::row(of).map(|row| row.shape) {
            Some(Shape::Factory) => {}
            Some(Shape::Distribution) => {
                if !distribution::is_honest(write.value) {
                    self.lists.dangerous_calls.add(of, write.at, || {
                        let what = format!("gives {of} source text of its own, which it runs");
                        (format!("Loading this pickle {what}."), vec![Step { at: write.at, what }])
                    });
                }
                return;
            }
            Some(Shape::Formula) => {
                if let Some(text) = formula::dishonest(write.value) {
                    self.lists.dangerous_calls.add(of, write.at, || {
                        let what = format!("gives {of} a formula that it evaluates as Python: {text}");
                        (format!("Loading this pickle {what}."), vec![Step { at: write.at, what }])
                    });
                }
                return;
            }
            _ => return,
        }
        // `functools.partial.__setstate__` takes (function, arguments, keywords, dict). Nothing else here has a state:
        // the other half of a pair becomes attributes, and with them `defaultdict.default_factory`.
        match write.value {
            Value::Tuple(state) if of.ends_with("partial") => {
                if let Some(target) = state.first.first() {
                    let callee = Value::None;
                    let call = Call { at: write.at, door: Door::Reduce, callee: &callee, args: Some(state), keywords: None };
                    let bound = match state.first.get(1) {
                        Some(Value::Tuple(bound)) => bound.first.as_slice(),
                        _ => &[],
                    };
                    let kept = state.first.iter().skip(1).fold(Traits::NONE, |all, item| all.and(item.traits()));
                    self.indirect(&call, target, Some(bound), kept);
                }
            }
            Value::None => {}
            state if state.traits().has(Traits::OTHER_NAME.and(Traits::KNOWN_NAME).and(Traits::UNKNOWN)) => {
                self.unresolvable(write.at, &format!("state of {of}"), || {
                    format!("Loading this pickle gives {of} a function to call later.")
                });
            }
            _ => {}
        }
    }

    /// Whether what this function returns may be a class, a function or an object that others use too.
    pub(super) fn reflects(of: &str) -> bool {
        let shape = names::row(of).map(|row| row.shape);
        matches!(shape, Some(Shape::TypeOf | Shape::TypeName | Shape::Subscript | Shape::Loader))
    }

    fn shared(&mut self, write: &Write, of: &Rc<str>) {
        let door = write.door.as_str();
        self.unresolvable(write.at, &format!("{door} on {of}"), || {
            format!("Loading this pickle writes into what {of} returned ({door}), which may be a class or an object in use.")
        });
    }

    /// joblib reads an array from the file now.
    fn array(&mut self, at: u64, raw: RawArray) {
        self.is_joblib = true;
        self.padded |= raw.padded;
        self.object_arrays |= raw.objects;
        if raw.size.is_none() && !raw.objects {
            self.unresolvable(at, "array size", || {
                "Describes an array so that its size cannot be told from the pickle: what a loader reads behind it is hidden."
                    .into()
            });
        }
        self.raw = Some(match self.view {
            View::OldJoblib => RawArray { padded: false, ..raw },
            View::Loader | View::Plain => raw,
        });
    }

    fn write_state(&mut self, write: &Write, what: &str) {
        let door = write.door.as_str();
        self.lists.state_writes.add(what, write.at, || {
            let mut value = String::new();
            write.value.show(&mut value);
            let message = format!(
                "Loading this pickle writes into {what} itself ({door} with {value}), which changes it for the whole process."
            );
            (message, vec![Step { at: write.at, what: format!("writes {value} into {what}") }])
        });
    }
}
