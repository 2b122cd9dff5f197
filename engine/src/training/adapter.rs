//! Adapters while they are trained.

/// A matrix and its adapter: which rows of a stacked weight it stands beside, and where its parameters are.
#[derive(Clone, Debug)]
pub(super) struct Adapter {
    /// Of the weight, and of the columns of what is computed with it.
    pub(super) first_row: usize,
    /// How many.
    pub(super) rows: usize,
    /// A, `[rank, columns]`: its index among the parameters.
    pub(super) a: usize,
    /// B, `[rows, rank]`: its index among the parameters.
    pub(super) b: usize,
    /// Of a DoRA, the length of each row: its index among the parameters.
    pub(super) magnitude: Option<usize>,
    /// Its number among all adapters.
    pub(super) number: usize,
}
