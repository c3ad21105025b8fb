//! Tells the program which commit and which RustFFT it is built from, for `--version`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rustc-env=DNS_SOLVER_GIT={}", commit().unwrap_or("unknown".into()));
    println!("cargo:rustc-env=DNS_SOLVER_RUSTFFT={}", rustfft().unwrap_or("unknown".into()));
    // Not only HEAD: whether the sources are as committed depends on the sources.
    for path in ["build.rs", "Cargo.toml", "Cargo.lock", "src"] {
        println!("cargo:rerun-if-changed={path}");
    }
}

/// Output of a git command, `None` if it fails or there is no git.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_string())
}

/// The commit, with "-dirty" when files differ from it; `None` outside a clone, also when the
/// sources lie unpacked inside somebody else's repository.
fn commit() -> Option<String> {
    let top = git(&["rev-parse", "--show-toplevel"])?;
    let here = std::env::var("CARGO_MANIFEST_DIR").ok()?;
    let here = Path::new(&here).canonicalize().ok()?;
    if Path::new(&top).canonicalize().ok()? != here {
        return None;
    }
    // The log of HEAD grows with every commit and checkout; clones without a log have HEAD.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&["describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"])
}

/// The version of RustFFT in Cargo.lock.
fn rustfft() -> Option<String> {
    let lock = std::fs::read_to_string("Cargo.lock").ok()?;
    let (_, entry) = lock.split_once("name = \"rustfft\"")?;
    Some(entry.split('"').nth(1)?.to_string())
}
