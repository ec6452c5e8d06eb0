//! The name tables: what a pickle may import, with which arguments, and what it must never.
//!
//! Allow-lists are exact names in packs per framework; the deny-list also covers whole modules. Everything on
//! neither is unknown. The tables are data beside this file; what a shape means is code in `judge/shapes.rs`.

mod table;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::Settings;
use table::{Table, table};

/// One allowed name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// File under `packs/` without its extension.
    pub(crate) pack: &'static str,
}

/// What an allowed name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Built by any door, then given state.
    Class,
    Function,
    /// Passed and stored, not called.
    Value,
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Which arguments a callable is safe with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Shape { $($(#[$doc])* $name,)* }

        impl Shape {
            fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

shapes! {
    /// Any arguments.
    Any = "any",
    /// No arguments; also the `-` of values.
    None = "none",
    /// Constants, containers of constants and instances; allowed classes, but no other names.
    Data = "data",
    /// Only None, booleans and numbers, also in containers.
    Numbers = "numbers",
    /// Nothing, or one list, tuple or dict.
    Pairs = "pairs",
    /// Nothing, or one list, tuple, set, dict or string.
    Iterable = "iterable",
    /// A storage or an instance first, then data without text.
    Tensor = "tensor",
    /// `_codecs.encode(text, 'latin1')`.
    Encoding = "encoding",
    /// An allowed class first, then data.
    ClassFirst = "class-first",
    /// `copyreg._reconstructor(class, base, state)`.
    Reconstructor = "reconstructor",
    /// `numpy.dtype('f8', False, True)`.
    Dtype = "dtype",
    /// `getattr(object, 'name')`: the attribute is judged like an import.
    Attribute = "attribute",
    /// `_ufunc_reconstruct('module', 'name')`: the name is judged like an import.
    Import = "import",
    /// Bytes that are a pickle or a PyTorch file themselves, and are examined in their turn.
    Loader = "loader",
    /// A callable first, which will be called: judged as if it were.
    Factory = "factory",
    /// One number or one short word.
    Enum = "enum",
    /// A device's name and number.
    Device = "device",
    /// `type(object)`: one argument; with three it would make a class.
    TypeOf = "typeof",
    /// `_load_type('CodeType')`: one word that names a built-in type.
    TypeName = "type-name",
    /// `object[key]`, where the object is a plain one.
    Subscript = "subscript",
    /// `f(function, class, arguments, state)`: calls the function, which is judged.
    Apply = "apply",
    /// `MethodType(Class.method, object)`: what `getattr(object, 'method')` gives, the name judged like an import.
    Method = "method",
    /// `_create_array(_reconstruct, arguments, state, attributes)`: dill's way to rebuild a numpy array.
    Array = "array",
    /// Only built without `__init__`, by NEWOBJ.
    New = "new",
    /// Parts of a path, never opened by the call.
    Path = "path",
    /// SciPy's distributions: built by NEWOBJ; their state carries source text, which must be what SciPy writes.
    Distribution = "distribution",
    /// statsmodels' data: built by NEWOBJ; the formula in their state is evaluated as Python, so it must be a plain one.
    Formula = "formula",
    /// numpy's random generators: their words, objects and classes, of numpy itself.
    Generator = "generator",
}

/// One denied name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) category: Category,
    pub(crate) source: &'static str,
}

macro_rules! categories {
    ($($name:ident = $word:literal, $text:literal;)*) => {
        /// What harm a denied name does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Category { $($name,)* }

        impl Category {
            fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Completes "calls X, which …".
            pub(crate) fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

categories! {
    Code = "code", "runs code";
    Process = "process", "starts or controls a process";
    File = "file", "reads or writes files";
    Network = "network", "uses the network";
    Import = "import", "imports code by name";
    Indirect = "indirect", "fetches or calls a function of the pickle's choice";
    Memory = "memory", "reaches into the interpreter";
    Install = "install", "installs or builds packages";
}

/// Where a name stands.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing {
    Allowed(Allowed),
    Denied(Denied),
    Unknown,
}

static ALLOWED: Table = table!("allowed");
/// Exact names; they cover their own attributes too.
static DENIED: Table = table!("denied");
/// Modules with everything below them.
static DENIED_MODULES: Table = table!("denied_modules");
/// First parts of allowed names, without Python's own.
static LIBRARIES: Table = table!("libraries");
/// The small tables, read at the first look.
static SMALL: LazyLock<Small> = LazyLock::new(Small::read);

struct Small {
    /// Parts of a dotted name that lead from any object to the interpreter behind it.
    components: HashMap<&'static str, Denied>,
    /// Python 2 module → Python 3 module, and the same for single names.
    modules: HashMap<&'static str, &'static str>,
    names: HashMap<&'static str, &'static str>,
}

/// Fields of a table's row; comments and blank lines are none.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').filter(|field| !field.is_empty()).map(str::trim).collect())
}

impl Small {
    /// Rows that do not parse are left out here and fail a test.
    fn read() -> Self {
        let components = rows(include_str!("components.txt")).filter_map(|row| parse_denied(&row)).collect();
        let mut small = Self { components, modules: HashMap::new(), names: HashMap::new() };
        for row in rows(include_str!("compat.txt")) {
            match *row.as_slice() {
                ["module", old, new] => _ = small.modules.insert(old, new),
                ["name", old, new] => _ = small.names.insert(old, new),
                _ => {}
            }
        }
        small
    }
}

fn denied_name(path: &str) -> Option<Denied> {
    parse_denied(&DENIED.get(path)?).map(|(_, denied)| denied)
}

fn denied_module(path: &str) -> Option<Denied> {
    parse_denied(&DENIED_MODULES.get(path)?).map(|(_, denied)| denied)
}

fn parse_allowed(pack: &'static str, row: &[&'static str]) -> Option<(&'static str, Allowed)> {
    let &[name, kind, shape, ..] = row else { return None };
    let kind = match kind {
        "class" => Kind::Class,
        "function" => Kind::Function,
        "value" => Kind::Value,
        _ => return None,
    };
    let shape = if shape == "-" { Shape::None } else { Shape::parse(shape)? };
    Some((name, Allowed { kind, shape, pack }))
}

fn parse_denied(row: &[&'static str]) -> Option<(&'static str, Denied)> {
    let &[name, category, source, ..] = row else { return None };
    Some((name, Denied { category: Category::parse(category)?, source }))
}

/// Modules that do harm under any path: reached as an attribute of another module, they are the same module.
const CORE: &[&str] = &[
    "os",
    "posix",
    "nt",
    "sys",
    "subprocess",
    "builtins",
    "__builtin__",
    "__builtins__",
    "importlib",
    "socket",
    "shutil",
    "ctypes",
    "pty",
    "runpy",
    "commands",
    "_posixsubprocess",
];

/// The name that the loader really imports: below protocol 3 it maps Python 2 names (`fix_imports`).
pub(crate) fn python3(module: &str, name: &str) -> Option<String> {
    let path = format!("{module}.{name}");
    if let Some(&new) = SMALL.names.get(path.as_str()) {
        return Some(new.to_owned());
    }
    SMALL.modules.get(module).map(|new| format!("{new}.{name}"))
}

/// The pack of the types that a TorchScript archive names.
pub(crate) const TORCHSCRIPT: &str = "torchscript";

/// The row of an allowed name, by its exact path: what an object that carries this name was made by.
pub(crate) fn row(path: &str) -> Option<Allowed> {
    let fields = ALLOWED.get(path)?;
    parse_allowed(fields.last()?, &fields).map(|(_, allowed)| allowed)
}

/// Whether a function does what its arguments name: handed to another function to be called there, it is as good as any name.
pub(crate) fn is_power(allowed: Allowed) -> bool {
    matches!(allowed.shape, Shape::Attribute | Shape::Import | Shape::Loader | Shape::Apply | Shape::TypeName)
}

/// Whether the deny-list names exactly this, not only a module above it.
pub(crate) fn denied_exactly(path: &str) -> bool {
    DENIED.contains(path)
}

/// Whether a pack knows names of the library that this path begins with.
pub(crate) fn known_library(path: &str) -> bool {
    LIBRARIES.contains(path.split('.').next().unwrap_or(path))
}

/// Parts of a dotted name that are split in every way. No library nests deeper; a longer name is unknown, which a call of
/// it does not get away with, and must not cost time that grows with its square.
const PARTS: usize = 64;

/// Names whose standing is remembered, and the longest of them.
const REMEMBERED: usize = 4096;
const REMEMBERED_LENGTH: usize = 256;

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// What the tables said of a module's names before: the same few hundred come again in every file.
#[derive(Default)]
struct Memory {
    modules: HashMap<Box<str>, HashMap<Box<str>, Standing>>,
    names: usize,
}

impl Memory {
    fn keep(&mut self, module: &str, name: &str, standing: Standing) {
        if self.names < REMEMBERED && module.len() + name.len() <= REMEMBERED_LENGTH {
            self.names += 1;
            self.modules.entry(module.into()).or_default().insert(name.into(), standing);
        }
    }
}

/// Where `module` + `name` stands. Both may hold dots, and each way to split the path is tried.
pub(crate) fn standing(module: &str, name: &str, settings: &Settings) -> Standing {
    let known = MEMORY.with_borrow(|memory| memory.modules.get(module)?.get(name).copied());
    let by_tables = known.unwrap_or_else(|| {
        let standing = standing_by_tables(module, name);
        MEMORY.with_borrow_mut(|memory| memory.keep(module, name, standing));
        standing
    });
    let Standing::Unknown = by_tables else { return by_tables };
    let is_path = |allowed: &str| match allowed.strip_prefix(module) {
        Some(rest) if !module.is_empty() => rest.strip_prefix('.') == Some(name),
        _ => module.is_empty() && allowed == name,
    };
    if settings.allow.iter().any(|allowed| is_path(&allowed.name)) {
        return Standing::Allowed(Allowed { kind: Kind::Class, shape: Shape::Any, pack: "sluice.toml" });
    }
    Standing::Unknown
}

/// What the tables alone say.
fn standing_by_tables(module: &str, name: &str) -> Standing {
    let path = if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") };
    if let Some(denied) = denied_name(&path) {
        return Standing::Denied(denied);
    }
    if let Some(allowed) = row(&path) {
        return Standing::Allowed(allowed);
    }
    if path.bytes().filter(|&byte| byte == b'.').count() >= PARTS {
        return Standing::Unknown;
    }
    if let Some(denied) = covered(&path) {
        return Standing::Denied(denied);
    }
    let attributes = name.split('.').collect::<Vec<_>>();
    if let Some(&denied) = attributes.iter().find_map(|part| SMALL.components.get(part)) {
        return Standing::Denied(denied);
    }
    // A module reached through another one: `pathlib` + `os.system`, `torch.serialization.os` + `system`.
    let parts = path.split('.').collect::<Vec<_>>();
    let first_attribute = parts.len() - attributes.len();
    for from in 1..parts.len() {
        let Some(rest) = parts.get(from..) else { continue };
        let core = rest.first().is_some_and(|first| CORE.contains(first)) && rest.len() > 1;
        if (core || (from >= first_attribute && rest.len() > 1))
            && let Some(denied) = exact_or_covered(&rest.join("."))
        {
            return Standing::Denied(denied);
        }
    }
    // Types that the TorchScript compiler names; a Python loader cannot import them.
    if path.starts_with("__torch__.") {
        return Standing::Allowed(Allowed { kind: Kind::Class, shape: Shape::New, pack: TORCHSCRIPT });
    }
    Standing::Unknown
}

/// What harm a full dotted name does, if it is one that no project can allow: completes "`x.y` …".
pub fn denied(path: &str) -> Option<&'static str> {
    let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
    match standing(module, name, &Settings::default()) {
        Standing::Denied(denied) => Some(denied.category.text()),
        Standing::Allowed(_) | Standing::Unknown => None,
    }
}

fn exact_or_covered(path: &str) -> Option<Denied> {
    denied_name(path).or_else(|| covered(path))
}

/// A denied module above the path, or a denied name whose attribute the path is.
fn covered(path: &str) -> Option<Denied> {
    path.match_indices('.')
        .map(|(dot, _)| path.get(..dot).unwrap_or_default())
        .find_map(|above| denied_module(above).or_else(|| denied_name(above)))
        .or_else(|| denied_module(path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn read(file: &str) -> &'static str {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("model/names").join(file);
        std::fs::read_to_string(path).unwrap().leak()
    }

    #[test]
    fn every_row_parses_stands_once_and_is_found() {
        let mut seen = BTreeSet::new();
        for file in std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("model/names/packs")).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            for row in rows(read(&format!("packs/{file}"))) {
                let (name, one) = parse_allowed("", &row).unwrap_or_else(|| panic!("{file}: {row:?}"));
                assert!(seen.insert(name), "{file}: {name} stands twice");
                assert!(!DENIED.contains(name), "{file}: {name} is denied too");
                let found = super::row(name).unwrap_or_else(|| panic!("{file}: {name} is not found"));
                assert_eq!(
                    (found.kind, found.shape, format!("{}.txt", found.pack)),
                    (one.kind, one.shape, file.clone()),
                    "{name}"
                );
            }
        }
        assert!(seen.len() > 10_000);
        let mut denied = BTreeSet::new();
        for row in rows(read("denied.txt")).chain(rows(read("components.txt"))) {
            let (name, one) = parse_denied(&row).unwrap_or_else(|| panic!("denied: {row:?}"));
            assert!(denied.insert(name), "denied: {name} stands twice");
            let found = match name.strip_suffix(".*") {
                Some(module) => denied_module(module),
                None => denied_name(name).or_else(|| SMALL.components.get(name).copied()),
            };
            assert_eq!(found, Some(one), "{name}");
        }
        assert!(LIBRARIES.contains("torch") && !LIBRARIES.contains("os"));
    }

    #[test]
    fn a_project_allows_names_of_its_own_and_no_denied_ones() {
        let allow = |name: &str| crate::AllowedName { name: name.into(), reason: "ours".into() };
        let settings = Settings { allow: vec![allow("acme.Net"), allow("os.system"), allow("Bare")], ..Settings::default() };
        for _ in 0..2 {
            for (module, name) in [("acme", "Net"), ("", "acme.Net"), ("", "Bare")] {
                assert!(matches!(standing(module, name, &settings), Standing::Allowed(_)), "{module} {name}");
                assert!(matches!(standing(module, name, &Settings::default()), Standing::Unknown), "{module} {name}");
            }
            assert!(matches!(standing("os", "system", &settings), Standing::Denied(_)));
            for (module, name) in [("acme", "Network"), ("acme.Net", "x"), ("acmeNet", ""), ("", "Net")] {
                assert!(matches!(standing(module, name, &settings), Standing::Unknown), "{module} {name}");
            }
        }
    }

    #[test]
    fn a_name_of_very_many_parts_costs_little() {
        let long = vec!["a"; 30_000].join(".");
        for _ in 0..100 {
            assert!(matches!(standing(&long, "b.os.system", &Settings::default()), Standing::Unknown));
        }
    }

    /// Ways to write one function that CPython resolves to the same object.
    #[test]
    fn every_split_of_a_denied_path_is_denied() {
        let settings = Settings::default();
        for (module, name) in [
            ("os", "system"),
            ("pathlib", "os.system"),
            ("torch.serialization", "os.system"),
            ("torch.serialization.os", "system"),
            ("builtins", "eval"),
            ("builtins", "eval.__call__"),
            ("collections", "OrderedDict.__init__.__globals__"),
            ("six.moves.builtins", "exec"),
            ("subprocess", "Popen"),
        ] {
            assert!(matches!(standing(module, name, &settings), Standing::Denied(_)), "{module} {name}");
        }
        for (module, name) in [("mycompany.code", "Model"), ("acme.os", "Kernel2"), ("acme", "Net")] {
            assert!(!matches!(standing(module, name, &settings), Standing::Allowed(_)), "{module} {name}");
        }
        assert!(matches!(standing("mycompany.code", "Model", &settings), Standing::Unknown));
    }

    /// Exactly what an allow entry could not change, because the deny-list comes first.
    #[test]
    fn a_denied_path_says_its_harm() {
        assert_eq!(denied("os.system"), Some("starts or controls a process"));
        assert_eq!(denied("builtins.eval"), Some("runs code"));
        for name in ["mycompany.code.Model", "collections.OrderedDict", "eval", ""] {
            assert_eq!(denied(name), None, "{name}");
        }
    }

    #[test]
    fn python_2_names_are_mapped() {
        assert_eq!(python3("__builtin__", "xrange").as_deref(), Some("builtins.range"));
        assert_eq!(python3("copy_reg", "_reconstructor").as_deref(), Some("copyreg._reconstructor"));
        assert_eq!(python3("collections", "OrderedDict"), None);
    }
}
