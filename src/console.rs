//! Words to the user. A terminal that is closed, or a file that is full, is no reason to end a run, so
//! complaints cannot fail; `eprintln!` and `println!` panic there, and are not used.

use std::fmt::Display;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::path::Path;

use crate::error::{Error, Result};

/// Prints a line after the name of the program.
pub fn complain(text: impl Display) {
    // In one write, so that lines of several ranks do not mix.
    let _ = stderr().write_all(format!("dns-solver: {text}\n").as_bytes());
}

/// Prints what the user has asked for on standard output.
///
/// # Errors
/// It cannot be written, as where a file is full. A reader that has seen enough is no error.
pub fn print(text: impl Display) -> Result<()> {
    let mut output = stdout();
    let printed = output.write_all(text.to_string().as_bytes()).and_then(|()| output.flush());
    match printed {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write to", Path::new("standard output"), e))
        }
        _ => Ok(()),
    }
}
