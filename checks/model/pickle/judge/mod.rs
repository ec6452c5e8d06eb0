//! Judges what the pickle machine tells: each import, call and write against the name tables.

mod arrays;
mod distribution;
mod formula;
mod shapes;
mod weights_only;
mod writes;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use crate::formats::pickle::observer::{Call, Door, Import, Observer, Oddity, RawArray, Write};
use crate::formats::pickle::value::{Global, Items, Standing as Mark, Traits, Value};
use crate::model::names::{self, Allowed, Denied, Kind, Shape, Standing};
use crate::{Settings, Step};

use super::facts::{List, Nested};
pub(super) use shapes::latin1;
use shapes::{Fit, PLAIN};

/// Byte strings handed to loaders that are examined: one for each tensor of a model that was pickled whole. More is a gap.
const NESTED: usize = 100_000;
/// What of them may be held in memory; the longer ones are read again from their place.
const NESTED_BYTES: usize = 128 << 20;

/// Which loader's reading of a joblib file is judged: they disagree about the raw bytes of its arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// What the file is: joblib since 1.2, or any unpickler where no array stands.
    Loader,
    /// `pickle.load`, which takes an array's bytes for opcodes.
    Plain,
    /// joblib before 1.2, which knows no padding.
    OldJoblib,
}

#[expect(clippy::struct_excessive_bools, reason = "independent facts about one stream")]
/// Judges one pickle. Merged into the file's facts once it is clear that a loader would take it for a pickle.
pub(super) struct Judge<'s> {
    settings: &'s Settings,
    pub(super) lists: Lists,
    pub(super) nested: Vec<Nested>,
    pub(super) nested_lost: u64,
    nested_bytes: usize,
    pub(super) weights_only: weights_only::Tracker,
    /// Names of each standing that no call has used yet: path → (offset, how often, why denied).
    idle: BTreeMap<Rc<str>, Idle>,
    raw: Option<RawArray>,
    view: View,
    /// One of joblib's arrays begins with padding, which joblib before 1.2 takes for the array's first bytes.
    pub(super) padded: bool,
    /// One of them is a pickle of its own, whose memo a plain unpickler takes for its own.
    pub(super) object_arrays: bool,
    pub(super) is_joblib: bool,
    pub(super) imports: u64,
    /// An import was followed by a call or a write.
    pub(super) used: bool,
    /// All imported names look like names.
    pub(super) plausible: bool,
    /// An imported name was called with arguments.
    pub(super) calls_with_arguments: bool,
    /// One of the names is denied and looks like a name.
    denied_name: bool,
    /// A persistent id came before any import, as in a zip that is read as a pickle: few loaders get beyond it.
    pub(super) persistent_first: bool,
    /// One of them stands on the deny-list as it is, not only by the module above it.
    pub(super) imports_denied: bool,
}

/// What the checks ask about, one list a check.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) dangerous_calls: List,
    pub(super) unresolvable_calls: List,
    pub(super) state_writes: List,
    pub(super) dangerous_imports: List,
    pub(super) unknown_calls: List,
    pub(super) unknown_classes: List,
    pub(super) unknown_imports: List,
    pub(super) evasions: List,
}

struct Idle {
    at: u64,
    times: u64,
    denied: Option<Denied>,
    used: bool,
}

