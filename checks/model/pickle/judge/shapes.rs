//! What each argument shape of the allow-lists means: one small function a shape.

use std::rc::Rc;

use crate::formats::pickle::observer::{Call, Door};
use crate::formats::pickle::value::{Global, Items, Traits, Value};
use crate::model::names::{self, Allowed, Kind, Shape};

use super::super::facts::Nested;
use super::{Judge, NESTED, NESTED_BYTES, arrays, looks_like_a_class};

/// Whether arguments fit.
pub(super) enum Fit {
    /// They do, or the call was judged and reported on the way; this is what it returns.
    Yes(Value),
    /// They do not, because …
    No(String),
}

/// Encodings that map text to bytes one by one and hide nothing.
const ENCODINGS: &[&str] =
    &["latin1", "latin-1", "latin_1", "iso-8859-1", "iso8859-1", "utf8", "utf-8", "utf_8", "ascii", "us-ascii"];

/// The pack of Python's own value types: their constructors iterate over their arguments, or ask them for their text.
pub(super) const PLAIN: &str = "stdlib";
/// Types whose `__new__` and `__init__` do nothing but fill the instance: the bases of pickles below protocol 2.
const BASES: &[&str] =
    &["bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set", "str", "tuple"];

impl Judge<'_> {
    pub(super) fn fits(&mut self, call: &Call, global: &Rc<Global>, allowed: Allowed) -> Fit {
        let done = || Fit::Yes(Value::object(global.path.clone(), call.at));
        let no = |why: &str| Fit::No(why.to_owned());
        let Some(args) = call.args else { return no("its arguments cannot be known here") };
        if call.keywords.is_some_and(|keywords| keywords.traits().has(Traits::OTHER_NAME)) {
            return no("its keyword arguments hold a name that is on no list");
        }
        // A call without arguments gives the pickle no say. Only a name that stands for a whole family (TorchScript's) must
        // look like a class.
        if args.len == 0 && (allowed.pack != names::TORCHSCRIPT || call.door == Door::NewObj || looks_like_a_class(&global.path))
        {
            return done();
        }
        let traits = args.traits;
        if allowed.kind == Kind::Class && call.door == Door::NewObj && allowed.shape != Shape::Dtype {
            // `cls.__new__(cls, …)` keeps what it is given: strings of a str subclass, fields of a named tuple.
            return if traits.has(Traits::OTHER_NAME.and(Traits::UNKNOWN)) {
                no("its arguments hold a name that is on no list")
            } else {
                done()
            };
        }
        if allowed.kind == Kind::Value {
            return no("it is known as a value, not as something to call");
        }
        // Such functions call methods of what they are given: `_rebuild_parameter(data, …)` calls `data.detach()`.
        let carrier = |arg: &Value| matches!(arg, Value::Object(object) if object.carries.get());
        if allowed.kind == Kind::Function && allowed.shape != Shape::Attribute && args.first.iter().any(carrier) {
            return no("an argument is an object that the pickle gave a name on no list");
        }
        let first = args.first.first().unwrap_or(&Value::None);
        let fits = match allowed.shape {
            Shape::Any => true,
            Shape::None => return no("it is not known to take arguments"),
            Shape::Data => {
                !traits.has(Traits::OTHER_NAME.and(Traits::UNKNOWN)) && (allowed.pack != PLAIN || args.first.iter().all(plain))
            }
            Shape::Numbers => {
                !traits.has(Traits::OTHER_NAME.and(Traits::UNKNOWN).and(Traits::TEXT).and(Traits::BYTES).and(Traits::KNOWN_NAME))
            }
            Shape::Pairs => {
                args.len == 1
                    && matches!(first, Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Object(_))
                    && plain(first)
                    && !traits.has(Traits::OTHER_NAME)
            }
            Shape::Iterable => {
                args.len == 1
                    && matches!(
                        first,
                        Value::List(_)
                            | Value::Tuple(_)
                            | Value::Dict(_)
                            | Value::Set(_)
                            | Value::FrozenSet(_)
                            | Value::Str(_)
                            | Value::LongStr(_)
                            | Value::Bytes(_)
                            | Value::Object(_)
                    )
                    && plain(first)
                    && !traits.has(Traits::OTHER_NAME)
            }
            Shape::Tensor => tensor(args),
            Shape::Dtype => {
                if traits.has(Traits::OTHER_NAME.and(Traits::UNKNOWN)) {
                    return no("its arguments hold a name that is on no list");
                }
                return Fit::Yes(arrays::dtype(&global.path, call.at, args));
            }
            Shape::Encoding => return encoding(global, call.at, args),
            Shape::Enum => {
                args.len == 1
                    && match first {
                        Value::Bool(_) | Value::Int(_) | Value::None => true,
                        // Members of a flag are made from a member, below protocol 2.
                        Value::Object(member) => names::row(&member.of).is_some_and(|row| row.shape == Shape::Enum),
                        text => text.as_str().is_some_and(word),
                    }
            }
            Shape::Device => {
                args.len <= 2 && args.first.iter().all(|arg| matches!(arg, Value::Int(_)) || arg.as_str().is_some_and(word))
            }
            Shape::Path => args.first.iter().all(|arg| matches!(arg, Value::Str(_) | Value::LongStr(_) | Value::Object(_))),
            Shape::Generator => args.first.iter().all(of_generator),
            Shape::TypeOf => args.len == 1,
            Shape::TypeName => {
                return match args.first.as_slice() {
                    [Value::Str(name)] if word(name) => Fit::Yes(self.type_called(call, global, name)),
                    _ => no("not to be safe with these arguments"),
                };
            }
            Shape::Subscript => subscript(args),
            Shape::Apply => return self.apply(call, args),
            Shape::Array => return self.array_of(call, args),
            Shape::Method => return self.method(call, global, args),
            Shape::New | Shape::Distribution | Shape::Formula => return no("it is not known to be safe to initialise"),
            Shape::Attribute => return self.attribute(call, args),
            Shape::Import => return self.named(call, global, args),
            Shape::Loader => return self.loader(call, global, args),
            Shape::Factory => {
                if matches!(first, Value::Dict(_)) {
                    return no("its first argument is no callable");
                }
                let bound = global.path.ends_with("partial").then(|| args.first.get(1..).unwrap_or_default());
                let keywords = call.keywords.map_or(Traits::NONE, Value::traits);
                let kept = args.first.iter().skip(1).fold(keywords, |all, item| all.and(item.traits()));
                self.indirect(call, first, bound, kept);
                return Fit::Yes(Value::object(global.path.clone(), call.at));
            }
            Shape::ClassFirst => return self.class_first(call, global, args),
            Shape::Reconstructor => return self.reconstructor(call, args),
        };
        if fits { done() } else { no("not to be safe with these arguments") }
    }

    /// `getattr(object, 'name')` gives what an import of the longer path would.
    fn attribute(&mut self, call: &Call, args: &Items) -> Fit {
        let (Some(object), Some(name)) = (args.first.first(), args.first.get(1).and_then(Value::as_str)) else {
            return Fit::No("the attribute that it fetches cannot be known here".to_owned());
        };
        let of = match object {
            Value::Global(global) => Rc::clone(&global.path),
            Value::Object(object) => Rc::clone(&object.of),
            Value::Unknown | Value::Persistent(_) => {
                return Fit::No("the object whose attribute it fetches cannot be known here".to_owned());
            }
            plain => format!("builtins.{}", plain.type_name()).into(),
        };
        self.use_name(&of);
        // A member of an enumeration.
        if object.as_global().is_some() && names::row(&of).is_some_and(|row| row.shape == Shape::Enum) && constant_name(name) {
            return Fit::Yes(Value::object(of, call.at));
        }
        Fit::Yes(self.import_name(call.at, &of, name, 4))
    }

    /// `f('module', 'name')` gives what an import would.
    fn named(&mut self, call: &Call, global: &Rc<Global>, args: &Items) -> Fit {
        let texts = args.first.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
        match texts.as_deref() {
            Some([module, name]) => Fit::Yes(self.import_name(call.at, module, name, 4)),
            _ => Fit::No(format!("what {} imports cannot be known here", global.path)),
        }
    }

    /// The bytes are examined in their turn, with the same rules.
    fn loader(&mut self, call: &Call, global: &Rc<Global>, args: &Items) -> Fit {
        let (at, size, bytes, latin1) = match args.first.first() {
            // A text line too long to keep: what its escapes stand for is lost.
            Some(Value::LongStr(span) | Value::Encoded(span)) if span.line && span.kept.is_none() => {
                self.nested_lost += 1;
                return Fit::Yes(Value::object(global.path.clone(), call.at));
            }
            Some(Value::LongStr(span)) if span.line => (span.at, span.size, span.kept.as_deref().map(latin1), false),
            Some(Value::Bytes(span) | Value::LongStr(span)) if !span.is_forgotten() => {
                (span.at, span.size, span.kept.as_deref().map(<[u8]>::to_vec), false)
            }
            Some(Value::Made(bytes)) => (call.at, bytes.len() as u64, Some(bytes.to_vec()), false),
            Some(Value::Encoded(span)) => (span.at, span.size, span.kept.as_deref().map(latin1), true),
            // Python 2's str.
            Some(Value::Str(text)) => (call.at, text.len() as u64, Some(latin1(text.as_bytes())), false),
            _ => {
                let path = Rc::clone(&global.path);
                self.unresolvable(call.at, &format!("loader {path}"), || {
                    format!("Loading this pickle hands bytes to {path} that cannot be known here, to be loaded in their turn.")
                });
                return Fit::Yes(Value::object(global.path.clone(), call.at));
            }
        };
        self.nested_bytes += bytes.as_ref().map_or(0, Vec::len);
        if self.nested.len() < NESTED && self.nested_bytes <= NESTED_BYTES {
            self.nested.push(Nested { at, size, bytes, loader: global.path.to_string(), latin1 });
        } else {
            self.nested_lost += 1;
        }
        Fit::Yes(Value::object(global.path.clone(), call.at))
    }

    /// `f(function, class, arguments, state)`: PyTorch's way to rebuild a tensor of a subclass.
    fn apply(&mut self, call: &Call, args: &Items) -> Fit {
        let [Value::Global(function), Value::Global(class), Value::Tuple(arguments), ..] = args.first.as_slice() else {
            return Fit::No("its arguments are not a function, a class and the function's arguments".to_owned());
        };
        _ = self.built(call, class);
        Fit::Yes(self.call_global(&Call { door: Door::Reduce, args: Some(arguments), ..*call }, function))
    }

    /// A function of a class is bound to an object and called by nothing here: it stays an import that was not used. A
    /// function of a module, or one bound to something else, could be any function with an argument.
    fn method(&mut self, call: &Call, global: &Global, args: &Items) -> Fit {
        let [Value::Global(function), Value::Object(_)] = args.first.as_slice() else {
            return Fit::No("its arguments are not a method and its object".to_owned());
        };
        match self.standing(function) {
            super::Standing::Denied(denied) => {
                self.use_name(&function.path);
                self.dangerous(call, function, denied);
            }
            super::Standing::Allowed(Allowed { kind: Kind::Value, .. }) => {}
            _ if function.path.rsplit_once('.').is_some_and(|(class, _)| looks_like_a_class(class)) => {}
            _ => return Fit::No(format!("{} is no method of a class", function.path)),
        }
        Fit::Yes(Value::object(global.path.clone(), call.at))
    }

    /// `array = f(*arguments); array.__setstate__(state); array.__dict__.update(attributes)` (dill, `_create_array`): what
    /// REDUCE and BUILD do in any other pickle, as long as the function is numpy's.
    fn array_of(&mut self, call: &Call, args: &Items) -> Fit {
        let [Value::Global(function), Value::Tuple(arguments), Value::Tuple(_), Value::None | Value::Dict(_)] =
            args.first.as_slice()
        else {
            return Fit::No("its arguments are not a function, its arguments, a state and attributes".to_owned());
        };
        if !reconstructs(&function.path) {
            return Fit::No(format!("{} does not make an array", function.path));
        }
        Fit::Yes(self.call_global(&Call { door: Door::Reduce, args: Some(arguments), ..*call }, function))
    }

    /// `_load_type('NoneType')` gives what an import would (dill, `_reverse_typemap`): a built-in type by its own name or, if
    /// that says so, one of the module `types`; cloudpickle's `_builtin_type` knows only the latter. Files and what else is
    /// not imported from either stays an object.
    fn type_called(&mut self, call: &Call, global: &Global, name: &str) -> Value {
        let (module, name) = match name {
            "PartialType" => ("functools", "partial"),
            "ItemGetterType" => ("operator", "itemgetter"),
            "AttrGetterType" => ("operator", "attrgetter"),
            name if name.ends_with("Type")
                && matches!(names::standing("types", name, self.settings), super::Standing::Unknown) =>
            {
                return Value::object(global.path.clone(), call.at);
            }
            name if name.ends_with("Type") || global.path.ends_with("._builtin_type") => ("types", name),
            name => ("builtins", name),
        };
        self.import_name(call.at, module, name, 4)
    }

    /// `f(cls, …)` builds a `cls`.
    fn class_first(&mut self, call: &Call, global: &Rc<Global>, args: &Items) -> Fit {
        let Some(class) = args.first.first().and_then(Value::as_global) else {
            return Fit::No("its first argument is not a class that is known here".to_owned());
        };
        // `numpy.core.multiarray._reconstruct` calls `ndarray.__new__`; all others call the class's own with what they are given.
        let reconstruct = reconstructs(&global.path);
        if !reconstruct && names::row(&class.path).is_some_and(|row| row.kind == Kind::Value) {
            return Fit::No(format!("{} is not known to be safe to build from arguments", class.path));
        }
        let rest = args.first.iter().skip(1).fold(Traits::NONE, |all, item| all.and(item.traits()));
        if rest.has(Traits::OTHER_NAME.and(Traits::UNKNOWN)) {
            return Fit::No("its arguments hold a name that is on no list".to_owned());
        }
        let object = self.built(call, class);
        if reconstruct {
            return Fit::Yes(Value::object("numpy.ndarray".into(), call.at));
        }
        Fit::Yes(object)
    }

    /// `copyreg._reconstructor(cls, base, state)`: `base.__new__(cls, state)`.
    fn reconstructor(&mut self, call: &Call, args: &Items) -> Fit {
        let [Value::Global(class), Value::Global(base), state] = args.first.as_slice() else {
            return Fit::No("its arguments are not a class, its base and a state".to_owned());
        };
        if state.traits().has(Traits::OTHER_NAME) {
            return Fit::No("its state holds a name that is on no list".to_owned());
        }
        let object = self.built(call, class);
        let filled = base.path.strip_prefix("builtins.").or_else(|| base.path.strip_prefix("__builtin__."));
        if filled.is_none_or(|name| !BASES.contains(&name)) {
            // `base.__init__(object, state)` runs too.
            if let Value::Tuple(state) = &Value::tuple(vec![state.clone()]) {
                _ = self.call_global(&Call { door: Door::Reduce, args: Some(state), ..*call }, base);
            }
        }
        Fit::Yes(object)
    }

    /// A class is constructed, by a helper that does nothing else.
    fn built(&mut self, call: &Call, class: &Rc<Global>) -> Value {
        self.use_name(&class.path);
        match self.standing(class) {
            super::Standing::Denied(denied) => self.dangerous(call, class, denied),
            super::Standing::Unknown => {
                let none = Value::tuple(Vec::new());
                if let Value::Tuple(none) = &none {
                    self.unknown(&Call { door: Door::NewObj, args: Some(none), ..*call }, class);
                }
            }
            super::Standing::Allowed(_) => {}
        }
        Value::object(class.path.clone(), call.at)
    }
}

