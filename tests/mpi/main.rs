//! Parts that communicate, on several ranks, some of them without work.

mod allocations;
mod harness;
mod snapshots;
mod transform;
mod windows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let tests = [
        &allocations::TESTS[..],
        &snapshots::TESTS[..],
        &transform::TESTS[..],
        &windows::TESTS[..],
    ]
    .concat();
    harness::main(&tests, &[1, 2, 3, 5, 6, 8])
}