impl<'s> Judge<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        Self {
            settings,
            lists: Lists::default(),
            nested: Vec::new(),
            nested_lost: 0,
            nested_bytes: 0,
            weights_only: weights_only::Tracker::default(),
            idle: BTreeMap::new(),
            raw: None,
            view: View::Loader,
            padded: false,
            object_arrays: false,
            is_joblib: false,
            imports: 0,
            used: false,
            plausible: true,
            calls_with_arguments: false,
            denied_name: false,
            persistent_first: false,
            imports_denied: false,
        }
    }

    /// A judge for the view of another loader of the same bytes.
    pub(super) fn of_view(settings: &'s Settings, view: View) -> Self {
        Self { view, ..Self::new(settings) }
    }

    /// Whether something here runs code by the tables alone, so that the bytes are a pickle whatever else they are.
    pub(super) fn denies(&self) -> bool {
        // A denied name that was used and not called gave an attribute, which was judged by its own path.
        let denied = || self.idle.values().any(|idle| idle.denied.is_some() && !idle.used);
        self.denied_name && (!self.lists.dangerous_calls.is_empty() || denied())
    }

    /// What was imported and never used becomes a finding of its own.
    pub(super) fn finish(&mut self) {
        for (path, idle) in std::mem::take(&mut self.idle) {
            if idle.used {
                continue;
            }
            let list = if idle.denied.is_some() { &mut self.lists.dangerous_imports } else { &mut self.lists.unknown_imports };
            for _ in 0..idle.times.min(1000) {
                list.add(&path, idle.at, || {
                    let message = match idle.denied {
                        Some(denied) => format!(
                            "Imports {path}, which {}, without calling it here ({}).",
                            denied.category.text(),
                            denied.source
                        ),
                        None => format!("Imports {path}, which is on no list of known names."),
                    };
                    (message, vec![Step { at: idle.at, what: format!("imports {path}") }])
                });
            }
        }
    }

    /// One import, by whatever door.
    fn import_name(&mut self, at: u64, module: &str, name: &str, protocol: u8) -> Value {
        self.imports += 1;
        let plausible = [module, name].iter().all(|text| looks_like_a_name(text));
        self.plausible &= plausible;
        let mapped = (protocol < 3).then(|| names::python3(module, name)).flatten();
        let mut standing = match &mapped {
            Some(path) => {
                let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
                names::standing(module, name, self.settings)
            }
            None => names::standing(module, name, self.settings),
        };
        // A Python 2 loader takes the name as it stands.
        if mapped.is_some()
            && let written @ Standing::Denied(_) = names::standing(module, name, self.settings)
        {
            standing = written;
        }
        let path: Rc<str> = mapped.unwrap_or_else(|| format!("{module}.{name}")).into();
        let (mark, denied) = match standing {
            Standing::Allowed(_) => (Mark::Allowed, None),
            Standing::Denied(denied) => (Mark::Denied, Some(denied)),
            Standing::Unknown => (Mark::Unknown, None),
        };
        self.denied_name |= plausible && denied.is_some();
        self.imports_denied |= plausible && names::denied_exactly(&path);
        if mark != Mark::Allowed {
            let idle = self.idle.entry(path.clone()).or_insert(Idle { at, times: 0, denied, used: false });
            idle.times += 1;
        }
        let power = matches!(standing, Standing::Allowed(allowed) if names::is_power(allowed));
        Value::Global(Rc::new(Global { path, at, standing: mark, power }))
    }

    fn use_name(&mut self, path: &str) {
        if let Some(idle) = self.idle.get_mut(path) {
            idle.used = true;
        }
    }

    fn standing(&self, global: &Global) -> Standing {
        if let Some(denied) = self.idle.get(&global.path).and_then(|idle| idle.denied) {
            return Standing::Denied(denied);
        }
        if global.standing == Mark::Unknown {
            return Standing::Unknown;
        }
        let (module, name) = global.path.rsplit_once('.').unwrap_or(("", &global.path));
        names::standing(module, name, self.settings)
    }

    /// A call of an imported name.
    fn call_global(&mut self, call: &Call, global: &Rc<Global>) -> Value {
        self.use_name(&global.path);
        match self.standing(global) {
            Standing::Denied(denied) => {
                self.dangerous(call, global, denied);
                Value::object(global.path.clone(), call.at)
            }
            Standing::Allowed(allowed) => match self.fits(call, global, allowed) {
                Fit::Yes(value) => value,
                Fit::No(why) => {
                    let shown = shown(&global.path, call.args);
                    self.lists.unknown_calls.add(&global.path, call.at, || {
                        let message =
                            format!("Loading this pickle calls {shown}: the name is known ({} pack), but {why}.", allowed.pack);
                        (message, trail(global, call.at, &shown))
                    });
                    Value::object(global.path.clone(), call.at)
                }
            },
            Standing::Unknown => {
                self.unknown(call, global);
                Value::object(global.path.clone(), call.at)
            }
        }
    }

    fn dangerous(&mut self, call: &Call, global: &Global, denied: Denied) {
        let shown = shown(&global.path, call.args);
        self.lists.dangerous_calls.add(&global.path, call.at, || {
            let message = format!("Loading this pickle calls {shown}, which {} ({}).", denied.category.text(), denied.source);
            (message, trail(global, call.at, &shown))
        });
    }

    fn unknown(&mut self, call: &Call, global: &Global) {
        let shown = shown(&global.path, call.args);
        let no_args = call.args.is_some_and(|args| args.len == 0);
        // A member of an enumeration is made by a call of its class with its value; a number is no command.
        let member =
            call.args.is_some_and(|args| args.len == 1 && matches!(args.first.first(), Some(Value::Int(_) | Value::Bool(_))));
        // Without arguments the pickle has no say in what a constructor does; so are subclasses of OrderedDict written.
        let class = call.door == Door::NewObj
            || (looks_like_a_class(&global.path) && (member || no_args || names_its_kind(call, global)));
        if arrays::wrapper_alias(&global.path) {
            self.lists.unknown_calls.add(&global.path, call.at, || {
                let message = format!(
                    "Builds {}, named like joblib's array wrapper: whether bytes behind it are an array or are run cannot be told.",
                    global.path
                );
                (message, trail(global, call.at, &format!("builds {}", global.path)))
            });
        } else if class {
            self.lists.unknown_classes.add(&global.path, call.at, || {
                let message = format!("Builds an object of {}, a class on no list of known names.", global.path);
                (message, trail(global, call.at, &format!("builds {}", global.path)))
            });
        } else {
            self.lists.unknown_calls.add(&global.path, call.at, || {
                let message = format!("Loading this pickle calls {shown}, a function on no list of known names.");
                (message, trail(global, call.at, &shown))
            });
        }
    }

    fn unresolvable(&mut self, at: u64, detail: &str, message: impl FnOnce() -> String) {
        self.lists.unresolvable_calls.add(detail, at, || {
            let message = message();
            let step = Step { at, what: message.trim_end_matches('.').to_owned() };
            (message, vec![step])
        });
    }

    /// Something is called through another callable: `functools.partial(f, …)`, with the arguments that it is `bound` to,
    /// or `defaultdict(f)`, which calls it without any. `kept` are the traits of all that it will be given.
    fn indirect(&mut self, call: &Call, target: &Value, bound: Option<&[Value]>, kept: Traits) {
        match target {
            // An unknown name that is only kept, with nothing to be called with, stays an import. Nothing that a pickle can
            // do asks a defaultdict for a key that it does not have (see `subscript`), and calling a partial is a call
            // that nobody can resolve.
            Value::Global(global)
                if bound.is_none_or(<[Value]>::is_empty) && matches!(self.standing(global), Standing::Unknown) => {}
            Value::Global(global) => {
                self.use_name(&global.path);
                // Python's own functions call what they are given: `max(values, key=function)`.
                if global.standing == Mark::Allowed
                    && kept.has(Traits::OTHER_NAME.and(Traits::UNKNOWN))
                    && names::row(&global.path).is_some_and(|row| row.pack == PLAIN && row.kind != Kind::Class)
                {
                    let path = &global.path;
                    self.lists.unknown_calls.add(path, call.at, || {
                        let message = format!("Keeps {path} to be called later with a function on no list of known names.");
                        (message, trail(global, call.at, &format!("keeps {path} for a later call")))
                    });
                }
                match self.standing(global) {
                    Standing::Denied(denied) => self.dangerous(call, global, denied),
                    Standing::Unknown => self.unknown(&Call { door: Door::Reduce, ..*call }, global),
                    // `partial(defaultdict, list)`, `partial(partial, f)`: what is called in the end is judged.
                    Standing::Allowed(Allowed { shape: Shape::Factory, .. }) => {
                        if let Some((target, bound)) = bound.and_then(<[Value]>::split_first) {
                            let bound = global.path.ends_with("partial").then_some(bound);
                            self.indirect(call, target, bound, kept);
                        }
                    }
                    Standing::Allowed(Allowed { kind: Kind::Function, shape, .. })
                        if !matches!(
                            shape,
                            Shape::Any | Shape::Data | Shape::Numbers | Shape::None | Shape::Enum | Shape::Dtype
                        ) =>
                    {
                        let path = &global.path;
                        self.lists.unknown_calls.add(path, call.at, || {
                            let message = format!("Keeps {path} to be called with arguments that cannot be known here.");
                            (message, trail(global, call.at, &format!("keeps {path} for a later call")))
                        });
                    }
                    Standing::Allowed(_) => {}
                }
            }
            // A type that `defaultdict` calls without arguments does nothing.
            Value::Object(object)
                if call.callee.as_global().is_some_and(|callee| callee.path.ends_with("defaultdict"))
                    && names::row(&object.of).is_some_and(|row| matches!(row.shape, Shape::TypeOf | Shape::TypeName)) => {}
            Value::Object(object) if Self::reflects(&object.of) => {
                let of = &object.of;
                self.unresolvable(call.at, &format!("indirect result of {of}"), || {
                    format!("Keeps what {of} returned to be called later, which may be any function.")
                });
            }
            Value::None | Value::Object(_) => {}
            other => {
                let kind = other.type_name().to_owned();
                self.unresolvable(call.at, &format!("indirect {kind}"), || format!("Keeps a {kind} to be called later."));
            }
        }
    }
}

