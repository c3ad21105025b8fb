//! Ranks on hosts of their own, which `scripts/network.sh` makes: shared memory within a host, messages
//! between them. Needs root, and says so where it is skipped.

use std::path::Path;
use std::process::Command;

use super::restart::FORCED;
use super::running::{Case, SOLVER, run_mpi};

const NETWORK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/network.sh");

/// Whether this user and this kernel can make the parts of a network.
fn may_make_networks() -> bool {
    let parts = "ip link add switch type bridge && ip link add left type veth peer name right && \
                 tc qdisc add dev left root tbf rate 1gbit burst 256kb latency 400ms";
    let made = Command::new("unshare").args(["--mount", "--net", "sh", "-c", parts]).output();
    let message = match made {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    println!("SKIPPED: this needs the right to make network namespaces: {message}");
    false
}

/// Runs a `script` of the shell where networks are of its own, so that it meets no other one.
fn run_apart(script: &str) {
    let script = format!("network={NETWORK}; mount -t tmpfs tmpfs /run && {script}");
    let output = run_mpi(1, Path::new("unshare"), &["--mount", "--net", "sh", "-ec", &script], &[]);
    assert_eq!(output.code(), 0, "{output:?}");
}

#[test]
fn ranks_on_two_hosts() {
    if !may_make_networks() {
        return;
    }
    let case = Case::new(FORCED);
    case.solve(1, "whole", &["--quiet"]);
    // Slabs send messages to all ranks or, host by host, to the other host; groups of the ranks of a host
    // share its memory.
    let runs = [("slabs", "grid=[4,1]"), ("by_node", "exchange=by_node"), ("groups", "grid=[2,2]")];
    let lines = runs.map(|(name, setting)| {
        let setting = format!("parallel.{setting}");
        let line = case.line(name, &["--quiet", "--set", &setting]).join("\" \"");
        format!("$network run -n 4 --per-node 2 {SOLVER} \"{line}\"; ")
    });
    run_apart(&format!("$network up --nodes 2 --rate 1gbit; {}$network down", lines.concat()));
    for (name, _) in runs {
        assert!(case.read(name, "log.txt").contains("each rank sends"), "on one host?");
        case.assert_same("whole", name);
    }
}

/// Whatever was killed where.
#[test]
fn nothing_is_left_of_a_network() {
    if !may_make_networks() {
        return;
    }
    run_apart(
        "links=$(ip -brief link)
         $network up --nodes 2 --rate 1gbit
         setsid $network 10.77.0.2 exec sleep 1000 & sleeping=$!
         until ip netns pids dns-solver-host2 | grep -q .; do sleep 0.1; done
         # Killed while the hosts were made.
         ip netns delete dns-solver-switch
         $network up --nodes 1 --rate 100mbit
         ! wait $sleeping
         test \"$(ip netns list | wc -l)\" = 2
         $network down
         test -z \"$(ip netns list)$(ls /run/netns)\"
         test \"$(ip -brief link)\" = \"$links\"
         ! $network run -n 1 true",
    );
}
