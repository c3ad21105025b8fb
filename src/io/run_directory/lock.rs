//! The lock of a run directory: two runs never write to the same one.
//!
//! It is a file that names its owner and is rewritten every few seconds, its *beat*. Who finds one
//! waits for the next beat, which says that the owner lives. Without a beat the owner is dead: on the
//! same machine if the kernel does not know the process, on another machine, or if the kernel does not
//! show it, after [`Heartbeat::patience`]. Files are only created, read, renamed and removed, and no
//! clocks are compared, so that it works on network file systems and between nodes. An owner that was
//! taken for dead, perhaps because it was suspended, finds that out at its next beat.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::owner::Owner;
use crate::error::{Error, Result};

/// The signs of life of an owner: how often it gives one, and how long others wait for one.
#[derive(Clone, Copy, Debug)]
pub struct Heartbeat {
    /// Time between two beats.
    pub beat: Duration,
    /// Time without a beat after which an owner on another machine counts as dead.
    pub patience: Duration,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Heartbeat { beat: Duration::from_secs(5), patience: Duration::from_secs(60) }
    }
}

/// Time between two looks at the lock of another.
const LOOK: Duration = Duration::from_millis(200);

/// A lock that is held until this is dropped.
pub struct Lock {
    path: PathBuf,
    /// Ends the thread that beats, when dropped.
    stop: Option<Sender<()>>,
    heart: Option<JoinHandle<()>>,
    lost: Arc<AtomicBool>,
}

impl Lock {
    /// Creates the lock file at `path`, perhaps after a wait for signs of life of another owner.
    /// `tell` is told when one is waited for, or was found dead.
    ///
    /// # Errors
    /// Another run lives, or the file cannot be written.
    pub fn acquire(path: &Path, heartbeat: Heartbeat, tell: &mut dyn FnMut(&str)) -> Result<Self> {
        let owner = Owner::this_process();
        let text = owner.with_beat(0);
        let failed = |e| Error::io("lock the run directory with", path, e);
        let mut found: Option<(Vec<u8>, Instant)> = None;
        loop {
            match create(path, &text) {
                Ok(()) => break,
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(failed(e)),
                Err(_) => {}
            }
            let now = match fs::read(path) {
                // It has gone meanwhile, or is a link that leads nowhere.
                Err(e) if e.kind() == ErrorKind::NotFound => match fs::symlink_metadata(path) {
                    Ok(_) => Vec::new(),
                    Err(_) => continue,
                },
                now => now.map_err(failed)?,
            };
            let other: Option<Owner> = toml::from_slice(&now).ok();
            let name = other.as_ref().map_or("a program that left no name".into(), Owner::name);
            let is_first_look = found.is_none();
            let (before, since) = found.get_or_insert_with(|| (now.clone(), Instant::now()));
            let ended = other.as_ref().and_then(Owner::has_ended);
            let waited = since.elapsed() > heartbeat.patience;
            if ended == Some(true) || (ended.is_none() && waited) {
                tell(&format!("the lock of {name} is taken over: that run has ended"));
                break take_over(path, &text).map_err(failed)?;
            } else if *before != now || waited {
                return Err(taken(path, &name));
            } else if is_first_look && ended.is_none() {
                let seconds = heartbeat.patience.as_secs();
                tell(&format!("waiting up to {seconds} s for a sign of life from {name}"));
            }
            thread::sleep(LOOK);
        }
        let lost = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = mpsc::channel();
        let heart = {
            let (path, lost) = (path.to_owned(), lost.clone());
            move || {
                let mut beat = 0;
                while stopped.recv_timeout(heartbeat.beat) == Err(RecvTimeoutError::Timeout) {
                    match renew(&path, &owner, beat) {
                        Ok(true) => beat += 1,
                        Ok(false) => return lost.store(true, Ordering::Relaxed),
                        // A file server that does not answer for a while, or a full disk.
                        Err(_) => {}
                    }
                }
            }
        };
        let heart = thread::Builder::new().name("lock".into()).spawn(heart).map_err(failed)?;
        Ok(Lock { path: path.to_owned(), stop: Some(stop), heart: Some(heart), lost })
    }

    /// Returns whether the file is gone, or another run has taken it over.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Ends the beats and leaves the file as it is.
    pub fn leave(mut self) {
        self.rest();
        self.lost.store(true, Ordering::Relaxed);
    }

