//! What holds for all NumPy arrays: no header makes the reader panic, and none hides an array of objects.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "fuzz/mod.rs"]
mod fuzz;

use proptest::prelude::*;
use sluicegate_checks::{Content, Form, Role, Window};

const PAYLOAD: &[u8] = b"\x80\x02cposix\ngetpid\n)R.";

fn file(header: &str, body: &[u8]) -> Vec<u8> {
    [&b"\x93NUMPY\x02\0"[..], &u32::try_from(header.len()).unwrap().to_le_bytes(), header.as_bytes(), body].concat()
}

/// Whether something in the file was read as a pickle.
fn holds_a_pickle(bytes: &[u8]) -> bool {
    let owned = bytes.to_vec();
    let subjects = fuzz::examined(Content::Window(Window::file(&owned)), "x.npy", Role::Unknown, &fuzz::settings());
    subjects.iter().flat_map(|subject| &subject.forms).any(|form| matches!(form, Form::Pickle(_)))
}

/// Type strings of plain data, as `numpy.dtype.str` gives them.
fn plain() -> impl Strategy<Value = String> {
    prop_oneof!["[<>|][iuf][1248]", "[<>]c(8|16)", "[|]S[1-9]", "<U[1-9]", "[|]b1", "[|]V[1-9]", "<[mM]8\\[(ns|D|s)\\]"]
}

/// A dtype in which an object stands somewhere.
fn with_object() -> impl Strategy<Value = String> {
    let leaf = Just("'|O'".to_owned());
    leaf.prop_recursive(4, 16, 3, |inner| {
        (inner, plain(), 0..4_u8).prop_map(|(inner, plain, form)| match form {
            0 => format!("[('a', '{plain}'), ('b', {inner})]"),
            1 => format!("[('a', {inner}), ('b', '{plain}')]"),
            2 => format!("[(('title', 'a'), {inner}, (2, 3))]"),
            _ => format!("({inner}, (2,))"),
        })
    })
}

proptest! {
    #[test]
    fn any_header_ends_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::npy(&bytes);
    }

    #[test]
    fn literals_end_without_a_panic(text in "[\\[\\](){}'\":, \\\\a-cOx0-9<|]{0,200}") {
        fuzz::npy(text.as_bytes());
        fuzz::npy(format!("{{'descr': {text}, 'fortran_order': False, 'shape': (1,), }}").as_bytes());
    }

    /// Broken or not, the body of an object array is a pickle to every loader.
    #[test]
    fn objects_anywhere_in_the_dtype_make_the_body_a_pickle(dtype in with_object(), body in prop::collection::vec(any::<u8>(), 0..50)) {
        let header = format!("{{'descr': {dtype}, 'fortran_order': False, 'shape': (3,), }}\n");
        prop_assert!(holds_a_pickle(&file(&header, PAYLOAD)), "{}", header);
        prop_assert!(holds_a_pickle(&file(&header, &body)), "{}", header);
    }

    /// Numbers whose bytes begin no pickle give none, whatever their type.
    #[test]
    fn plain_data_is_no_pickle(dtype in plain(), numbers in prop::collection::vec(-1e6_f64..1e6, 0..60)) {
        let body: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({},), }}\n", numbers.len());
        prop_assert!(!holds_a_pickle(&file(&header, &body)));
    }

    /// A dtype that lies about a pickle hides nothing.
    #[test]
    fn a_pickle_under_a_plain_dtype_is_found(dtype in plain(), length in 0..100_u32) {
        let header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({length},), }}\n");
        prop_assert!(holds_a_pickle(&file(&header, PAYLOAD)));
    }
}
