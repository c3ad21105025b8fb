//! Words to the user on standard error. A terminal that is closed, or a file that is full, is no reason to
//! end a run, so nothing here can fail; `eprintln!` and `println!` panic there, and are not used.

use std::fmt::Display;
use std::io::{Write, stderr};

/// Prints a line after the name of the program.
pub fn complain(text: impl Display) {
    // In one write, so that lines of several ranks do not mix.
    let _ = stderr().write_all(format!("dns-solver: {text}\n").as_bytes());
}
