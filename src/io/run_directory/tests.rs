//! Directories that are made, refused, reopened and set aside.

use super::*;
use crate::error::ErrorKind;

fn enter(path: &Path) -> Result<RunDirectory> {
    let serial = Communicator::serial();
    RunDirectory::enter(&serial, path, &mut Log::new(&serial, true))
}

fn create(path: &Path) -> Result<RunDirectory> {
    let run = enter(path)?;
    run.begin(&Communicator::serial(), "precision = \"double\"\n")?;
    Ok(run)
}

#[test]
fn a_new_directory_is_made_with_its_parents() {
    let parent = tempfile::tempdir().unwrap();
    let run = create(&parent.path().join("runs/one")).unwrap();
    let config = fs::read_to_string(run.path().join("config.toml")).unwrap();
    assert_eq!(config, "precision = \"double\"\n");
    assert!(run.files().snapshots().path(10).ends_with("runs/one/snapshots/snapshot_00000010.h5"));
    assert!(run.files().snapshots().path(0).parent().unwrap().is_dir());
}

#[test]
fn a_directory_that_holds_a_run_is_refused() {
    for name in ["config.toml", "history.csv", "snapshots"] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(name), "precious").unwrap();
        let error = create(directory.path()).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Input);
        for part in [directory.path().to_str().unwrap(), name, "output.directory", "--output"] {
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(fs::read_to_string(directory.path().join(name)).unwrap(), "precious");
    }
}

#[test]
fn other_files_do_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("slurm-1.out"), "").unwrap();
    drop(create(directory.path()).unwrap());
    let other = enter(directory.path()).unwrap();
    assert!(other.begin(&Communicator::serial(), "").is_err(), "a second run in one place");
    assert!(directory.path().join("slurm-1.out").exists());
}

#[test]
fn nothing_is_left_of_a_directory_that_was_not_used() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("run");
    drop(enter(&path).unwrap());
    assert!(!path.exists());
    fs::create_dir(&path).unwrap();
    drop(enter(&path).unwrap());
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0, "but it was there before");
}

#[test]
fn a_run_killed_before_its_first_step_is_started_again() {
    let directory = tempfile::tempdir().unwrap();
    let run = create(directory.path()).unwrap();
    fs::write(run.files().history(), "step,time\n0,0.0\n").unwrap();
    fs::write(run.files().snapshots().path(0), "").unwrap();
    fs::write(run.files().checkpoint(0).with_extension("h5.tmp"), "").unwrap();
    drop(run);
    let run = create(directory.path()).unwrap();
    assert!(!run.files().history().exists() && !run.files().snapshots().path(0).exists());
    // Also when it was killed while it made the directory.
    fs::remove_dir(run.files().snapshots().path(0).parent().unwrap()).unwrap();
    drop(run);
    let run = create(directory.path()).unwrap();
    fs::remove_dir(run.files().snapshots().path(0).parent().unwrap()).unwrap();
    fs::remove_dir(run.files().checkpoint(0).parent().unwrap()).unwrap();
    let config = directory.path().join("config.toml");
    fs::rename(&config, directory.path().join("config.toml.tmp")).unwrap();
    drop(run);
    let run = create(directory.path()).unwrap();
    // One step further it is worth keeping.
    fs::write(run.files().history(), "step,time\n0,0.0\n1,0.1\n").unwrap();
    drop(run);
    assert!(create(directory.path()).err().unwrap().message.contains("--fresh"));
}

#[test]
fn reopening_removes_what_came_later() {
    let directory = tempfile::tempdir().unwrap();
    let serial = Communicator::serial();
    let run = create(directory.path()).unwrap();
    for step in [0, 10, 20] {
        fs::write(run.files().snapshots().path(step), "").unwrap();
        fs::write(run.files().checkpoint(step), step.to_string()).unwrap();
    }
    fs::write(run.files().snapshots().path(30).with_extension("h5.tmp"), "").unwrap();
    run.reopen(&serial, 10, "new").unwrap();
    assert_eq!(run.checkpoints(&serial).unwrap(), [0, 10]);
    assert_eq!(run.files().snapshots().steps().unwrap(), [0, 10]);
    assert!(!run.files().snapshots().path(30).with_extension("h5.tmp").exists());
    let unused = run.files().checkpoint(20).with_extension("h5.unused");
    assert_eq!(fs::read_to_string(unused).unwrap(), "20");
    assert_eq!(fs::read_to_string(run.path().join("config.toml")).unwrap(), "new");
    run.keep_checkpoints(&serial, 1).unwrap();
    assert_eq!(run.checkpoints(&serial).unwrap(), [10]);
}

#[test]
fn runs_are_set_aside_under_names_that_are_free() {
    let parent = tempfile::tempdir().unwrap();
    let (serial, path) = (Communicator::serial(), parent.path().join("run"));
    let mut log = Log::new(&serial, true);
    let mut run = create(&path).unwrap();
    for number in [1, 2] {
        drop(run);
        run = enter(&path).unwrap();
        let name = run.set_aside(&serial, &mut log).unwrap().unwrap();
        assert!(name.ends_with(format!("run.old-{number}")) && name.join("config.toml").exists());
        assert!(!name.join("lock").exists() && path.join("lock").exists());
        run.begin(&serial, "").unwrap();
    }
    let new = enter(&parent.path().join("new")).unwrap();
    assert_eq!(new.set_aside(&serial, &mut log).unwrap(), None);
}

/// A link stays a link, and what it leads to is what is renamed and made.
#[test]
fn links_are_followed() {
    let parent = tempfile::tempdir().unwrap();
    let (serial, link) = (Communicator::serial(), parent.path().join("run"));
    std::os::unix::fs::symlink("scratch/run", &link).unwrap();
    let mut log = Log::new(&serial, true);
    // It leads nowhere yet.
    drop(create(&link).unwrap());
    assert!(parent.path().join("scratch/run").join("config.toml").exists());
    let run = enter(&link).unwrap();
    let name = run.set_aside(&serial, &mut log).unwrap().unwrap();
    assert!(name.ends_with("scratch/run.old-1") && name.join("config.toml").exists());
    run.begin(&serial, "").unwrap();
    assert!(link.is_symlink() && parent.path().join("scratch/run").join("config.toml").exists());
    // One that was not used goes again.
    let unused = parent.path().join("unused");
    std::os::unix::fs::symlink("scratch/unused", &unused).unwrap();
    drop(enter(&unused).unwrap());
    assert!(unused.is_symlink() && !unused.exists());
    std::os::unix::fs::symlink("circle", parent.path().join("circle")).unwrap();
    assert!(enter(&parent.path().join("circle")).is_err());
}

#[test]
fn a_file_in_the_way_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, "").unwrap();
    let error = create(&path).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Io);
    assert!(error.message.contains(path.to_str().unwrap()), "{error}");
}