/// `object[key]` of something that holds no unknown names; a class is subscripted for its type parameters or its members.
/// Not so an object: a defaultdict would call its factory, and it may stand behind a view of it or in a list.
fn subscript(args: &Items) -> bool {
    let object = matches!(args.first.first(), Some(Value::Global(_) | Value::List(_) | Value::Tuple(_) | Value::Dict(_)));
    args.len == 2 && object && !args.traits.has(Traits::OTHER_NAME.and(Traits::UNKNOWN))
}

/// numpy's maker of empty arrays: rows of the numpy pack under all the paths that it has had.
fn reconstructs(path: &str) -> bool {
    path.ends_with(".multiarray._reconstruct")
        || path.ends_with("_multiarray_umath._reconstruct")
        || path == "numpy.core._internal._reconstruct"
}

/// A generator's name, a class of generators, or one of them.
fn of_generator(value: &Value) -> bool {
    let path = match value {
        Value::Str(name) => return word(name),
        Value::Global(global) => &global.path,
        Value::Object(object) => &object.of,
        _ => return false,
    };
    names::row(path).is_some_and(|row| row.pack == "numpy") && path.starts_with("numpy.random.")
}

/// Nothing that brings methods of its own, which would run when a plain type iterates over it or asks for its text.
fn plain(value: &Value) -> bool {
    match value {
        Value::Object(object) => names::row(&object.of).is_some_and(|row| row.pack == PLAIN || row.pack == "numpy"),
        _ => true,
    }
}