    fn rest(&mut self) {
        self.stop.take();
        if let Some(heart) = self.heart.take() {
            // It does nothing that could panic.
            let _ = heart.join();
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.rest();
        if !self.is_lost() {
            // Should it stay, then as the lock of a process that has ended.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes the text of a lock to a file of this process alone, from where it gets its name at once:
/// a lock that were found half written would have to be waited for.
fn write_aside(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut own = path.as_os_str().to_owned();
    own.push(format!(".{}", std::process::id()));
    fs::write(&own, text).inspect_err(|_| drop(fs::remove_file(&own)))?;
    Ok(own.into())
}

/// Creates a lock where there is none.
fn create(path: &Path, text: &str) -> io::Result<()> {
    let own = write_aside(path, text)?;
    let linked = fs::hard_link(&own, path);
    fs::remove_file(own)?;
    match linked {
        // Some file systems have no links.
        Err(e) if e.kind() != ErrorKind::AlreadyExists => {
            fs::File::create_new(path)?.write_all(text.as_bytes())
        }
        linked => linked,
    }
}

/// Replaces the lock of an owner that is dead. If several do so at once, the last one has it.
fn take_over(path: &Path, text: &str) -> io::Result<()> {
    let own = write_aside(path, text)?;
    // In a directory with the sticky bit only the owner of a file may replace it.
    fs::rename(&own, path).inspect_err(|_| drop(fs::remove_file(&own)))?;
    thread::sleep(LOOK);
    match fs::read(path)? == text.as_bytes() {
        true => Ok(()),
        false => Err(io::Error::other("another run takes it over at the same time")),
    }
}

/// Writes the beat after number `beat`; false when the lock is no longer that of `owner`.
fn renew(path: &Path, owner: &Owner, beat: u64) -> io::Result<bool> {
    let now = match fs::read(path) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(false);
        }
        now => now?,
    };
    if now != owner.with_beat(beat).as_bytes() {
        return Ok(false);
    }
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.write_all(owner.with_beat(beat + 1).as_bytes())?;
    Ok(true)
}

fn taken(path: &Path, name: &str) -> Error {
    Error::input(format!(
        "another run is at work in this directory: {name}, says {}. Wait for its end or stop it, \
         or choose another directory with `--output DIR`. If you are sure that it has ended, \
         remove that file",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Heartbeat =
        Heartbeat { beat: Duration::from_millis(100), patience: Duration::from_millis(600) };

    fn acquire(path: &Path) -> (Result<Lock>, String) {
        let mut told = String::new();
        let lock = Lock::acquire(path, QUICK, &mut |text| told += text);
        (lock, told)
    }

    fn path(directory: &tempfile::TempDir) -> PathBuf {
        directory.path().join("lock")
    }

    /// A lock as another process would have left it.
    fn leave(path: &Path, change: impl FnOnce(&mut Owner)) {
        let mut owner = Owner::this_process();
        change(&mut owner);
        fs::write(path, owner.with_beat(7)).unwrap();
    }

    #[test]
    fn a_second_owner_is_refused_while_the_first_lives() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let (first, told) = acquire(&path);
        let first = first.unwrap();
        assert_eq!(told, "");
        let message = acquire(&path).0.err().unwrap().message;
        let process = format!("process {}", std::process::id());
        assert!(message.contains(&process) && message.contains("--output DIR"), "{message}");
        assert!(!first.is_lost());
        drop(first);
        assert!(!path.exists());
        acquire(&path).0.unwrap();
    }

    #[test]
    fn signs_of_life_come_from_other_machines_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let other = |owner: &mut Owner| owner.machine = "elsewhere".into();
        leave(&path, other);
        thread::scope(|scope| {
            let (ended, is_ended) = mpsc::channel::<()>();
            let path = &path;
            scope.spawn(move || {
                let mut owner = Owner::this_process();
                other(&mut owner);
                // Beats until it is noticed, for a busy machine may be slow to look.
                let timeout = Err(RecvTimeoutError::Timeout);
                for beat in (7..).take_while(|_| is_ended.recv_timeout(QUICK.beat) == timeout) {
                    renew(path, &owner, beat).unwrap();
                }
            });
            assert!(acquire(path).0.err().unwrap().message.contains("at work"));
            drop(ended);
        });
        // None comes.
        let (lock, told) = acquire(&path);
        lock.unwrap();
        assert!(told.contains("waiting up to") && told.contains("taken over"), "{told}");
    }

    #[test]
    fn the_lock_of_a_dead_process_is_taken_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        type Change = Box<dyn FnOnce(&mut Owner)>;
        let used_again: Change = Box::new(|owner| owner.started = "1".into());
        let ended: Change = Box::new(move |owner| owner.process = child.id());
        for change in [used_again, ended] {
            leave(&path, change);
            let started = Instant::now();
            let (lock, told) = acquire(&path);
            lock.unwrap();
            assert!(started.elapsed() < QUICK.patience && told.contains("taken over"), "{told}");
        }
    }

    #[test]
    fn a_lock_that_cannot_be_replaced_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        // A directory in its place: like a file of another in a directory with the sticky bit.
        fs::create_dir(&path).unwrap();
        take_over(&path, "").unwrap_err();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_no_lock_is_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = path(&directory);
        let nowhere = |path: &Path| std::os::unix::fs::symlink("/nowhere/lock", path).unwrap();
        for make in [|path: &Path| fs::write(path, "").unwrap(), nowhere] {
            make(&path);
            let (lock, told) = acquire(&path);
            lock.unwrap();
            assert!(told.contains("left no name"), "{told}");
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        }
    }

    #[test]
    fn an_owner_notices_that_it_lost_the_lock() {
        for take in [
            |path: &Path| fs::remove_file(path).unwrap(),
            |path: &Path| leave(path, |owner| owner.process += 1),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = path(&directory);
            let lock = acquire(&path).0.unwrap();
            take(&path);
            thread::sleep(5 * QUICK.beat);
            assert!(lock.is_lost());
            let there = path.exists();
            drop(lock);
            assert_eq!(path.exists(), there, "the lock of another is left alone");
        }
    }
}