impl Observer for Judge<'_> {
    fn import(&mut self, import: &Import) -> Value {
        if let Some(code) = import.extension {
            self.imports += 1;
            self.weights_only.extension(import.at);
            self.lists.unknown_imports.add(&format!("copyreg extension {code}"), import.at, || {
                let what = format!("imports whatever extension code {code} stands for in the loader's copyreg registry");
                (
                    format!("Imports whatever extension code {code} stands for in the loader's copyreg registry."),
                    vec![Step { at: import.at, what }],
                )
            });
            return Value::Unknown;
        }
        let Some((module, name)) = import.name else {
            self.imports += 1;
            self.unresolvable(import.at, "computed import", || {
                "Imports a name that the pickle only computes while it is loaded.".into()
            });
            return Value::Unknown;
        };
        self.weights_only.import(import.at, module, name);
        self.import_name(import.at, module, name, import.protocol)
    }

    fn call(&mut self, call: &Call) -> Value {
        self.used |= self.imports > 0;
        self.weights_only.call(call);
        self.calls_with_arguments |= call.callee.as_global().is_some() && call.args.is_some_and(|args| args.len > 0);
        match call.callee {
            Value::Global(global) => self.call_global(call, &Rc::clone(global)),
            Value::Object(object) => {
                let of = Rc::clone(&object.of);
                self.unresolvable(call.at, &format!("result of {of}"), || {
                    format!("Loading this pickle calls something that the pickle itself made: what {of} returned.")
                });
                Value::object(of, call.at)
            }
            other => {
                let kind = other.type_name().to_owned();
                self.unresolvable(call.at, &kind, || {
                    format!("Loading this pickle calls a {kind}, which only the loader can resolve.")
                });
                Value::Unknown
            }
        }
    }

    fn write(&mut self, write: &Write) {
        self.used |= self.imports > 0;
        self.weights_only.write(write);
        self.written(write);
    }

    fn raw_array(&mut self) -> Option<RawArray> {
        self.raw.take().filter(|_| self.view != View::Plain)
    }

    fn persistent(&mut self, at: u64, id: &Value) -> Option<Value> {
        self.persistent_first |= self.imports == 0;
        self.weights_only.persistent(at, id);
        container(id)
    }

    fn oddity(&mut self, at: u64, what: Oddity) {
        self.lists.evasions.add(what.id(), at, || {
            let text = what.text();
            let mut message = text.to_owned();
            if let Some(first) = message.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            message.push('.');
            (message, vec![Step { at, what: text.to_owned() }])
        });
    }

    fn opcode(&mut self, at: u64, op: u8) {
        self.weights_only.opcode(at, op);
    }
}

