//! The state of SciPy's distributions: `__setstate__` runs the text under one of its keys as Python source.
//!
//! Source: `scipy/stats/_distn_infrastructure.py`, `parse_arg_template` and `_construct_argparser` (SciPy 1.6 to 1.17).

use crate::formats::pickle::value::Value;

const KEY: &str = "_parse_arg_template";

/// Whether the source text in the state is the one that SciPy makes from the names of the parameters.
pub(super) fn is_honest(state: &Value) -> bool {
    let Value::Dict(state) = state else { return matches!(state, Value::None) };
    match state.get(KEY) {
        Some(Value::Str(text)) => is_template(&text),
        _ => false,
    }
}

/// The text, made again from its own parameters, is the same.
fn is_template(text: &str) -> bool {
    let Some((signature, _)) = text.strip_prefix("\ndef _parse_args(self, ").and_then(|rest| rest.split_once("):\n")) else {
        return false;
    };
    [(" loc=0, scale=1", "loc, scale"), (" loc=0", "loc, 1")].iter().any(|&(given, returned)| {
        signature.strip_suffix(given).is_some_and(|shapes| {
            let names = shapes.trim_end().trim_end_matches(',').split(", ").filter(|name| !name.is_empty());
            names.clone().all(is_identifier) && text == template(shapes, given.trim_start(), returned)
        })
    })
}

fn template(shapes: &str, given: &str, returned: &str) -> String {
    format!(
        "\ndef _parse_args(self, {shapes} {given}):\n    return ({shapes}), {returned}\n\n\
         def _parse_args_rvs(self, {shapes} {given}, size=None):\n    return self._argcheck_rvs({shapes} {returned}, size=size)\n\n\
         def _parse_args_stats(self, {shapes} {given}, moments='mv'):\n    return ({shapes}), {returned}, moments\n"
    )
}

fn is_identifier(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.beta._parse_arg_template`, `norm` and `binom` of SciPy 1.17.
    #[test]
    fn takes_what_scipy_writes_and_nothing_else() {
        let beta = "\ndef _parse_args(self, a, b,  loc=0, scale=1):\n    return (a, b, ), loc, scale\n\n\
                    def _parse_args_rvs(self, a, b,  loc=0, scale=1, size=None):\n    return self._argcheck_rvs(a, b,  loc, scale, size=size)\n\n\
                    def _parse_args_stats(self, a, b,  loc=0, scale=1, moments='mv'):\n    return (a, b, ), loc, scale, moments\n";
        let norm = "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\n\
                    def _parse_args_rvs(self,  loc=0, scale=1, size=None):\n    return self._argcheck_rvs( loc, scale, size=size)\n\n\
                    def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n";
        let binom = "\ndef _parse_args(self, n, p,  loc=0):\n    return (n, p, ), loc, 1\n\n\
                     def _parse_args_rvs(self, n, p,  loc=0, size=None):\n    return self._argcheck_rvs(n, p,  loc, 1, size=size)\n\n\
                     def _parse_args_stats(self, n, p,  loc=0, moments='mv'):\n    return (n, p, ), loc, 1, moments\n";
        for text in [beta, norm, binom] {
            assert!(is_template(text), "{text}");
            assert!(!is_template(&text.replace("moments\n", "moments\nimport os\n")));
            assert!(!is_template(&text.replace("loc=0", "loc=exit()")));
        }
        assert!(!is_template(&beta.replace("a, b", "a=exit(), b")) && !is_template("import os") && !is_template(""));
    }
}
