//! Parameters that seem to do nothing: settings that differ in one alone, replication by replication.

use super::course::{Candidate, Tuning};
use super::space::fingerprint;

/// A parameter of which nothing was seen to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    /// Which, by number.
    pub parameter: usize,
    /// Pairs of candidates that differ in it alone.
    pub pairs: u64,
    /// Replications that both of a pair were run for, of all pairs.
    pub replications: u64,
}

/// Parameters whose pairs had the same in every watched measure, in every replication that both were run for on the random numbers of the
/// search or on fresh ones. Those without a pair are not among them: nothing is known of what they do alone.
pub fn idle(tuning: &Tuning) -> Vec<Idle> {
    let known: Vec<(Vec<u64>, &Candidate)> = (tuning.candidates().iter())
        .filter_map(|one| one.point.as_ref().map(|point| (fingerprint(point), one)))
        .collect();
    let parameters = tuning.course().space.len();
    let mut seen = vec![(0, 0, true); parameters];
    for (at, (one, mine)) in known.iter().enumerate() {
        for (other, theirs) in &known[..at] {
            let mut unlike = (0..parameters).filter(|&gene| one[gene] != other[gene]);
            let (Some(parameter), None) = (unlike.next(), unlike.next()) else {
                continue;
            };
            let mut common = 0;
            let mut same = true;
            for (mine, theirs) in [(&mine.search, &theirs.search), (&mine.fresh, &theirs.fresh)] {
                let both = mine.rows().iter().zip(theirs.rows());
                common += both.len() as u64;
                same &= both.clone().all(|(mine, theirs)| mine == theirs);
            }
            if common > 0 {
                let (pairs, replications, idle) = &mut seen[parameter];
                *pairs += 1;
                *replications += common;
                *idle &= same;
            }
        }
    }
    let each = seen.into_iter().enumerate();
    each.filter(|(_, (pairs, _, same))| *same && *pairs > 0)
        .map(|(parameter, (pairs, replications, _))| Idle {
            parameter,
            pairs,
            replications,
        })
        .collect()
}
