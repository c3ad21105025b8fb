//! One error type for the whole program: a message for the user and the exit code it leads to.
//!
//! A message names the key or path, the value found, what is allowed, and what to do. Errors that
//! only some ranks can see are made common by [`Communicator::agree`](crate::parallel::Communicator::agree).

use std::fmt;
use std::path::Path;

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Kinds of errors, in classes that a script can tell apart by exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A file, directory, or library call failed: exit code 1.
    Io,
    /// The command line, the configuration, or an input file is not acceptable: exit code 2.
    Input,
    /// The solution is no longer finite or the time step collapsed: exit code 3.
    BlowUp,
}

impl ErrorKind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Io => 1,
            ErrorKind::Input => 2,
            ErrorKind::BlowUp => 3,
        }
    }

    /// The kind with this exit code; anything unknown counts as [`ErrorKind::Io`].
    pub fn from_exit_code(code: u8) -> Self {
        match code {
            2 => ErrorKind::Input,
            3 => ErrorKind::BlowUp,
            _ => ErrorKind::Io,
        }
    }
}

/// An error with its message, ready to be shown to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The class of the error.
    pub kind: ErrorKind,
    /// The text for the user; may have several lines.
    pub message: String,
}

impl Error {
    /// An unacceptable input (configuration, command line, or file content).
    pub fn input(message: impl Into<String>) -> Self {
        Error { kind: ErrorKind::Input, message: message.into() }
    }

    /// A failed operation on `path`: "cannot `action` `path`: `cause`".
    pub fn io(action: &str, path: &Path, cause: impl fmt::Display) -> Self {
        Error {
            kind: ErrorKind::Io,
            message: format!("cannot {action} {}: {cause}", path.display()),
        }
    }

    /// The solution blew up.
    pub fn blow_up(message: impl Into<String>) -> Self {
        Error { kind: ErrorKind::BlowUp, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