/// `RED`, `NO_SYNC`: how members of enumerations are named.
fn constant_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '_'))
}

/// PyTorch's rebuild functions: a storage or a tensor first, then sizes, flags, hooks, names of dtypes; no text at the top.
fn tensor(args: &Items) -> bool {
    let first = matches!(args.first.first(), Some(Value::Persistent(_) | Value::Object(_) | Value::Tuple(_) | Value::Global(_)));
    let plain =
        args.first.iter().skip(1).all(|arg| !matches!(arg, Value::Str(_) | Value::LongStr(_) | Value::Bytes(_) | Value::Unknown));
    first && plain && !args.traits.has(Traits::OTHER_NAME)
}

fn encoding(global: &Global, at: u64, args: &Items) -> Fit {
    let name = match args.first.as_slice() {
        [_] => "utf-8".to_owned(),
        [_, Value::Str(name)] => name.to_lowercase(),
        _ => return Fit::No("its encoding is not a plain one".to_owned()),
    };
    if !ENCODINGS.contains(&name.as_str()) {
        return Fit::No(format!("the codec {name:?} does more than map text to bytes"));
    }
    match args.first.first() {
        Some(Value::Str(text)) => Fit::Yes(Value::Made(latin1(text.as_bytes()).into())),
        Some(Value::LongStr(span)) => Fit::Yes(Value::Encoded(Rc::clone(span))),
        Some(Value::Bytes(_) | Value::Object(_)) => Fit::Yes(Value::object(global.path.clone(), at)),
        _ => Fit::No("its first argument is no text".to_owned()),
    }
}

/// UTF-8 text as Latin-1 bytes; characters beyond Latin-1, which the codec would refuse, keep their UTF-8 bytes.
pub(in super::super) fn latin1(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in String::from_utf8_lossy(text).chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out
}

/// Letters, digits and underscores only, with hyphens inside.
pub(super) fn plain_word(text: &str) -> bool {
    !text.starts_with('-') && word(text) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A word as enum values and device names are: nothing in it could be a command, a path with parts, or code.
fn word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.' | '+'))
}
