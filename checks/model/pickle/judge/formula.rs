//! The formula in the state of statsmodels' data: `__setstate__` has patsy or formulaic evaluate it as Python.
//!
//! Source: `statsmodels/base/data.py`, `ModelData.__setstate__`; patsy, "The formula language" and "Builtins".

use crate::formats::pickle::value::Value;

const KEY: &str = "formula";

/// Functions that formulas call: patsy's and formulaic's own, and numpy's plain mathematics.
const FUNCTIONS: &[&str] = &[
    "C",
    "I",
    "Q",
    "abs",
    "arcsin",
    "arcsinh",
    "arctan",
    "asinh",
    "atan",
    "bs",
    "cbrt",
    "cc",
    "center",
    "cos",
    "cosh",
    "cr",
    "cs",
    "cube",
    "cut",
    "exp",
    "expm1",
    "float",
    "hashed",
    "int",
    "lag",
    "log",
    "log10",
    "log1p",
    "log2",
    "maximum",
    "minimum",
    "poly",
    "power",
    "round",
    "scale",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "standardize",
    "tan",
    "tanh",
    "te",
    "where",
    "Diff",
    "Helmert",
    "Poly",
    "SAS",
    "Sum",
    "Treatment",
];
/// What a dotted name may begin with.
const MODULES: &[&str] = &["np", "numpy", "contr", "patsy"];

/// What is wrong with a state: text to show.
pub(super) fn dishonest(state: &Value) -> Option<String> {
    match state {
        Value::None => None,
        // `orig_endog.join(…)` is called first.
        Value::Dict(entries) if matches!(entries.get("orig_endog"), Some(Value::Object(object)) if object.carries.get()) => {
            Some("one for data of the pickle's own".to_owned())
        }
        Value::Dict(entries) => match entries.get(KEY) {
            Some(Value::None) => None,
            Some(Value::Str(text)) => (!is_plain(&text)).then(|| format!("{text:.200?}")),
            None if entries.lacks(KEY) => None,
            _ => Some("one that cannot be known here".to_owned()),
        },
        _ => Some("one that cannot be known here".to_owned()),
    }
}

/// Names of columns, operators, and calls of known functions: nothing that reaches an object's attributes or imports.
fn is_plain(text: &str) -> bool {
    let mut rest = text;
    // What stands before, blanks left out: a name, or a closing bracket whose result could be called.
    let mut name: Option<&str> = None;
    let mut closed = false;
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
        if word > 0 {
            let (found, behind) = rest.split_at(word);
            if !is_plain_name(found) {
                return false;
            }
            (name, closed, rest) = (Some(found), false, behind);
            continue;
        }
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ' ' | '\t' | '\n' | '\r' => {
                rest = after;
                continue;
            }
            // A column's name. Escapes are left to no one.
            '\'' | '"' | '`' => {
                let Some(end) = after.find(c) else { return false };
                let inside = after.get(..end).unwrap_or_default();
                if inside.contains('\\') || name.is_some() {
                    return false;
                }
                (closed, rest) = (true, after.get(end + 1..).unwrap_or_default());
                continue;
            }
            '(' => {
                let called = name.is_none_or(|name| name.rsplit('.').next().is_some_and(|last| FUNCTIONS.contains(&last)));
                if closed || !called {
                    return false;
                }
                closed = false;
            }
            ')' | ']' => closed = true,
            '~' | '+' | '-' | '*' | '/' | ':' | '^' | ',' | '|' | '[' | '=' | '<' | '>' | '!' | '%' | '&' => closed = false,
            _ => return false,
        }
        name = None;
        rest = after;
    }
    true
}

/// A number, a column, or a function of a module that formulas use.
fn is_plain_name(name: &str) -> bool {
    if name.contains("__") || name == "lambda" {
        return false;
    }
    if name.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    }
    match name.split_once('.') {
        None => true,
        Some((module, function)) => MODULES.contains(&module) && FUNCTIONS.contains(&function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formulas of statsmodels' and patsy's own documentation.
    #[test]
    fn takes_formulas_of_the_documentation() {
        for text in [
            "y ~ x",
            "Lottery ~ Literacy + Wealth + Region",
            "Lottery ~ Literacy + np.log(Pop1831)",
            "Lottery ~ C(Region) - 1",
            "y ~ (a + b) ** 2 + a:b",
            "np.log(y + 1) ~ I(x**2) + Q(\"weird name!\") + bs(x, df=3, degree=3)",
            "C(g, Treatment(reference=\"b\")) ~ 0.5 * x1 + 1e3",
            "y ~ C(z, Sum)",
        ] {
            assert!(is_plain(text), "{text}");
        }
    }

    #[test]
    fn takes_nothing_that_runs_code() {
        for text in [
            "y ~ __import__('os').getpid()",
            "y ~ eval('1')",
            "y ~ open('x')",
            "y ~ x.__class__",
            "y ~ np.load('x')",
            "y ~ np.lib.npyio.load('x')",
            "y ~ (lambda: 1)()",
            "y ~ C(x)(y)",
            "y ~ x[0](1)",
            "y ~ f'{1}'",
            "y ~ Q('a')('b')",
            "y ~ [a for a in b]()",
            "y ~ 'a\\'",
            "y ~ {1}",
            "y ~ getattr(x, 'y')",
            "y ~ x . log(y) ; exit()",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
