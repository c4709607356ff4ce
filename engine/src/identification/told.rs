//! What the declarations of other sites say of a track, where a link carries them.
//!
//! A site reports what its own declarations about a track say: by row, the logarithm of their likelihood by its own matrix, and
//! how many there were, those that it remembers included. The receiver weighs that beside its own: each declaration counts once,
//! at whichever site it was made, because what a site was told it does not tell on, and news takes the place of what was told
//! before. Sites are taken for independent, or, with `appearance.assumed_gamma` = g, only 1 - g of each logarithm counts: all of
//! it where sites see nothing in common, nothing where they see the same, and in between an approximation.

use super::MAX_ROWS;

/// What declarations say of a track, whoever made them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told {
    /// ln P(declarations | row), in the order of the names of the rows.
    pub(super) ln: [f64; MAX_ROWS],
    /// Declarations other than `unknown`.
    pub(super) declarations: u32,
}

impl Told {
    /// Nothing.
    pub const NOTHING: Told = Told {
        ln: [0.0; MAX_ROWS],
        declarations: 0,
    };

    /// What another site says besides.
    pub fn add(&mut self, other: &Told) {
        for (sum, ln) in self.ln.iter_mut().zip(other.ln) {
            *sum += ln;
        }
        self.declarations += other.declarations;
    }
}
