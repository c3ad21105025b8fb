//! Quantities of the history beyond the velocity's [`VelocityAverages`](crate::sums::VelocityAverages),
//! each by its name.
//!
//! Most are sums over all modes of a term that is quadratic in the fields at one mode: by Parseval,
//! `<f g>` = sum over all k of Re(f_k conj g_k). The others follow from these and the averages.
//!
//! | file | what it has |
//! |---|---|
//! | `list` | [`Quantities`]: sums and what follows from them, by name, and how they are measured |
//! | `catalogue` | which there are with each physics |

mod catalogue;
mod list;

pub use list::Quantities;

#[cfg(test)]
mod tests;
