//! A pickle is a program: this reader runs it symbolically and tells which doors it would go through.
//!
//! Source of the semantics: CPython `Modules/_pickle.c` and `Lib/pickle.py` (3.8 to 3.14), PEP 307, 3154 and 574.

mod doors;
pub(crate) mod input;
pub(crate) mod machine;
mod memo;
pub mod observer;
mod opcode;
mod operands;
mod text;
pub mod value;

pub(crate) use opcode::{HIGHEST_PROTOCOL, Op};

use crate::{Budget, Content};

/// Runs one pickle and tells `observer` what it does, in every reading of its frames; the text says why, if the pickle
/// does not reach its `STOP`.
pub fn trace(content: Content<'_>, observer: &mut dyn observer::Observer, budget: &Budget) -> Result<(), String> {
    use machine::End;
    let mut input = input::Input::new(content);
    let window = input.window();
    let ended = machine::run(&mut input, observer, budget);
    if ended.parted
        && let Some(window) = window
    {
        machine::run(&mut input::Input::dropping(window), observer, budget);
    }
    match ended.end {
        End::Stop => Ok(()),
        End::Broken { at, why } => Err(format!("breaks at byte {at}: {why}")),
        End::Truncated { at } => Err(format!("ends at byte {at}")),
        End::OverLimit(limit) => Err(format!("limit on {limit}")),
        End::Read(error) => Err(error.to_string()),
    }
}
