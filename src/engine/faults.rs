//! Faults on purpose, for the tests of the supervisor; compiled into debug builds only.

use std::hint::black_box;

/// Where the tests say what goes wrong, as `FAULT:FILE NAME`.
const VARIABLE: &str = "SLUICE_TEST_FAULT";

/// Does what the variable asks for, if it asks for it in this file.
pub(super) fn inject(name: &str) {
    let Ok(wish) = std::env::var(VARIABLE) else { return };
    let Some((fault, file)) = wish.split_once(':') else { return };
    if !name.ends_with(file) {
        return;
    }
    match fault {
        "panic" => panic!("asked for by a test"),
        "loop" => loop {
            black_box(());
        },
        "stack" => _ = black_box(deeper(1)),
        "memory" => {
            let mut held = Vec::new();
            loop {
                held.push(black_box(vec![1_u8; 64 << 20]));
            }
        }
        // Long enough for a test to cut the file while it is open.
        "slow" => std::thread::sleep(std::time::Duration::from_secs(2)),
        _ => {}
    }
}

#[expect(unconditional_recursion, reason = "that is the fault")]
fn deeper(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    deeper(depth + 1) + room.iter().sum::<u64>()
}
