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
use std::process;
use std::ptr::NonNull;
use std::time::{SystemTime, UNIX_EPOCH};

use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

/// Memory mapped into this process, until it is dropped.
pub struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
}

impl SharedMemory {
    /// `len` bytes of a file that is [open](open), of which this rank is the first to have `mine` at home.
    /// All of that is there afterwards: nobody can run out of memory by using it.
    ///
    /// # Errors
    /// There is not as much memory.
    pub fn new(file: &File, len: usize, mine: Range<usize>) -> io::Result<Self> {
        take(file, mine)?;
        map(file, len.max(1))
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

/// Returns whether all ranks find one and the same memory. Collective.
pub fn is_common(mpi: &SimpleCommunicator) -> bool {
    // The ranks of other processes cannot have written the same.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut token = [process::id().into(), now.as_nanos() as u64];
    mpi.process_at_rank(0).broadcast_into(&mut token);
    let token = token.map(u64::to_ne_bytes);
    let token = token.as_flattened();
    let file = open(mpi, token.len());
    if let (0, Ok(file)) = (mpi.rank(), &file) {
        // If it fails, nobody finds the token.
        let _ = file.write_all_at(token, 0);
    }
    mpi.barrier();
    let mut found = vec![0; token.len()];
    let is_same = file.and_then(|file| file.read_exact_at(&mut found, 0)).is_ok() && found == token;
    let mut all = 0;
    mpi.all_reduce_into(&i32::from(is_same), &mut all, SystemOperation::min());
    all == 1
}

/// A file without a name of `len` bytes of zeros, open on all ranks, or on some. Collective.
///
/// # Errors
/// This rank cannot make it, or does not find it.
pub fn open(mpi: &SimpleCommunicator, len: usize) -> io::Result<File> {
    let made = (mpi.rank() == 0).then(|| make(len.max(1) as u64));
    let descriptor = match &made {
        Some(Ok(file)) => file.as_raw_fd(),
        _ => -1,
    };
    let mut place = [process::id() as i32, descriptor];
    mpi.process_at_rank(0).broadcast_into(&mut place);
    let [process, descriptor] = place;
    let path = format!("/proc/{process}/fd/{descriptor}");
    let find = || OpenOptions::new().read(true).write(true).open(path);
    let opened = made.unwrap_or_else(find);
    // Rank 0 keeps it until everybody has looked for it.
    mpi.barrier();
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