/// The class that PyTorch before 1.6 gives for `('module', class, source_file, source)`, and the tar format before it for
/// the same without the word: `persistent_load` in `torch/serialization.py` returns the class itself, whatever the source.
fn container(id: &Value) -> Option<Value> {
    let Value::Tuple(id) = id else { return None };
    let class = match id.first.as_slice() {
        [class, _, _] if id.len == 3 => class,
        [word, class, _, _] if id.len == 4 && word.as_str() == Some("module") => class,
        _ => return None,
    };
    class.as_global().map(|class| Value::Global(Rc::clone(class)))
}

/// "posix.system('id')".
fn shown(path: &str, args: Option<&Rc<Items>>) -> String {
    let mut text = path.to_owned();
    match args {
        Some(args) if args.len == 1 => {
            text.push('(');
            if let Some(only) = args.first.first() {
                only.show(&mut text);
            }
            text.push(')');
        }
        Some(args) => Value::Tuple(Rc::clone(args)).show(&mut text),
        None => text.push_str("(…)"),
    }
    text
}

fn trail(global: &Global, at: u64, called: &str) -> Vec<Step> {
    let verb = if called.starts_with(&*global.path) { "calls " } else { "" };
    let mut what = String::new();
    _ = write!(what, "{verb}{called}");
    vec![Step { at: global.at, what: format!("imports {}", global.path) }, Step { at, what }]
}

/// Dotted identifiers, as an importable name has.
fn looks_like_a_name(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// Last words of the names of enumerations whose values are words.
const ENUMERATIONS: &[&str] = &[
    "Enum",
    "Type",
    "Kind",
    "Mode",
    "Strategy",
    "Format",
    "Level",
    "Status",
    "Stage",
    "Role",
    "Category",
    "Scheme",
    "Precision",
    "Split",
    "Names",
];

/// An enumeration called with the word that is a member's value, or an exception with what it says: neither does anything
/// with it. An enumeration of another name could be anything that takes a command.
fn names_its_kind(call: &Call, global: &Global) -> bool {
    let Some(args) = call.args else { return false };
    let ends = |words: &[&str]| words.iter().any(|word| global.path.ends_with(word));
    let member = || matches!(args.first.as_slice(), [Value::Str(value)] if args.len == 1 && shapes::plain_word(value));
    let said = || !args.traits.has(Traits::OTHER_NAME.and(Traits::KNOWN_NAME).and(Traits::UNKNOWN).and(Traits::OBJECT));
    (ends(ENUMERATIONS) && member()) || (ends(&["Error", "Exception", "Warning"]) && said())
}

fn looks_like_a_class(path: &str) -> bool {
    path.rsplit('.').next().and_then(|name| name.trim_start_matches('_').chars().next()).is_some_and(char::is_uppercase)
}
