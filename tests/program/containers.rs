//! Ranks that cannot share all that ranks of one machine usually do: a small /dev/shm, or namespaces of
//! their own, as in containers. Needs root, and says so where it is skipped.

use std::path::Path;
use std::process::Command;

use super::restart::FORCED;
use super::running::{Case, MPIRUN, Output, SOLVER, run_mpi};

/// Whether this user may make namespaces.
fn may_unshare() -> bool {
    let made = Command::new("unshare").args(["--mount", "--pid", "--fork", "true"]).output();
    let may = made.is_ok_and(|output| output.status.success());
    if !may {
        println!("SKIPPED: this needs the right to make namespaces");
    }
    may
}

/// Runs two ranks with `script` before each of them.
fn run_each(case: &Case, name: &str, script: &[&str]) -> Output {
    let line = case.line(name, &[]);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    // Open MPI itself is to share nothing.
    let variables = [("OMPI_MCA_btl", "tcp,self"), ("OMPI_MCA_pml", "ob1")];
    run_mpi(2, Path::new(script[0]), &[&script[1..], &[SOLVER], &line].concat(), &variables)
}

#[test]
fn ranks_in_namespaces_of_their_own() {
    if !may_unshare() {
        return;
    }
    let case = Case::new(FORCED);
    case.solve(1, "whole", &["--quiet"]);
    let pids = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"];
    let own_shm = "mount -t tmpfs -o size=8m tmpfs /dev/shm && exec \"$@\"";
    let shm = ["unshare", "--mount", "--ipc", "sh", "-c", own_shm, "sh"];
    let warning = "cannot share memory";
    for (name, script, warnings) in [("pids", &pids[..], 1), ("shm", &shm[..], 0)] {
        let output = run_each(&case, name, script);
        assert_eq!(output.code(), 0, "{output:?}");
        assert_eq!(output.stderr.matches(warning).count(), warnings, "{}", output.stderr);
        case.assert_same("whole", name);
    }
}

/// The arrays of the ranks take more than all of /dev/shm.
#[test]
fn a_small_dev_shm() {
    if !may_unshare() {
        return;
    }
    let case = Case::new(FORCED);
    let larger = ["--set", "grid.points=[64,64,64]", "--set", "time.end=0.1", "--quiet"];
    let line = case.line("small", &larger).join("\" \"");
    let mpirun = MPIRUN.join(" ");
    let script = format!(
        "mount -t tmpfs -o size=1m tmpfs /dev/shm && exec {mpirun} -n 2 \"{SOLVER}\" \"{line}\""
    );
    let variables = [("OMPI_MCA_btl", "tcp,self"), ("OMPI_MCA_pml", "ob1")];
    let arguments = ["--mount", "sh", "-c", &script];
    let output = run_mpi(1, Path::new("unshare"), &arguments, &variables);
    assert_eq!(output.code(), 0, "{output:?}");
    case.solve(1, "whole", &larger);
    case.assert_same("whole", "small");
}
