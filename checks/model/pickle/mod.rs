//! From a pickle's bytes to facts: decides whether the bytes are one, runs every stream, and gathers what was judged.

mod facts;
mod gather;
mod judge;

pub use facts::{List, Nested, PickleFacts, Seen, WeightsOnly};

use crate::formats::Kind;
use crate::formats::pickle::input::Input;
use crate::formats::pickle::machine::{self, End, Ended};
use crate::{Content, Cx, Role};

use judge::Judge;

/// Opcodes after which bytes that begin with PROTO are a pickle even if they name nothing and break.
/// Random bytes behind a chance `80 0x` get here with a probability far below 10⁻⁶.
const ENOUGH_OPCODES: u64 = 16;
/// A file that `torch.save` wrote before 1.6: the magic number as the first of five pickles
/// (`torch/serialization.py`, `MAGIC_NUMBER = 0x1950a86a20f9469cfc6c`).
const TORCH_MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const TORCH_PICKLES: u64 = 5;
/// Streams that could be anything (`N.`, `I1` and a stop) behind which a pickle is still looked for.
const DOUBTFUL: usize = 1000;

/// Reads a pickle, if the bytes are one by the rules of its role; `None` says that no loader would take them for one.
///
/// Where a loader would unpickle the bytes, anything is a pickle, and a break in it is a finding. Elsewhere they are
/// one if they begin with a valid PROTO and hold up, or if they reach an import that is then used.
pub fn read_pickle(content: Content<'_>, role: Role, cx: &Cx) -> Option<PickleFacts> {
    let mut input = Input::new(content);
    let window = input.window();
    let legacy = is_torch_legacy(&mut input);
    let mut facts = PickleFacts::new(if legacy { Kind::PytorchLegacy } else { Kind::Pickle });
    let mut evident = legacy || matches!(role, Role::Pickle | Role::Joblib);
    // Streams that by themselves could be anything, until one behind them is a pickle beyond doubt.
    let mut doubtful = Vec::new();
    // Where what is no pickle begins.
    let mut behind = None;
    loop {
        let start = input.position();
        let first = facts.streams == 0 && doubtful.is_empty();
        if !first && (input.at_end() || (legacy && facts.streams == TORCH_PICKLES)) {
            break;
        }
        let role = match (legacy, first, role) {
            (true, ..) => Role::Pickle,
            (false, true, role) => role,
            // A file's name speaks for all that it holds; how its first pickle is found does not.
            (false, false, Role::Named) if !evident => Role::Named,
            (false, false, _) => Role::Unknown,
        };
        let mut judge = Judge::new(cx.settings);
        let ended = machine::run(&mut input, &mut judge, &cx.budget);
        let stopped = matches!(ended.end, End::Stop);
        if !is_pickle(role, first, &ended, &judge, &mut input) {
            behind = behind.or(Some(start));
            if !stopped || doubtful.len() >= DOUBTFUL {
                break;
            }
            doubtful.push((start, judge, ended));
            continue;
        }
        evident = true;
        behind = None;
        for (start, judge, ended) in doubtful.drain(..) {
            facts.add_stream(judge, ended, start, window, cx);
        }
        facts.add_stream(judge, ended, start, window, cx);
        if !stopped {
            break;
        }
    }
    if !evident {
        return None;
    }
    if let Some(at) = behind {
        facts.note_trailing(at);
    }
    facts.finish(window, cx);
    Some(facts)
}

fn is_torch_legacy(input: &mut Input<'_>) -> bool {
    let head = input.head(64);
    let rest = if let [0x80, 2..=5, rest @ ..] = head { rest } else { head };
    let rest = if let [0x95, _, _, _, _, _, _, _, _, rest @ ..] = rest { rest } else { rest };
    rest.starts_with(TORCH_MAGIC)
}

/// When a byte string is a pickle.
fn is_pickle(role: Role, first: bool, ended: &Ended, judge: &Judge, input: &mut Input<'_>) -> bool {
    // What could not be read to a decision must not vanish as "no pickle".
    if matches!(role, Role::Pickle | Role::Joblib) || matches!(ended.end, End::Read(_)) {
        return true;
    }
    // Raw data of one repeated byte that is an opcode, as a constant tensor is, reaches a limit too: where nobody called
    // the bytes a pickle, the bounded look decides by what it saw.
    if matches!(ended.end, End::OverLimit(_)) && (role == Role::Named || ended.begins_with_proto || judge.used) {
        return true;
    }
    let stopped = matches!(ended.end, End::Stop);
    let named = role == Role::Named;
    let cut = named && matches!(ended.end, End::Truncated { .. });
    if ended.begins_with_proto && (stopped || judge.imports > 0 || (first && (cut || ended.opcodes >= ENOUGH_OPCODES))) {
        return true;
    }
    // Without PROTO, text like "(it\nworks\n." is a pickle too: names alone decide only if nothing follows, or if
    // they are dangerous, or if they are called with arguments, or if the file is called a pickle.
    if judge.used && judge.denies() {
        return true;
    }
    if judge.used
        && judge.plausible
        && (named || (judge.calls_with_arguments && !judge.persistent_first) || (stopped && input.at_end()))
    {
        return true;
    }
    // What is imported runs its module, used or not.
    if (judge.imports_denied || named) && judge.denies() {
        return true;
    }
    // A file called `.pkl` that is a whole pickle without PROTO: protocol 0 or 1, and nothing behind it.
    named && stopped && input.at_end()
}
