//! The program from outside: what it prints, writes and returns, without mpirun on one rank and
//! under it on several. Every run has a time limit, so that a rank left waiting is a failure.

mod bench;
mod blow_up;
mod changes;
mod command_line;
mod containers;
mod continuation;
mod convert;
mod disk;
mod earlier_version;
mod faults;
mod fields;
mod file_start;
mod forces;
mod fuzz;
mod layouts;
mod lock;
mod network;
mod particles;
mod restart;
mod running;
mod same_bits;
mod schedule;
mod soak;
mod spectra;
mod stopping;
mod warnings;
mod what_it_needs;
mod writers;
