//! Collective operations, by which all ranks of a communicator find something out together: reductions,
//! gathers, broadcasts, errors.

use mpi::collective::SystemOperation;
use mpi::traits::{Communicator as _, CommunicatorCollectives, Equivalence, Root};

use super::communicator::Communicator;
use crate::error::{Error, ErrorKind, Result};
use crate::exact_sum::ExactSum;

impl Communicator {
    /// Waits for every rank. Collective.
    pub fn barrier(&self) {
        if let Some(c) = self.peers() {
            c.barrier();
        }
    }

    fn all_reduce<E: Equivalence>(&self, mine: &[E], all: &mut [E], operation: SystemOperation) {
        if let Some(c) = self.peers() {
            c.all_reduce_into(mine, all, operation);
        }
    }

    /// Element-wise largest over all ranks. Collective.
    pub fn max<E: Equivalence + Copy, const N: usize>(&self, values: &mut [E; N]) {
        self.all_reduce(&{ *values }, values, SystemOperation::max());
    }

    /// Element-wise smallest over all ranks. Collective.
    pub fn min<E: Equivalence + Copy, const N: usize>(&self, values: &mut [E; N]) {
        self.all_reduce(&{ *values }, values, SystemOperation::min());
    }

    /// Element-wise sum of integers over all ranks. Collective.
    pub fn sum_integers(&self, values: &mut [i64]) {
        let mine = values.to_vec();
        self.all_reduce(&mine, values, SystemOperation::sum());
    }

    /// Makes `all` the element-wise sum of the ranks' `mine`, doubles of which at most one rank holds
    /// a value other than zero, so that the result has no rounding: a gather to everyone.
    /// Collective.
    pub fn collect(&self, mine: &[f64], all: &mut [f64]) {
        all.copy_from_slice(mine);
        self.all_reduce(mine, all, SystemOperation::sum());
    }

    /// Every rank's `values`, the same number on each, in the order of ranks. Collective.
    pub fn gather_to_all<const N: usize>(&self, values: [i64; N]) -> Vec<[i64; N]> {
        let mut all = vec![values; self.size()];
        if let Some(c) = self.peers() {
            c.all_gather_into(&values[..], all.as_flattened_mut());
        }
        all
    }

    /// Exact sums over all ranks, rounded once: the same bits for any number of ranks. Collective.
    pub fn exact_sums(&self, sums: &mut [ExactSum]) -> Vec<f64> {
        self.add_exact_sums(sums);
        sums.iter().map(ExactSum::value).collect()
    }

    /// Makes exact sums those over all ranks, without allocating anything. Collective.
    pub fn add_exact_sums(&self, sums: &mut [ExactSum]) {
        /// Sums in one message: a few pages of the stack.
        const MESSAGE: usize = 64;
        if self.peers().is_none() {
            return;
        }
        for sums in sums.chunks_mut(MESSAGE) {
            let mut mine = [[0; ExactSum::LEN]; MESSAGE];
            for (mine, sum) in mine.iter_mut().zip(&mut *sums) {
                mine.copy_from_slice(sum.limbs_mut());
            }
            let mut all = mine;
            let sent = mine[..sums.len()].as_flattened();
            self.all_reduce(sent, all[..sums.len()].as_flattened_mut(), SystemOperation::sum());
            for (sum, all) in sums.iter_mut().zip(&all) {
                sum.limbs_mut().copy_from_slice(all);
            }
        }
    }

    /// Rank 0's bytes, on every rank. Collective.
    pub fn broadcast(&self, bytes: &mut Vec<u8>) {
        if let Some(c) = self.peers() {
            let root = c.process_at_rank(0);
            let mut length = bytes.len() as u64;
            root.broadcast_into(&mut length);
            bytes.resize(length as usize, 0);
            for chunk in bytes.chunks_mut(1 << 30) {
                root.broadcast_into(chunk);
            }
        }
    }

    /// Every rank's `values` (the same number on each), one after the other, on rank 0; empty on
    /// the others. Collective.
    pub fn gather(&self, values: &[f64]) -> Vec<f64> {
        let Some(c) = self.peers() else { return values.to_vec() };
        let root = c.process_at_rank(0);
        if !self.is_root() {
            root.gather_into(values);
            return Vec::new();
        }
        let mut all = vec![0.0; values.len() * self.size()];
        root.gather_into_root(values, &mut all[..]);
        all
    }

    /// Turns an error on any rank into the same error on every rank: that of the lowest failing
    /// rank. Collective.
    pub fn agree<A>(&self, result: Result<A>) -> Result<A> {
        let Some(c) = self.peers() else { return result };
        let mut first = [if result.is_err() { c.rank() } else { c.size() }];
        self.min(&mut first);
        let first = first[0];
        if first == c.size() {
            return result;
        }
        let mut text = match &result {
            Err(e) if c.rank() == first => {
                let mut text = vec![e.kind.exit_code()];
                text.extend_from_slice(e.message.as_bytes());
                text
            }
            _ => Vec::new(),
        };
        let root = c.process_at_rank(first);
        let mut length = text.len() as u64;
        root.broadcast_into(&mut length);
        text.resize(length as usize, 0);
        root.broadcast_into(&mut text[..]);
        let kind = ErrorKind::from_exit_code(text.first().copied().unwrap_or(1));
        Err(Error { kind, message: String::from_utf8_lossy(&text[1..]).into_owned() })
    }

    /// Calls `work` on rank 0 and returns its bytes, or its error, on every rank. Collective.
    pub fn from_root(&self, work: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
        let (mut bytes, kind) = match self.is_root().then(work).transpose() {
            Ok(bytes) => (bytes.unwrap_or_default(), None),
            Err(Error { kind, message }) => (message.into_bytes(), Some(kind)),
        };
        // After the bytes or the message what they are: the code of the error, or 0.
        bytes.push(kind.map_or(0, ErrorKind::exit_code));
        self.broadcast(&mut bytes);
        match bytes.pop() {
            None | Some(0) => Ok(bytes),
            Some(code) => Err(Error {
                kind: ErrorKind::from_exit_code(code),
                message: String::from_utf8_lossy(&bytes).into_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_rank_agrees_with_itself() {
        let serial = Communicator::serial();
        assert_eq!(serial.agree(Ok(3)), Ok(3));
        assert_eq!(serial.from_root(|| Ok(vec![0, 7])), Ok(vec![0, 7]));
        assert_eq!(serial.from_root(|| Err(Error::input("no"))), Err(Error::input("no")));
        assert_eq!(serial.agree::<()>(Err(Error::input("no"))), Err(Error::input("no")));
        assert_eq!(serial.gather(&[1.0, 2.0]), [1.0, 2.0]);
    }
}
