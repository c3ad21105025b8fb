//! Memory that the ranks of one machine share: a file without a name, which rank 0 makes and the
//! others open through the kernel's list of its open files.
//!
//! Unlike /dev/shm it has no size of its own, and nothing is left of it when a rank is killed. Ranks in
//! containers of their own do not find it, or find another file: [`is_common`] tries that out.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::ptr::NonNull;

use super::Communicator;
use crate::error::{self, Error};

/// Memory mapped into this process, until it is dropped.
pub struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
}

impl SharedMemory {
    /// `len` bytes of zeros, of which this rank is the first to have `mine` at home. All of it is there
    /// afterwards: nobody can run out of memory by using it. Collective.
    ///
    /// # Errors
    /// There is not as much memory, or the ranks are not in one place.
    pub fn new(comm: &Communicator, len: usize, mine: Range<usize>) -> error::Result<Self> {
        let failed = |e: io::Error| Error {
            kind: error::ErrorKind::Io,
            message: format!(
                "cannot share {len} bytes of memory between the ranks of a node: {e}; set \
                 parallel.exchange = \"all_to_all\", which needs none"
            ),
        };
        let file = comm.agree(open(comm, len.max(1) as u64).map_err(failed))?;
        let mapped = take(&file, mine).and_then(|()| map(&file, len.max(1)));
        comm.agree(mapped.map_err(failed))
    }

    /// The start of the memory, which is that of a page.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and used no more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

/// Whether all ranks find one and the same memory. Collective.
pub fn is_common(comm: &Communicator) -> bool {
    // The ranks of other processes cannot have written the same.
    let token = format!("{} {:?}", std::process::id(), std::time::SystemTime::now());
    let token = comm.from_root(|| Ok(token.into_bytes())).unwrap_or_default();
    let file = open(comm, token.len() as u64);
    if let (true, Ok(file)) = (comm.is_root(), &file) {
        // If it fails, nobody finds the token.
        let _ = file.write_all_at(&token, 0);
    }
    comm.barrier();
    let mut found = vec![0; token.len()];
    let is_same = file.and_then(|file| file.read_exact_at(&mut found, 0)).is_ok() && found == token;
    let mut all = [i64::from(is_same)];
    comm.min(&mut all);
    all == [1]
}

/// A file without a name of `len` bytes, open on all ranks, or on some. Collective.
fn open(comm: &Communicator, len: u64) -> io::Result<File> {
    let mut path = Vec::new();
    let mut made = None;
    if comm.is_root() {
        let file = make(len);
        if let Ok(file) = &file {
            path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into_bytes();
        }
        made = Some(file);
    }
    comm.broadcast(&mut path);
    let opened = made.unwrap_or_else(|| {
        let path = String::from_utf8_lossy(&path).into_owned();
        OpenOptions::new().read(true).write(true).open(Path::new(&path))
    });
    // Rank 0 keeps it until everybody has looked for it.
    comm.barrier();
    opened
}

fn make(len: u64) -> io::Result<File> {
    // SAFETY: a plain system call with a constant name.
    let descriptor = unsafe { libc::memfd_create(c"dns-solver".as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, and nobody else's.
    let file = unsafe { File::from_raw_fd(descriptor) };
    file.set_len(len)?;
    Ok(file)
}

/// Takes the memory behind a part of the file, near to this rank.
fn take(file: &File, part: Range<usize>) -> io::Result<()> {
    if part.is_empty() {
        return Ok(());
    }
    // SAFETY: a plain system call on an open file.
    let taken = unsafe {
        libc::fallocate(file.as_raw_fd(), 0, part.start as libc::off_t, part.len() as libc::off_t)
    };
    if taken == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn map(file: &File, len: usize) -> io::Result<SharedMemory> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping of an open file, at a place of the system's choice.
    let start = unsafe {
        libc::mmap(std::ptr::null_mut(), len, access, libc::MAP_SHARED, file.as_raw_fd(), 0)
    };
    if start == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let start = NonNull::new(start.cast()).ok_or(ErrorKind::OutOfMemory)?;
    Ok(SharedMemory { start, len })
}
