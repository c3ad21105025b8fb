#!/usr/bin/env bash
# A network on one machine: hosts made of network namespaces, joined by a switch through links of a
# given rate, and mpirun over them. What a rank sends to one of another host passes through TCP and its
# link, so that all-to-alls cost what they would cost there; cores and memory are those of the machine.
# (The kernel's queues bound the rate and add no delay.) Needs root; Open MPI or MPICH.
#
#   scripts/network.sh up --nodes 4 --rate 1gbit        makes four hosts, instead of those there were
#   scripts/network.sh run -n 8 --per-node 2 PROGRAM..  runs 8 ranks, the first two on the first host
#   scripts/network.sh down                             removes all, and ends what still runs there
#
# `run` starts `mpirun`, or what MPIRUN names, such as `MPIRUN=mpirun.mpich`; without `--per-node` it
# takes all hosts. No name, link or address is seen outside of the namespaces.

set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The namespaces are called HOSTS1, HOSTS2, .. and SWITCH, the addresses begin with NETWORK.
readonly hosts=dns-solver-host switch=dns-solver-switch network=10.77.0
# What a link holds back at most, in bytes on their way at once and in time.
readonly queue=(burst 256kb latency 400ms)

fail() {
    printf 'network.sh: %s\n' "$*" >&2
    exit 2
}

usage() {
    fail "usage: network.sh up --nodes N --rate RATE | run -n RANKS [--per-node K] PROGRAM.. | down"
}

# is_count WORD: whether it is a number of hosts or ranks.
is_count() { [[ $1 =~ ^[1-9][0-9]{0,3}$ ]]; }

namespaces() { ip netns list | cut -d' ' -f1 | grep -xE "${hosts}[0-9]+|$switch" || true; }

count_hosts() { namespaces | grep -cv "$switch" || true; }

# The links end with the namespaces that they join.
down() {
    local name processes
    for name in $(namespaces); do
        mapfile -t processes < <(ip netns pids "$name" 2>/dev/null)
        ((${#processes[@]} == 0)) || kill -KILL "${processes[@]}" 2>/dev/null || true
        ip netns delete "$name"
    done
}

# slow NAMESPACE LINK RATE: lets no more leave there.
slow() {
    tc -netns "$1" qdisc add dev "$2" root tbf rate "$3" "${queue[@]}" ||
        fail "no link of rate $3 can be made, see above; a rate is a word such as 1gbit or 100mbit"
}

up() {
    local nodes='' rate='' node host
    while (($#)); do
        case $1 in
        --nodes) nodes=${2:-} ;;
        --rate) rate=${2:-} ;;
        *) usage ;;
        esac
        shift $(($# < 2 ? 1 : 2))
    done
    if ! is_count "$nodes" || ((nodes > 254)); then fail "up needs --nodes N, from 1 to 254"; fi
    [[ -n $rate ]] || fail "up needs --rate RATE, such as 1gbit"
    down
    # What was made so far must not look like a network.
    trap down EXIT
    ip netns add $switch || fail "network namespaces cannot be made, see above: a container has no right to"
    ip -netns $switch link add bridge type bridge
    ip -netns $switch link set bridge up
    for ((node = 1; node <= nodes; node++)); do
        host=$hosts$node
        ip netns add "$host"
        ip -netns $switch link add "to$node" type veth peer name eth0 netns "$host"
        ip -netns $switch link set "to$node" master bridge up
        ip -netns "$host" address add "$network.$node/24" dev eth0
        ip -netns "$host" link set lo up
        ip -netns "$host" link set eth0 up
        slow "$host" eth0 "$rate"
        slow $switch "to$node" "$rate"
    done
    trap - EXIT
    echo "$nodes hosts, $network.1 to $network.$nodes, with links of $rate each"
}

# enter ADDRESS COMMAND..: runs a command of the shell on a host, as the agent of an mpirun does.
# Whatever an MPI makes in shared memory or as a temporary file belongs to the host and ends with it.
enter() {
    local host=$hosts${1##*.}
    shift
    # shellcheck disable=SC2016 # for the shell there
    exec ip netns exec "$host" unshare --uts --ipc bash -c '
        echo "$1" >/proc/sys/kernel/hostname &&
            mount -t tmpfs tmpfs /dev/shm &&
            export TMPDIR=/dev/shm &&
            eval "$2"' bash "$host" "$*"
}

run() {
    local ranks='' each='' nodes node list='' command
    while (($#)); do
        case $1 in
        -n) ranks=${2:-} ;;
        --per-node) each=${2:-} ;;
        -*) usage ;;
        *) break ;;
        esac
        shift $(($# < 2 ? 1 : 2))
    done
    is_count "$ranks" || fail "run needs -n RANKS, a number"
    nodes=$(count_hosts)
    ((nodes > 0)) || fail "there is no network: make one with up"
    each=${each:-$(((ranks + nodes - 1) / nodes))}
    is_count "$each" || fail "--per-node needs a number of ranks, not $each"
    (($#)) || fail "run needs a program to run"
    ((ranks <= nodes * each)) ||
        fail "$ranks ranks, $each on a host, need $(((ranks + each - 1) / each)) hosts: there are $nodes"
    local program=${MPIRUN:-mpirun}
    command -v "$program" >/dev/null || fail "$program is not there; MPIRUN names another mpirun"
    for ((node = 1; (node - 1) * each < ranks; node++)); do
        list+=${list:+,}$network.$node:$each
    done
    # How each MPI starts processes on other hosts, Open MPI 4, Open MPI 5 (PRTE) and MPICH (Hydra); as
    # variables, of which each knows its own.
    local agent=$repository/scripts/network.sh
    export OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent=$agent
    export OMPI_MCA_oob_tcp_if_include=eth0 OMPI_MCA_btl_tcp_if_include=eth0 OMPI_MCA_pml=ob1
    export PRTE_MCA_plm_ssh_agent=$agent PRTE_MCA_prte_if_include=eth0
    export HYDRA_LAUNCHER=rsh HYDRA_LAUNCHER_EXEC=$agent HYDRA_IFACE=eth0 UCX_NET_DEVICES=eth0
    # Ranks share cores with each other, and those that wait give way.
    export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    printf -v command '%q ' exec "$program" -n "$ranks" --host "$list" "$@"
    enter "$network.1" "$command"
}

need() {
    local name
    for name in ip tc unshare mount; do
        command -v "$name" >/dev/null || fail "$name is missing: install iproute2 and util-linux"
    done
    [[ $(id -u) == 0 ]] || fail "only root may make network namespaces: sudo scripts/network.sh .."
}

(($#)) || usage
need
action=$1
case $action in
up | run | down | "$network".*) shift ;;
*) usage ;;
esac
case $action in
up) up "$@" ;;
run) run "$@" ;;
down)
    (($# == 0)) || usage
    down
    ;;
*) enter "$action" "$@" ;;
esac
