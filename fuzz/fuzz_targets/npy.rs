//! NumPy headers and bodies, under libFuzzer.
#![no_main]

#[path = "../../checks/tests/fuzz/mod.rs"]
mod fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::npy(bytes));
