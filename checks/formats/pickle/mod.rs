//! A pickle is a program: this reader runs it symbolically and tells which doors it would go through.
//!
//! Source of the semantics: CPython `Modules/_pickle.c` and `Lib/pickle.py` (3.8 to 3.14), PEP 307, 3154 and 574.

pub(crate) mod input;
pub(crate) mod machine;
pub mod observer;
mod opcode;
mod text;
pub mod value;

pub(crate) use opcode::Op;
