//! Who is before whom with several objectives: dominance, fronts, crowding (Deb et al. 2002), all to be minimised.

/// What selection sees of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// By how much constraints are violated; 0 if they are kept.
    pub violation: f64,
    /// The objectives, smaller is better; no NaN.
    pub values: Vec<f64>,
}

impl Standing {
    /// Constrained dominance: who violates less goes first, and among those who keep the constraints, who is nowhere worse
    /// and somewhere better.
    pub fn dominates(&self, other: &Standing) -> bool {
        if self.violation != other.violation {
            return self.violation < other.violation;
        }
        let mut better = false;
        for (mine, theirs) in self.values.iter().zip(&other.values) {
            if mine > theirs {
                return false;
            }
            better |= mine < theirs;
        }
        better
    }
}

/// The number of the front of each: 0 for those whom nobody dominates, 1 for those whom only these do, and so on.
pub fn fronts(standings: &[Standing]) -> Vec<usize> {
    let count = standings.len();
    let mut dominated_by = vec![0usize; count];
    let mut dominates: Vec<Vec<usize>> = vec![Vec::new(); count];
    for one in 0..count {
        for two in 0..count {
            if standings[one].dominates(&standings[two]) {
                dominates[one].push(two);
                dominated_by[two] += 1;
            }
        }
    }
    let mut rank = vec![0; count];
    let mut front: Vec<usize> = (0..count).filter(|&one| dominated_by[one] == 0).collect();
    let mut number = 0;
    while !front.is_empty() {
        let mut next = Vec::new();
        for one in front {
            rank[one] = number;
            for &two in &dominates[one] {
                dominated_by[two] -= 1;
                if dominated_by[two] == 0 {
                    next.push(two);
                }
            }
        }
        next.sort_unstable();
        front = next;
        number += 1;
    }
    rank
}

/// How much room each has among the members of one front: the sum over the objectives of the distance between its two
/// neighbours, as a share of the extent; infinite at the ends.
pub fn crowding(standings: &[Standing], members: &[usize]) -> Vec<f64> {
    let mut room = vec![0.0; members.len()];
    let Some(&first) = members.first() else {
        return room;
    };
    for objective in 0..standings[first].values.len() {
        let value = |at: usize| standings[members[at]].values[objective];
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
        let (low, high) = (order[0], order[order.len() - 1]);
        room[low] = f64::INFINITY;
        room[high] = f64::INFINITY;
        let extent = value(high) - value(low);
        if extent > 0.0 && extent.is_finite() {
            for three in order.windows(3) {
                room[three[1]] += (value(three[2]) - value(three[0])) / extent;
            }
        }
    }
    room
}

/// By how much one falls short of another in the objective in which it does most, in shares of `extents`; below 0 if it is better in all (the
/// additive epsilon of Zitzler, Thiele, Laumanns, Fonseca and Grunert da Fonseca, IEEE Trans. Evol. Comput. 7 (2003) 117).
pub fn falls_short(one: &Standing, other: &Standing, extents: &[f64]) -> f64 {
    let each = one.values.iter().zip(&other.values).zip(extents);
    each.map(|((one, other), extent)| (one - other) / extent)
        .fold(f64::NEG_INFINITY, f64::max)
}

/// How far some members reach in each objective; 1 where that is nothing or without end.
pub fn extents(standings: &[Standing], members: &[usize]) -> Vec<f64> {
    let objectives = members
        .first()
        .map_or(0, |&one| standings[one].values.len());
    let extent = |objective: usize| {
        let all = members.iter().map(|&at| standings[at].values[objective]);
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let extent = high - low;
        if extent > 0.0 && extent.is_finite() {
            extent
        } else {
            1.0
        }
    };
    (0..objectives).map(extent).collect()
}

/// So many members of a front: who is taken out first is who is best stood for by another, which falls least short of it.
pub fn thin(standings: &[Standing], members: &[usize], count: usize) -> Vec<usize> {
    let extents = extents(standings, members);
    let mut left = members.to_vec();
    // Who stands best for each, and by how much that falls short.
    let nearest = |one: usize, left: &[usize]| {
        let others = left.iter().filter(|&&other| other != one);
        let short = others.map(|&other| {
            (
                falls_short(&standings[other], &standings[one], &extents),
                other,
            )
        });
        let none = (f64::INFINITY, one);
        short.fold(none, |best, this| if this.0 < best.0 { this } else { best })
    };
    if left.len() <= count {
        return left;
    }
    let mut missed: Vec<(f64, usize)> = left.iter().map(|&one| nearest(one, &left)).collect();
    while left.len() > count {
        // Of those that are as little missed the youngest goes.
        let least = (0..left.len()).min_by(|&a, &b| {
            missed[a]
                .0
                .total_cmp(&missed[b].0)
                .then(left[b].cmp(&left[a]))
        });
        let Some(at) = least else { break };
        let gone = left.remove(at);
        missed.remove(at);
        for at in 0..left.len() {
            if missed[at].1 == gone {
                missed[at] = nearest(left[at], &left);
            }
        }
    }
    left
}

/// So many of all, by front, the last one thinned.
pub fn select(standings: &[Standing], count: usize) -> Vec<usize> {
    let ranks = fronts(standings);
    let mut chosen = Vec::new();
    let mut number = 0;
    while chosen.len() < count {
        let members: Vec<usize> = (0..ranks.len())
            .filter(|&one| ranks[one] == number)
            .collect();
        if members.is_empty() {
            break;
        }
        chosen.extend(thin(standings, &members, count - chosen.len()));
        number += 1;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(violation: f64, values: &[f64]) -> Standing {
        Standing {
            violation,
            values: values.to_vec(),
        }
    }

    #[test]
    fn fronts_peel_off_one_after_the_other() {
        let all = [
            standing(0.0, &[1.0, 4.0]),
            standing(0.0, &[2.0, 3.0]),
            standing(0.0, &[2.0, 5.0]),
            standing(0.0, &[4.0, 1.0]),
            standing(0.0, &[5.0, 5.0]),
            standing(0.5, &[0.0, 0.0]),
            standing(0.2, &[9.0, 9.0]),
        ];
        assert_eq!(fronts(&all), [0, 0, 1, 0, 2, 4, 3]);
        assert!(!all[0].dominates(&all[0]));
    }

    #[test]
    fn the_ends_stay_and_those_go_that_others_stand_for() {
        let all: Vec<Standing> = [0.0, 1.0, 1.1, 1.2, 3.0, 4.0]
            .iter()
            .map(|&x| standing(0.0, &[x, -x]))
            .collect();
        let members: Vec<usize> = (0..6).collect();
        // A tenth stands between 1, 1.1 and 1.2: the youngest goes, and again.
        assert_eq!(thin(&all, &members, 4), [0, 1, 4, 5]);
        assert!(
            (falls_short(&all[2], &all[1], &extents(&all, &members)) - 0.1 / 4.0).abs() < 1e-12
        );
        let room = crowding(&all, &members);
        assert_eq!(room[0], f64::INFINITY);
        assert!((room[2] - 2.0 * 0.2 / 4.0).abs() < 1e-12);
        // Of two in one place one goes first, also at an end.
        let pairs = [[0.0, 2.0], [0.0, 2.0], [1.0, 1.0], [1.01, 0.0]];
        let all: Vec<Standing> = pairs.iter().map(|pair| standing(0.0, pair)).collect();
        assert_eq!(thin(&all, &[0, 1, 2, 3], 3), [0, 2, 3]);
    }
}
