//! Declarations and their fusion: from the confusion matrix to an identity.
//!
//! *World*: a declaration is a draw from the row of the confusion matrix that is true of the aircraft, or what is seen of
//! it that lasts for a while ([`super::appearance`]). *Belief*: the site weighs hypotheses (row k, affiliation a) by
//! prior_k share(a|k) * prod P(declaration | those before it, k) * P(plan check | a), as in STANAG 4162; matrix and belief are
//! two tables. A row is a type or an affiliation; with affiliations the shares are 1 and 0. The plan check counts once, as it stands now,
//! not once per look. Posterior to STANAG 1241 identity by thresholds. Rows and columns stand in the order of how hostile they
//! mean, by the share of hostiles, then by name; `unknown` is last.
//!
//! A declaration that differs from the one before it has P = (1 - r) C\[k\]\[d\], where the factor is common to all rows and
//! counts for nothing; one that repeats it has r + (1 - r) C\[k\]\[d\], with r = exp(-dt / tau) as the site believes tau. dt is
//! the time from one declaration to the next; where a track was lost in between it is another one, and what that says is kept
//! beside the counts, with what the site remembers ([`Identifier::recall`]).
//!
//! Kept is how often each column was declared anew and how often it was repeated, which is all that fused declarations tell;
//! what it says is a sum of logarithms, so that a thousand looks cannot underflow. Where one row outweighs all others so
//! far that no threshold can tell, the identity is that of the row alone, looked up instead of computed; and so is that
//! of every track in its first declarations. Of the later ones in a run only those are looked at closely that could be
//! the first to identify the track or to make it Hostile, the others are only counted: [`Identifier::declare_run`]. The
//! tests hold all this to the plain sum, one declaration after the other.

use super::appearance::{Appearance, persistence};
use super::columns::{Bits, Columns, DeclaredBlock};
use super::told::Told;
use super::{Combine, Hypotheses, IdentificationSpec, IdentityThresholds, MatchBelief};
use crate::elementary::exp_of_negative;
use crate::ids::TypeId;
use crate::record::{Affiliation, Identity};
use crate::units::Millis;

/// Most rows of a confusion matrix.
pub const MAX_ROWS: usize = 15;

/// Most columns: the rows and `unknown`.
pub const MAX_COLUMNS: usize = MAX_ROWS + 1;

/// An [`IdentificationSpec`] ready to use.
#[derive(Debug, Clone)]
pub struct Identifier {
    /// Row names; one beyond the last is `unknown`.
    pub rows: Vec<String>,
    /// The specification.
    pub spec: IdentificationSpec,
    /// Time from one declaration to the next: to the first scan that is at least the interval later.
    pub spacing: Millis,
    /// How long what declarations see stays what it is.
    pub appearance: Appearance,
    row_of_type: Vec<Option<u8>>,
    /// By row: its place in the order of the names.
    by_name: Vec<u8>,
    /// What is declared about an aircraft, by true row; the last is for aircraft that are in no row.
    actual: Vec<Columns>,
    /// ln P(column | row) as assumed, by column then row; rows and columns that do not exist are impossible.
    assumed: [[f64; MAX_COLUMNS]; MAX_COLUMNS],
    /// The same of a declaration that repeats the one before it.
    repeated: [[f64; MAX_COLUMNS]; MAX_COLUMNS],
    /// Whether a repetition says something else than a declaration that differs.
    repeats: bool,
    ln_prior: [f64; MAX_COLUMNS],
    shares: [[f64; 3]; MAX_ROWS],
    plan: Option<[[f64; 3]; 2]>,
    criteria: Criteria,
    /// By plan check: what the rows count for each affiliation, and last for the criteria.
    parts: [[[f64; MAX_COLUMNS]; 4]; 3],
    /// By row and plan check: what follows when that row outweighs the others.
    outlook: [[Outlook; 3]; MAX_COLUMNS],
    /// By row: the most that one declaration can take from its lead.
    swing: [f64; MAX_COLUMNS],
    /// By plan check.
    margin: [HostileMargin; 3],
    /// By column: the most by which a declaration that repeats the one before moves the log-odds of any rows against the others.
    moves: [f64; MAX_COLUMNS],
    /// The thresholds as log-odds: of the criteria, friend, neutral, suspect, assumed friend.
    edges: [f64; 5],
    early: Early,
}

/// How far a track is from Hostile. Rows whose share in the criteria is above the threshold are perilous.
#[derive(Debug, Clone, Copy)]
struct HostileMargin {
    /// 0 for perilous rows, minus infinity for others.
    perilous: [f64; MAX_COLUMNS],
    /// With a lead of this row over all perilous rows above this the track is not Hostile.
    floor: [f64; MAX_COLUMNS],
    /// The most that one declaration can take from that lead.
    swing: [f64; MAX_COLUMNS],
}

/// The identity, without plan check, of tracks with few declarations: by their counts, written as the digits of a number.
#[derive(Debug, Clone)]
struct Early {
    /// Most declarations.
    most: u32,
    /// What a declaration adds to the number, by column.
    digits: [u32; MAX_COLUMNS],
    identities: Vec<Identity>,
}

impl Early {
    /// Most entries, so that they stay in the cache.
    const ROOM: usize = 30_000;

    /// What these declarations, and nothing else, amount to; nothing if they are too many.
    #[inline(always)]
    fn identity(&self, evidence: &Evidence) -> Option<Identity> {
        if evidence.made > self.most || evidence.recalled || evidence.informed {
            return None;
        }
        self.identities.get(self.number(&evidence.counts)).copied()
    }

    #[inline(always)]
    fn number(&self, counts: &[u32; MAX_COLUMNS]) -> usize {
        let digits = counts.iter().zip(&self.digits);
        digits.map(|(count, digit)| count * digit).sum::<u32>() as usize
    }
}

/// What follows when one row outweighs all others.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Outlook {
    /// With a lead above this the identity is that of the row alone.
    certain: f64,
    /// That identity.
    identity: Identity,
}

/// How the rows stand: logarithms of weights, the heaviest row, and by how much it leads the next.
#[derive(Debug, Clone, Copy)]
struct Standing<const W: usize> {
    ln: [f64; W],
    top: usize,
    best: f64,
    lead: f64,
}

/// Which firsts of a track have been noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// Its first identity.
    pub identified: bool,
    /// That it was identified as Hostile.
    pub hostile: bool,
}

/// What came of a run of declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunOutcome {
    /// The scan of the block whose declaration first identified the track, if that had not been noted, and the identity.
    pub identified: Option<(usize, Identity)>,
    /// The scan whose declaration first made it Hostile, if that had not been noted.
    pub hostile: Option<usize>,
}

impl RunOutcome {
    #[inline(always)]
    fn note(&mut self, scan: usize, identity: Identity, noted: &mut Noted) {
        if identity.declared() && !noted.identified {
            noted.identified = true;
            self.identified = Some((scan, identity));
        }
        if identity == Identity::Hostile && !noted.hostile {
            noted.hostile = true;
            self.hostile = Some(scan);
        }
    }
}

/// What must hold before a track is identified as Hostile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    /// What the posterior is about.
    pub on: CriteriaOn,
    /// The posterior that must be exceeded.
    pub threshold: f64,
    /// ID sources that must have spoken.
    pub id_sources: u32,
    /// Declarations other than `unknown` that must have been made.
    pub declarations: u32,
}

/// What the posterior of the criteria is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CriteriaOn {
    /// The affiliation hostile.
    Hostile,
    /// A type; never met by a class whose matrix does not have it.
    Type(TypeId),
}

/// What a site has gathered about one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Declarations by column; without those that repeat the one before, where these say something else.
    counts: [u32; MAX_COLUMNS],
    /// Declarations that repeat the one before, by column.
    repeated: [u32; MAX_COLUMNS],
    /// How many all of them are.
    made: u32,
    /// By row: the logarithm of what is remembered of an earlier track, and of a repetition after a gap.
    beside: [f64; MAX_COLUMNS],
    /// Whether there is any of that.
    recalled: bool,
    /// Declarations that were weighed there, by column.
    apart: [u32; MAX_COLUMNS],
    /// By row: the logarithm of what other sites declared.
    told: [f64; MAX_COLUMNS],
    /// How many of those declarations were not `unknown`.
    told_declarations: u32,
    /// Whether there are any.
    informed: bool,
    /// Declarations other than `unknown`.
    pub id_sources: u32,
    /// The latest declaration.
    pub latest: Option<u8>,
    /// So many of the next declarations cannot be the first of anything, whatever they are; see [`Identifier::quiet`].
    quiet: u32,
    /// So many of the next declarations, whatever they are, leave the identity without plan check what it was when this was
    /// worked out; nothing if it was not, or more have been made since. See [`Identifier::holds`].
    firm: Option<u32>,
}

impl Evidence {
    /// Nothing yet.
    pub const NONE: Evidence = Evidence {
        counts: [0; MAX_COLUMNS],
        repeated: [0; MAX_COLUMNS],
        made: 0,
        beside: [0.0; MAX_COLUMNS],
        recalled: false,
        apart: [0; MAX_COLUMNS],
        told: [0.0; MAX_COLUMNS],
        told_declarations: 0,
        informed: false,
        id_sources: 0,
        latest: None,
        quiet: 0,
        firm: None,
    };

    /// Declarations of the track by column; not those that are remembered.
    pub fn counts(&self) -> [u32; MAX_COLUMNS] {
        std::array::from_fn(|column| {
            self.counts[column] + self.repeated[column] + self.apart[column]
        })
    }

    /// Declarations other than `unknown`, with those of other sites.
    pub fn spoken(&self) -> u32 {
        self.id_sources + self.told_declarations
    }

    /// Whether other sites have said anything.
    pub fn is_informed(&self) -> bool {
        self.informed
    }

    /// Whether the identity is what it was when [`Identifier::holds`] was last asked and found it certain.
    pub fn is_firm(&self) -> bool {
        self.firm.is_some()
    }

    /// Takes so many declarations off what is left.
    #[inline(always)]
    fn wear(&mut self, declarations: u32) {
        self.firm = self.firm.and_then(|left| left.checked_sub(declarations));
    }
}

/// The site's belief about one track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior {
    /// P(friend), P(neutral), P(hostile).
    pub affiliation: [f64; 3],
    /// P(row).
    pub row: [f64; MAX_ROWS],
}

impl Identifier {
    /// Makes a checked specification ready; `types` are the scenario's type names in order, `scan` is the time between two scans
    /// of the sites that use it.
    pub fn new(spec: &IdentificationSpec, types: &[String], scan: Millis) -> Identifier {
        let rows: Vec<String> = match spec.over {
            Hypotheses::Types => {
                let mut rows: Vec<&String> = spec.actual.keys().take(MAX_ROWS).collect();
                let hostile = |row: &String| shares_of(spec, row)[2];
                rows.sort_by(|one, other| {
                    hostile(one).total_cmp(&hostile(other)).then(one.cmp(other))
                });
                rows.into_iter().cloned().collect()
            }
            Hypotheses::Affiliations => Affiliation::ALL
                .iter()
                .map(|affiliation| affiliation.code().to_string())
                .collect(),
        };
        let spacing = Identifier::spacing(spec.interval_s, scan);
        let column = |matrix: &super::ConfusionMatrix, row: &str, column: usize| {
            let name = rows.get(column).map_or("unknown", String::as_str);
            matrix
                .get(row)
                .and_then(|row| row.get(name))
                .map_or(0.0, |p| p.0)
        };
        let columns = rows.len() + 1;
        let in_no_row = vec![0; rows.len()];
        let bounds: Vec<Vec<u64>> = rows
            .iter()
            .map(|row| {
                let mut sum = 0.0;
                (0..rows.len())
                    .map(|j| {
                        sum += column(&spec.actual, row, j);
                        libm::round(sum * 4_294_967_296.0) as u64
                    })
                    .collect()
            })
            .chain([in_no_row])
            .collect();
        let actual = bounds.iter().map(|bounds| Columns::new(bounds)).collect();
        let belief = spec.assumed.as_ref().unwrap_or(&spec.actual);
        let mut assumed = [[f64::NEG_INFINITY; MAX_COLUMNS]; MAX_COLUMNS];
        for (j, ln) in assumed.iter_mut().enumerate().take(columns) {
            for (ln, row) in ln.iter_mut().zip(&rows) {
                *ln = libm::log(column(belief, row, j));
            }
        }
        let stays = persistence(spacing, spec.appearance.assumed_tau_s());
        let repeated = assumed.map(|ln| ln.map(|ln| ln_repeated(ln, stays)));
        let mut swing = [0.0; MAX_COLUMNS];
        for ln in &assumed[..columns] {
            for (k, swing) in swing.iter_mut().enumerate().take(rows.len()) {
                // Where the row itself becomes impossible its lead may vanish at once.
                let loss = match ln[k] {
                    f64::NEG_INFINITY => f64::INFINITY,
                    own => ln
                        .iter()
                        .fold(0.0, |most: f64, other| most.max(other - own)),
                };
                *swing = loss.max(*swing);
            }
        }
        let mut ln_prior = [f64::NEG_INFINITY; MAX_COLUMNS];
        let mut shares = [[0.0; 3]; MAX_ROWS];
        for (k, row) in rows.iter().enumerate() {
            let weight = if spec.prior.is_empty() {
                1.0
            } else {
                spec.prior.get(row).map_or(0.0, |p| p.0)
            };
            ln_prior[k] = libm::log(weight);
            match spec.over {
                Hypotheses::Affiliations => shares[k][k] = 1.0,
                Hypotheses::Types => shares[k] = shares_of(spec, row),
            }
        }
        let plan = spec
            .flight_plan
            .as_ref()
            .and_then(|id_source| id_source.assumed)
            .map(|belief| {
                let MatchBelief {
                    friend,
                    neutral,
                    hostile,
                } = belief;
                let matched = [friend, neutral, hostile];
                [matched.map(|p| 1.0 - p), matched]
            });
        let row_of_type = types
            .iter()
            .map(|name| match spec.over {
                Hypotheses::Types => rows.iter().position(|row| row == name).map(|row| row as u8),
                Hypotheses::Affiliations => None,
            })
            .collect();
        let place = |row: &String| rows.iter().filter(|other| *other < row).count() as u8;
        let mut identifier = Identifier {
            by_name: rows.iter().map(place).collect(),
            rows,
            spacing,
            appearance: Appearance::of_declarations(&spec.appearance),
            spec: spec.clone(),
            row_of_type,
            actual,
            assumed,
            repeated,
            repeats: stays > 0.0,
            ln_prior,
            shares,
            plan,
            criteria: Criteria {
                on: CriteriaOn::Hostile,
                threshold: spec.identity.hostile,
                id_sources: 1,
                declarations: 0,
            },
            parts: [[[0.0; MAX_COLUMNS]; 4]; 3],
            outlook: [[Outlook {
                certain: f64::INFINITY,
                identity: Identity::Unknown,
            }; 3]; MAX_COLUMNS],
            swing,
            margin: [HostileMargin {
                perilous: [f64::NEG_INFINITY; MAX_COLUMNS],
                floor: [f64::INFINITY; MAX_COLUMNS],
                swing: [f64::INFINITY; MAX_COLUMNS],
            }; 3],
            moves: [f64::INFINITY; MAX_COLUMNS],
            edges: [0.0; 5],
            early: Early {
                most: 0,
                digits: [0; MAX_COLUMNS],
                identities: Vec::new(),
            },
        };
        identifier.prepare();
        identifier
    }

    /// The same with other hostile criteria (rule R2).
    pub fn with_criteria(mut self, criteria: Criteria) -> Identifier {
        self.criteria = criteria;
        self.prepare();
        self
    }

    /// The row that is true of an aircraft.
    pub fn truth_row(&self, type_id: TypeId, affiliation: Affiliation) -> u8 {
        match self.spec.over {
            Hypotheses::Types => self.row_of_type[type_id.index()].unwrap_or(self.rows.len() as u8),
            Hypotheses::Affiliations => affiliation as u8,
        }
    }

    /// What the site declares about an aircraft of this true row: [`Columns::column`] for a word drawn.
    #[inline]
    pub fn declare(&self, truth_row: u8) -> &Columns {
        &self.actual[usize::from(truth_row).min(self.rows.len())]
    }

    /// Time from one declaration to the next at a site with these scans.
    fn spacing(interval_s: f64, scan: Millis) -> Millis {
        let scan_ms = scan.0.max(1);
        let interval_ms = (libm::round(interval_s * 1000.0) as i64).max(1);
        Millis(interval_ms.saturating_add(scan_ms - 1) / scan_ms * scan_ms)
    }

    /// Adds a declaration to the evidence.
    #[inline]
    pub fn add(&self, evidence: &mut Evidence, declared: u8) {
        let column = usize::from(declared) % MAX_COLUMNS;
        if self.repeats && evidence.latest == Some(declared) {
            evidence.repeated[column] += 1;
        } else {
            evidence.counts[column] += 1;
        }
        self.note(evidence, declared);
    }

    /// Adds a declaration that comes `dt` after the one before it, which is not the time it usually is.
    pub fn add_after(&self, evidence: &mut Evidence, declared: u8, dt: Millis) {
        let stays = persistence(dt, self.spec.appearance.assumed_tau_s());
        if stays <= 0.0 || evidence.latest != Some(declared) {
            self.add(evidence, declared);
            return;
        }
        let assumed = &self.assumed[usize::from(declared) % MAX_COLUMNS];
        for (beside, ln) in evidence.beside.iter_mut().zip(assumed) {
            *beside += ln_repeated(*ln, stays);
        }
        evidence.recalled = true;
        // It is one of the track's declarations, and has been weighed.
        let column = usize::from(declared) % MAX_COLUMNS;
        evidence.apart[column] += 1;
        self.note(evidence, declared);
    }

    fn note(&self, evidence: &mut Evidence, declared: u8) {
        evidence.id_sources += u32::from(usize::from(declared) < self.rows.len());
        evidence.latest = Some(declared);
        evidence.made += 1;
        evidence.quiet = evidence.quiet.saturating_sub(1);
        evidence.wear(1);
    }

    /// What is left of the evidence about a track that was lost, for one that is taken for the same: `kept` of each logarithm. The
    /// last declaration stands, and so does how many there were.
    pub fn recall(&self, evidence: &Evidence, kept: f64) -> Evidence {
        Evidence {
            beside: self.ln_own(evidence).map(|ln| kept * ln),
            recalled: true,
            id_sources: evidence.id_sources,
            latest: evidence.latest,
            ..Evidence::NONE
        }
    }

    /// What the site's own declarations about a track say.
    pub fn tells(&self, evidence: &Evidence) -> Told {
        let own = self.ln_own::<MAX_COLUMNS>(evidence);
        let mut told = Told {
            declarations: evidence.id_sources,
            ..Told::NOTHING
        };
        for (&place, ln) in self.by_name.iter().zip(own) {
            told.ln[usize::from(place)] = ln;
        }
        told
    }

    /// Takes note of what other sites declared about a track, in place of what they had; whether that is something else.
    pub fn hear(&self, evidence: &mut Evidence, told: &Told) -> bool {
        let counts = 1.0 - self.spec.appearance.assumed_gamma;
        let heard = counts > 0.0 && *told != Told::NOTHING;
        let mut ln = [0.0; MAX_COLUMNS];
        if heard {
            for (ln, &place) in ln.iter_mut().zip(&self.by_name) {
                *ln = counts * told.ln[usize::from(place)];
            }
        }
        let declarations = if heard { told.declarations } else { 0 };
        if (evidence.told, evidence.told_declarations) == (ln, declarations) {
            return false;
        }
        (evidence.told, evidence.told_declarations) = (ln, declarations);
        evidence.informed = heard;
        (evidence.quiet, evidence.firm) = (0, None);
        true
    }

    /// By row: the sum of ln P(declaration | row) over all declarations, those of other sites included.
    #[inline(always)]
    fn ln_likelihood<const W: usize>(&self, evidence: &Evidence) -> [f64; W] {
        let mut sums = self.ln_own::<W>(evidence);
        if evidence.informed {
            for (sum, told) in sums.iter_mut().zip(evidence.told) {
                *sum += told;
            }
        }
        sums
    }

    /// The same of the site's own declarations.
    #[inline(always)]
    fn ln_own<const W: usize>(&self, evidence: &Evidence) -> [f64; W] {
        let mut sums = [0.0; W];
        if evidence.recalled {
            sums.copy_from_slice(&evidence.beside[..W]);
        }
        let mut add = |counts: &[u32; MAX_COLUMNS], table: &[[f64; MAX_COLUMNS]; MAX_COLUMNS]| {
            for (&count, ln) in counts[..=self.rows.len()].iter().zip(table) {
                // What was never declared says nothing, not even where it is impossible.
                if count > 0 {
                    for (sum, ln) in sums.iter_mut().zip(ln) {
                        *sum += f64::from(count) * ln;
                    }
                }
            }
        };
        add(&evidence.counts, &self.assumed);
        if self.repeats {
            add(&evidence.repeated, &self.repeated);
        }
        sums
    }

    /// Whether a declaration that repeats the one before it says something else than one that differs.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// Whether [`Identifier::declare_run`] will do: declarations are fused, and no plan check comes with each.
    pub fn takes_runs(&self) -> bool {
        self.spec.combine == Combine::Fused
    }

    /// Makes the declarations of some scans of a block, given as bits, one after another: what [`Identifier::add`] and
    /// [`Identifier::identity`] without plan check would do for each.
    pub fn declare_run(
        &self,
        declared: &DeclaredBlock,
        scans: u64,
        evidence: &mut Evidence,
        noted: Noted,
    ) -> RunOutcome {
        // Vectors of fixed width, as narrow as the matrix allows.
        match self.rows.len() {
            0..=4 => self.declare_run_of::<4>(declared, scans, evidence, noted),
            5..=8 => self.declare_run_of::<8>(declared, scans, evidence, noted),
            _ => self.declare_run_of::<MAX_COLUMNS>(declared, scans, evidence, noted),
        }
    }

    #[inline(always)]
    fn declare_run_of<const W: usize>(
        &self,
        declared: &DeclaredBlock,
        scans: u64,
        evidence: &mut Evidence,
        mut noted: Noted,
    ) -> RunOutcome {
        let mut outcome = RunOutcome::default();
        let mut left = Bits::new(scans);
        self.early_of(declared, &mut left, evidence, &mut noted, &mut outcome);
        while left.count > 0 {
            if evidence.quiet == 0 {
                evidence.quiet = self.quiet::<W>(evidence, noted);
            }
            // As many unwatched as may be, or one watched.
            let some = left.take_lowest(evidence.quiet.max(1));
            self.count(declared, some, evidence);
            if evidence.quiet == 0 {
                let identity = self.identity_in::<W>(evidence, None);
                outcome.note(some.bits.trailing_zeros() as usize, identity, &mut noted);
            } else {
                evidence.quiet -= some.count;
            }
        }
        outcome
    }

    /// Takes out those declarations of a run after which the identity is tabled, and makes them, if there is anything to be
    /// noted.
    #[inline(always)]
    fn early_of(
        &self,
        declared: &DeclaredBlock,
        scans: &mut Bits,
        evidence: &mut Evidence,
        noted: &mut Noted,
        outcome: &mut RunOutcome,
    ) {
        let tabled = evidence.made < self.early.most && !evidence.recalled && !evidence.informed;
        if !tabled || noted.identified && noted.hostile {
            return;
        }
        let early = scans.take_lowest(self.early.most - evidence.made);
        let mut number = self.early.number(&evidence.counts);
        let mut left = early.bits;
        while left != 0 {
            let scan = left.trailing_zeros() as usize;
            let column = usize::from(declared.column(scan));
            number += self.early.digits[column % MAX_COLUMNS] as usize;
            if let Some(&identity) = self.early.identities.get(number) {
                outcome.note(scan, identity, noted);
            }
            left &= left - 1;
        }
        self.count(declared, early, evidence);
        evidence.quiet = 0;
    }

    /// Adds declarations to the evidence, all but what [`Evidence::quiet`] is about.
    #[inline(always)]
    fn count(&self, declared: &DeclaredBlock, scans: Bits, evidence: &mut Evidence) {
        let unknown = self.rows.len() % MAX_COLUMNS;
        let of_unknown =
            |evidence: &Evidence| evidence.counts[unknown] + evidence.repeated[unknown];
        let before = of_unknown(evidence);
        if self.repeats {
            self.count_repeats(declared, scans, evidence);
        } else {
            declared.count(scans, &mut evidence.counts);
        }
        evidence.made += scans.count;
        evidence.id_sources += scans.count - (of_unknown(evidence) - before);
        if let Some(last) = scans.bits.checked_ilog2() {
            evidence.latest = Some(declared.column(last as usize));
        }
        evidence.wear(scans.count);
    }

    /// Counts declarations in runs of the same column, the first of each by itself if it differs from the one before.
    fn count_repeats(&self, declared: &DeclaredBlock, scans: Bits, evidence: &mut Evidence) {
        let (mut left, mut latest) = (scans.bits, evidence.latest);
        while left != 0 {
            let column = declared.column(left.trailing_zeros() as usize);
            let run = first_run(left, declared.declares(column));
            let first = u32::from(latest != Some(column));
            evidence.counts[usize::from(column)] += first;
            evidence.repeated[usize::from(column)] += run.count_ones() - first;
            latest = Some(column);
            left &= !run;
        }
    }

    /// Whether `identity`, which follows without plan check, stays what follows whatever the next `count` declarations are.
    pub fn holds(&self, evidence: &mut Evidence, identity: Identity, count: usize) -> bool {
        let lasts = |evidence: &Evidence| evidence.firm.is_some_and(|left| left as usize >= count);
        if !lasts(evidence) && self.spec.combine == Combine::Fused {
            evidence.firm = match self.rows.len() {
                0..=4 => self.firm::<4>(evidence, identity),
                5..=8 => self.firm::<8>(evidence, identity),
                _ => self.firm::<MAX_COLUMNS>(evidence, identity),
            };
        }
        lasts(evidence)
    }

    /// How many of the next declarations leave the identity what it is: as many as the lead of the heaviest row lasts at
    /// the worst, if that row makes it what it is.
    fn firm<const W: usize>(&self, evidence: &Evidence, identity: Identity) -> Option<u32> {
        let standing = self.standing::<W>(evidence);
        let outlook = &self.outlook[standing.top][0];
        // A little less than there is, for rounding.
        let spare = standing.lead - outlook.certain.max(0.0) - 1e-6;
        (outlook.identity == identity && self.enough(evidence.spoken(), None) && spare > 0.0)
            .then(|| (spare / self.swing[standing.top]) as u32)
    }

    /// How many of the next declarations, whatever they are, can neither be the first to identify the track nor the first
    /// to make it Hostile: as many as a lead lasts at the worst.
    #[inline(always)]
    fn quiet<const W: usize>(&self, evidence: &Evidence, noted: Noted) -> u32 {
        if noted.identified && noted.hostile {
            return u32::MAX;
        }
        // A lead that is no number (everything is impossible) or too small lasts for none; one that cannot shrink, for all.
        if !noted.identified {
            let standing = self.standing::<W>(evidence);
            let outlook = &self.outlook[standing.top][0];
            if outlook.identity.declared() {
                return 0;
            }
            // A little less than there is, for rounding.
            let lead = standing.lead - 1e-6 - outlook.certain.max(0.0);
            return (lead / self.swing[standing.top]) as u32;
        }
        self.before_hostile_in::<W>(evidence, None)
    }

    /// How many of the next declarations, whatever they are, cannot make a track Hostile while the plan check stays what it is.
    pub fn before_hostile(&self, evidence: &Evidence, matched: Option<bool>) -> u32 {
        if self.spec.combine == Combine::Single {
            return 0;
        }
        match self.rows.len() {
            0..=4 => self.before_hostile_in::<4>(evidence, matched),
            5..=8 => self.before_hostile_in::<8>(evidence, matched),
            _ => self.before_hostile_in::<MAX_COLUMNS>(evidence, matched),
        }
    }

    #[inline(always)]
    fn before_hostile_in<const W: usize>(&self, evidence: &Evidence, matched: Option<bool>) -> u32 {
        let sums = self.ln_likelihood::<W>(evidence);
        let ln: [f64; W] = std::array::from_fn(|k| self.ln_prior[k] + sums[k]);
        let margin = &self.margin[plan_index(matched)];
        let worst = (0..W)
            .map(|k| ln[k] + margin.perilous[k])
            .fold(f64::NEG_INFINITY, larger);
        (0..W)
            .map(|k| (ln[k] - worst - margin.floor[k]) / margin.swing[k])
            .fold(0.0, |most, lasts| larger(lasts, most)) as u32
    }

    /// Makes the declarations of some scans of a block, given as bits, one after another until one changes the identity, which now is
    /// `identity`, while the plan check stays what it is. The scans whose declarations were made, and the identity then.
    pub fn declare_while(
        &self,
        declared: &DeclaredBlock,
        scans: u64,
        evidence: &mut Evidence,
        identity: Identity,
        matched: Option<bool>,
    ) -> (u64, Identity) {
        let mut left = scans;
        while left != 0 {
            let column = declared.column(left.trailing_zeros() as usize);
            let mut run = Bits::new(first_run(left, declared.declares(column)));
            while run.count > 0 {
                let calm = if evidence.latest == Some(column) {
                    self.calm(evidence, column, matched)
                } else {
                    0
                };
                let some = run.take_lowest(calm.max(1));
                self.count(declared, some, evidence);
                left &= !some.bits;
                evidence.quiet = 0;
                if calm == 0 {
                    let now = self.identity(evidence, matched);
                    if now != identity {
                        return (scans & !left, now);
                    }
                }
            }
        }
        (scans, identity)
    }

    /// So many more declarations of the column that was declared last leave the identity what it is, while the plan check stays what
    /// it is: none moves the log-odds of any rows against the others by more than [`Identifier::moves`].
    fn calm(&self, evidence: &Evidence, column: u8, matched: Option<bool>) -> u32 {
        let spread = self.moves[usize::from(column) % MAX_COLUMNS];
        if self.spec.combine == Combine::Single || spread == f64::INFINITY {
            return 0;
        }
        let Some([friend, neutral, hostile, criterion]) = self.odds(evidence, matched) else {
            return 0;
        };
        let [edge, friend_edge, neutral_edge, suspect_edge, assumed_edge] = self.edges;
        let away = [
            criterion - edge,
            friend - friend_edge,
            neutral - neutral_edge,
            hostile - suspect_edge,
            friend - assumed_edge,
        ];
        let margin = away.into_iter().fold(f64::INFINITY, |least, away| {
            // What is no number is on both sides at once.
            if away.is_nan() {
                0.0
            } else {
                least.min(away.abs())
            }
        });
        // A little less than there is, for rounding.
        let lasts = ((margin - 1e-6) / spread) as u32;
        lasts.min(self.before_enough(evidence, column, matched))
    }

    /// So many more declarations of a column do not make enough what is not enough.
    fn before_enough(&self, evidence: &Evidence, column: u8, matched: Option<bool>) -> u32 {
        let counts = usize::from(column) < self.rows.len();
        if !counts || self.enough(evidence.spoken(), matched) {
            return u32::MAX;
        }
        let missing = self.criteria.declarations.saturating_sub(evidence.spoken());
        if missing == 0 { u32::MAX } else { missing - 1 }
    }

    /// ln of the odds of friend, of neutral, of hostile and of what the criteria are about; nothing where they cannot be told well.
    fn odds(&self, evidence: &Evidence, matched: Option<bool>) -> Option<[f64; 4]> {
        match self.rows.len() {
            0..=4 => self.odds_in::<4>(evidence, matched),
            5..=8 => self.odds_in::<8>(evidence, matched),
            _ => self.odds_in::<MAX_COLUMNS>(evidence, matched),
        }
    }

    #[inline(always)]
    fn odds_in<const W: usize>(
        &self,
        evidence: &Evidence,
        matched: Option<bool>,
    ) -> Option<[f64; 4]> {
        let standing = self.standing::<W>(evidence);
        let outlook = &self.outlook[standing.top][plan_index(matched)];
        if outlook.certain == f64::INFINITY || standing.best == f64::NEG_INFINITY {
            return None;
        }
        let [friend, neutral, hostile, criterion] = self.short_sums(&standing, matched);
        let of = |part: f64, others: f64| libm::log(part) - libm::log(others);
        let hostile_odds = of(hostile, friend + neutral);
        let criterion_odds = match self.criteria.on {
            CriteriaOn::Hostile => hostile_odds,
            CriteriaOn::Type(_) => {
                let others = friend + neutral + hostile - criterion;
                // The difference of two that are nearly alike says little.
                if others < 1e-6 * criterion {
                    return None;
                }
                of(criterion, others)
            }
        };
        Some([
            of(friend, neutral + hostile),
            of(neutral, friend + hostile),
            hostile_odds,
            criterion_odds,
        ])
    }

    /// Which of some scans of a block, given as bits, is the first whose declaration makes a track Hostile while the plan check stays
    /// what it is. Nothing is declared by asking.
    pub fn first_hostile(
        &self,
        declared: &DeclaredBlock,
        scans: u64,
        evidence: &Evidence,
        matched: Option<bool>,
    ) -> Option<usize> {
        let mut evidence = *evidence;
        let mut left = Bits::new(scans);
        while left.count > 0 {
            let harmless = left.take_lowest(self.before_hostile(&evidence, matched));
            self.count(declared, harmless, &mut evidence);
            let next = left.take_lowest(1);
            self.count(declared, next, &mut evidence);
            if next.count == 0 {
                return None;
            }
            let identity = self.identity(&evidence, matched);
            if identity == Identity::Hostile {
                return Some(next.bits.trailing_zeros() as usize);
            }
            if self.repeats {
                // As it repeats itself, what is declared leaves the identity what it is for longer than any declarations would.
                let (made, now) =
                    self.declare_while(declared, left.bits, &mut evidence, identity, matched);
                if now == Identity::Hostile {
                    return made.checked_ilog2().map(|bit| bit as usize);
                }
                left = Bits::new(left.bits & !made);
            }
        }
        None
    }

    /// The posterior that the criteria are about, after one declaration and nothing else but the plan check.
    pub fn criterion_after(&self, declared: u8, matched: Option<bool>) -> f64 {
        let mut evidence = Evidence::NONE;
        self.add(&mut evidence, declared);
        self.criterion(&self.posterior(&evidence, matched))
    }

    /// The criteria in force.
    pub fn criteria(&self) -> &Criteria {
        &self.criteria
    }

    /// What the site expects before it looks: P(friend), P(neutral), P(hostile).
    pub fn prior(&self) -> [f64; 3] {
        self.posterior(&Evidence::NONE, None).affiliation
    }

    /// The posterior, by the plain sum.
    pub fn posterior(&self, evidence: &Evidence, matched: Option<bool>) -> Posterior {
        let count = self.rows.len();
        let mut weight = [0.0; MAX_ROWS];
        match (self.spec.combine, evidence.latest) {
            (Combine::Single, Some(latest)) if usize::from(latest) < count => {
                weight[usize::from(latest)] = 1.0
            }
            (Combine::Single, _) => {
                for (weight, ln_prior) in weight.iter_mut().zip(self.ln_prior).take(count) {
                    *weight = libm::exp(ln_prior);
                }
            }
            (Combine::Fused, _) => {
                let sums = self.ln_likelihood::<MAX_COLUMNS>(evidence);
                let ln = |k: usize| self.ln_prior[k] + sums[k];
                // The heaviest row that the plan check leaves possible: measured by it, the sum cannot underflow.
                let id_source = self.id_source(matched);
                let possible = |&k: &usize| (0..3).any(|a| self.shares[k][a] * id_source[a] > 0.0);
                let top = (0..count)
                    .filter(possible)
                    .map(ln)
                    .fold(f64::NEG_INFINITY, f64::max);
                for (k, weight) in weight.iter_mut().enumerate().take(count) {
                    // All rows impossible: nothing is known. A row that the plan check rules out weighs nothing.
                    *weight = match top {
                        f64::NEG_INFINITY => 1.0,
                        _ if possible(&k) => libm::exp(ln(k) - top),
                        _ => 0.0,
                    };
                }
            }
        }
        let id_source = self.id_source(matched);
        let mut affiliation = [0.0; 3];
        let mut row = [0.0; MAX_ROWS];
        let mut sum = 0.0;
        for k in 0..count {
            for a in 0..3 {
                let part = weight[k] * self.shares[k][a] * id_source[a];
                affiliation[a] += part;
                row[k] += part;
                sum += part;
            }
        }
        if sum > 0.0 {
            affiliation = affiliation.map(|part| part / sum);
            row = row.map(|part| part / sum);
        }
        Posterior { affiliation, row }
    }

    /// The identity that follows from the evidence and the plan check (`None`: no check is made).
    #[inline]
    pub fn identity(&self, evidence: &Evidence, matched: Option<bool>) -> Identity {
        if self.spec.combine == Combine::Single || evidence.latest.is_none() {
            return self.identity_by_sum(evidence, matched);
        }
        if matched.is_none()
            && let Some(identity) = self.early.identity(evidence)
        {
            return identity;
        }
        match self.rows.len() {
            0..=4 => self.identity_in::<4>(evidence, matched),
            5..=8 => self.identity_in::<8>(evidence, matched),
            _ => self.identity_in::<MAX_COLUMNS>(evidence, matched),
        }
    }

    fn identity_in<const W: usize>(&self, evidence: &Evidence, matched: Option<bool>) -> Identity {
        self.identity_of(&self.standing::<W>(evidence), evidence, matched)
    }

    /// The best row and the second best, without branches on what was drawn: by rounds, as in a tournament, in which the
    /// second best is the best of all that lost to the winner or to somebody else.
    #[inline(always)]
    fn standing<const W: usize>(&self, evidence: &Evidence) -> Standing<W> {
        let sums = self.ln_likelihood::<W>(evidence);
        let ln: [f64; W] = std::array::from_fn(|k| self.ln_prior[k] + sums[k]);
        let (mut winners, mut losers) = (ln, [f64::NEG_INFINITY; W]);
        let mut left = W;
        while left > 1 {
            left /= 2;
            for k in 0..left {
                let (one, other) = (winners[k], winners[k + left]);
                let (winner, loser) = if one > other {
                    (one, other)
                } else {
                    (other, one)
                };
                winners[k] = winner;
                losers[k] = larger(loser, larger(losers[k], losers[k + left]));
            }
        }
        let (best, second) = (winners[0], losers[0]);
        let mut top = 0;
        for (k, &ln) in ln.iter().enumerate().rev() {
            top = if ln == best { k } else { top };
        }
        Standing {
            ln,
            top: top % MAX_COLUMNS,
            best,
            lead: best - second,
        }
    }

    /// The identity after at least one declaration, fused.
    #[inline(always)]
    fn identity_of<const W: usize>(
        &self,
        standing: &Standing<W>,
        evidence: &Evidence,
        matched: Option<bool>,
    ) -> Identity {
        let declarations = evidence.spoken();
        let outlook = &self.outlook[standing.top][plan_index(matched)];
        if standing.lead > outlook.certain && self.enough(declarations, matched) {
            return outlook.identity;
        }
        // Where the plan check rules the best row out, the short sum would measure the others by a row that is none.
        if outlook.certain < f64::INFINITY && standing.best > f64::NEG_INFINITY {
            return self.identity_by_short_sum(standing, declarations, matched);
        }
        self.identity_by_sum(evidence, matched)
    }

    /// The same by the plain sum.
    pub fn identity_by_sum(&self, evidence: &Evidence, matched: Option<bool>) -> Identity {
        if evidence.latest.is_none() {
            return Identity::Pending;
        }
        if self.spec.combine == Combine::Single
            && evidence
                .latest
                .is_some_and(|latest| usize::from(latest) == self.rows.len())
        {
            return Identity::Unknown;
        }
        let enough = self.enough(evidence.spoken(), matched);
        self.judge(&self.posterior(evidence, matched), enough)
    }

    /// The same sum without the posteriors nobody asks for: affiliations, and what the criteria are about.
    #[inline(always)]
    fn identity_by_short_sum<const W: usize>(
        &self,
        standing: &Standing<W>,
        declarations: u32,
        matched: Option<bool>,
    ) -> Identity {
        let [friend, neutral, hostile, criterion] = self.short_sums(standing, matched);
        let scale = 1.0 / (friend + neutral + hostile);
        let enough = self.enough(declarations, matched);
        let affiliation = [friend, neutral, hostile].map(|part| part * scale);
        self.judge_by(affiliation, criterion * scale, enough)
    }

    /// What the rows weigh for each affiliation, and for what the criteria are about, measured by the best row.
    #[inline(always)]
    fn short_sums<const W: usize>(
        &self,
        standing: &Standing<W>,
        matched: Option<bool>,
    ) -> [f64; 4] {
        let mut weight = standing.ln;
        for weight in &mut weight {
            *weight = exp_of_negative(*weight - standing.best);
        }
        let parts = &self.parts[plan_index(matched)];
        let mut sums = [0.0; 4];
        for (sum, parts) in sums.iter_mut().zip(parts) {
            for (weight, part) in weight.iter().zip(parts) {
                *sum += weight * part;
            }
        }
        sums
    }

    /// Whether so many declarations other than `unknown`, with the plan check, are all that the criteria ask for besides the
    /// posterior: more of either never make it less.
    #[inline(always)]
    fn enough(&self, declarations: u32, matched: Option<bool>) -> bool {
        let sources = declarations.min(1) + u32::from(self.plan.is_some() && matched.is_some());
        self.meets(declarations, sources)
    }

    /// Whether so many declarations other than `unknown`, and so many ID sources that have spoken, are.
    #[inline(always)]
    pub(super) fn meets(&self, declarations: u32, sources: u32) -> bool {
        declarations >= self.criteria.declarations && sources >= self.criteria.id_sources
    }

    fn id_source(&self, matched: Option<bool>) -> [f64; 3] {
        match (self.plan, matched) {
            (Some(plan), Some(matched)) => plan[usize::from(matched)],
            _ => [1.0; 3],
        }
    }

    /// ln of what each row weighs by the prior alone.
    pub(super) fn ln_prior_of_rows(&self) -> [f64; MAX_ROWS] {
        std::array::from_fn(|k| self.ln_prior[k])
    }

    /// ln of what each row weighs by prior and declarations, with or without those of other sites.
    pub(super) fn ln_rows(&self, evidence: &Evidence, all: bool) -> [f64; MAX_ROWS] {
        let sums = if all {
            self.ln_likelihood::<MAX_COLUMNS>(evidence)
        } else {
            self.ln_own(evidence)
        };
        std::array::from_fn(|k| match (self.spec.combine, evidence.latest) {
            (Combine::Fused, _) => self.ln_prior[k] + sums[k],
            (Combine::Single, Some(latest)) if self.at_face_value(Some(latest)) => {
                libm::log(f64::from(u8::from(usize::from(latest) == k)))
            }
            (Combine::Single, _) => self.ln_prior[k],
        })
    }

    /// How rows divide into affiliations.
    pub fn shares(&self) -> &[[f64; 3]; MAX_ROWS] {
        &self.shares
    }

    /// P(plan check | affiliation) as assumed, where a check is made and is evidence.
    pub(super) fn plan_belief(&self, matched: Option<bool>) -> Option<[f64; 3]> {
        Some(self.plan?[usize::from(matched?)])
    }

    /// Whether this declaration is of a row and taken at face value.
    pub(super) fn at_face_value(&self, latest: Option<u8>) -> bool {
        self.spec.combine == Combine::Single
            && latest.is_some_and(|latest| usize::from(latest) < self.rows.len())
    }

    /// Whether this declaration is `unknown`, taken at face value: alone it leaves the identity unknown.
    pub(super) fn is_unknown_alone(&self, latest: Option<u8>) -> bool {
        self.spec.combine == Combine::Single && latest.is_some() && !self.at_face_value(latest)
    }

    /// By row: ln of what each weighs by the prior and what is remembered, if anything is.
    pub(super) fn ln_remembered(&self, evidence: &Evidence) -> Option<[f64; MAX_ROWS]> {
        let fused = self.spec.combine == Combine::Fused;
        (evidence.recalled && fused)
            .then(|| std::array::from_fn(|k| self.ln_prior[k] + evidence.beside[k]))
    }

    /// The identity by the thresholds; Hostile only where there is `enough`: [`Identifier::meets`].
    pub(super) fn judge(&self, posterior: &Posterior, enough: bool) -> Identity {
        self.judge_by(posterior.affiliation, self.criterion(posterior), enough)
    }

    fn judge_by(
        &self,
        [p_friend, p_neutral, p_hostile]: [f64; 3],
        criterion: f64,
        enough: bool,
    ) -> Identity {
        let IdentityThresholds {
            hostile,
            friend,
            neutral,
            suspect,
            assumed_friend,
        } = self.spec.identity;
        if enough && criterion > self.criteria.threshold {
            Identity::Hostile
        } else if p_friend > friend {
            Identity::Friend
        } else if p_neutral > neutral {
            Identity::Neutral
        } else if p_hostile > suspect.min(hostile) {
            Identity::Suspect
        } else if p_friend > assumed_friend {
            Identity::AssumedFriend
        } else {
            Identity::Unknown
        }
    }

    fn criterion(&self, posterior: &Posterior) -> f64 {
        match self.criteria.on {
            CriteriaOn::Hostile => posterior.affiliation[2],
            CriteriaOn::Type(type_id) => match self.row_of_type.get(type_id.index()) {
                Some(Some(row)) => posterior.row[usize::from(*row)],
                _ => 0.0,
            },
        }
    }

    /// What the identity is when one row is certain, and how far that row's logarithm must lead for it to be so.
    ///
    /// All other rows together weigh at most others = (rows - 1) e^-lead, against w, what the plan check leaves of the
    /// row. So no posterior is farther than others / w from that of the row alone, which is less than its distance from
    /// every threshold once the lead is large enough.
    fn prepare_outlook(&mut self) {
        let thresholds = self.spec.identity;
        let others = (self.rows.len() as f64 - 1.0).max(1.0);
        for k in 0..self.rows.len() {
            for (index, matched) in [None, Some(false), Some(true)].into_iter().enumerate() {
                let id_source = self.id_source(matched);
                let parts: [f64; 3] = std::array::from_fn(|a| self.shares[k][a] * id_source[a]);
                let left: f64 = parts.iter().sum();
                let of_criteria = match self.criteria.on {
                    CriteriaOn::Hostile => parts[2],
                    CriteriaOn::Type(id) => match self.row_of_type.get(id.index()) {
                        Some(&Some(row)) if usize::from(row) == k => left,
                        _ => 0.0,
                    },
                };
                for (part, value) in self.parts[index]
                    .iter_mut()
                    .zip(parts.into_iter().chain([of_criteria]))
                {
                    part[k] = value;
                }
                if left <= 0.0 {
                    continue;
                }
                let mut row = [0.0; MAX_ROWS];
                row[k] = 1.0;
                let posterior = Posterior {
                    affiliation: parts.map(|part| part / left),
                    row,
                };
                let [friend, neutral, hostile] = posterior.affiliation;
                let distance = [
                    self.criterion(&posterior) - self.criteria.threshold,
                    friend - thresholds.friend,
                    neutral - thresholds.neutral,
                    hostile - thresholds.suspect.min(thresholds.hostile),
                    friend - thresholds.assumed_friend,
                ]
                .into_iter()
                .fold(f64::INFINITY, |least, distance| least.min(distance.abs()));
                self.outlook[k][index] = Outlook {
                    // A little more than enough, for rounding; a threshold that is met exactly leaves it to the sum.
                    certain: libm::log(others / (left * distance)) + 1e-6,
                    identity: self.judge(&posterior, true),
                };
            }
        }
    }

    /// How far the rows are from making a track Hostile.
    ///
    /// What the criteria are about is above the threshold t where the sum of w_j (c_j - t s_j) over the rows is positive; s_j is what
    /// the plan check leaves of row j, and c_j the part of that which the criteria are about. Perilous rows, those with c_j > t s_j,
    /// add at most n w m, where n is their number, w the heaviest and m the largest of these differences; every other row k takes
    /// w_k (t s_k - c_k) away.
    fn prepare_peril(&mut self) {
        for index in 0..3 {
            let parts = self.parts[index];
            let threshold = self.criteria.threshold;
            let excess = |k: usize| {
                let left = parts[0][k] + parts[1][k] + parts[2][k];
                parts[3][k] - threshold * left
            };
            let perilous = |k: &usize| excess(*k) > 0.0;
            let rows = 0..self.rows.len();
            let number = rows.clone().filter(perilous).count() as f64;
            let most = rows.clone().map(excess).fold(0.0, larger);
            for k in rows.clone() {
                let margin = &mut self.margin[index];
                let room = -excess(k);
                if room < 0.0 {
                    margin.perilous[k] = 0.0;
                    margin.floor[k] = f64::INFINITY;
                    continue;
                }
                margin.perilous[k] = f64::NEG_INFINITY;
                // A little more than enough, for rounding.
                margin.floor[k] = if room > 0.0 {
                    libm::log(number * most / room) + 1e-3
                } else {
                    f64::INFINITY
                };
                let loss = |ln: &[f64; MAX_COLUMNS]| match ln[k] {
                    // Where the row itself becomes impossible its lead may vanish at once.
                    f64::NEG_INFINITY => f64::INFINITY,
                    own => rows
                        .clone()
                        .filter(perilous)
                        .fold(0.0, |most, j| larger(ln[j] - own, most)),
                };
                let columns = &self.assumed[..=rows.end];
                margin.swing[k] = columns.iter().map(loss).fold(0.0, larger);
            }
        }
    }

    /// The table of what follows from few declarations.
    fn prepare_early(&mut self) {
        let columns = self.rows.len() + 1;
        self.early.most = 0;
        self.early.identities.clear();
        if self.spec.combine == Combine::Single || self.repeats {
            return;
        }
        let room = |most: usize| (most + 1).checked_pow(columns as u32);
        let most = (1..).take_while(|&most| room(most).is_some_and(|room| room <= Early::ROOM));
        let base = most.last().map_or(1, |most| most + 1);
        for (column, digit) in self.early.digits[..columns].iter_mut().enumerate() {
            *digit = base.pow(column as u32) as u32;
        }
        let numbers = 0..base.pow(columns as u32);
        let identities = numbers.map(|number| {
            let mut evidence = Evidence::NONE;
            let mut rest = number;
            for count in &mut evidence.counts[..columns] {
                *count = (rest % base) as u32;
                rest /= base;
            }
            evidence.made = evidence.counts.iter().sum();
            if evidence.made == 0 || evidence.made as usize >= base {
                return Identity::Pending;
            }
            evidence.id_sources = evidence.made - evidence.counts[columns - 1];
            evidence.latest = Some(0);
            self.identity(&evidence, None)
        });
        self.early.identities = identities.collect();
        self.early.most = base as u32 - 1;
    }

    /// How far a repetition moves the log-odds, and where the thresholds are.
    fn prepare_calm(&mut self) {
        let rows = self.rows.len();
        for (moves, ln) in self.moves.iter_mut().zip(&self.repeated).take(rows + 1) {
            let most = ln[..rows].iter().copied().fold(f64::NEG_INFINITY, larger);
            let least = ln[..rows].iter().copied().fold(f64::INFINITY, f64::min);
            *moves = if least > f64::NEG_INFINITY {
                most - least
            } else {
                f64::INFINITY
            };
        }
        let thresholds = self.spec.identity;
        self.edges = [
            self.criteria.threshold,
            thresholds.friend,
            thresholds.neutral,
            thresholds.suspect.min(thresholds.hostile),
            thresholds.assumed_friend,
        ]
        .map(|threshold| libm::log(threshold) - libm::log(1.0 - threshold));
    }

    fn prepare(&mut self) {
        self.prepare_calm();
        self.prepare_outlook();
        self.prepare_peril();
        self.prepare_early();
    }
}

/// ln of P(the same again | row): nothing was drawn anew, or the same was; `ln` is that of P(column | row).
fn ln_repeated(ln: f64, stays: f64) -> f64 {
    if stays > 0.0 {
        libm::log(stays + (1.0 - stays) * libm::exp(ln))
    } else {
        ln
    }
}

/// The lowest of some bits up to the first that is not among `alike`.
fn first_run(bits: u64, alike: u64) -> u64 {
    let others = bits & !alike;
    bits & others.wrapping_sub(1) & !others
}

/// How a type divides into affiliations in the site's belief; without a word it is neutral.
fn shares_of(spec: &IdentificationSpec, row: &str) -> [f64; 3] {
    let share = spec.affiliations.get(row);
    let parts = share.map_or([0.0, 1.0, 0.0], |s| [s.friend, s.neutral, s.hostile]);
    let sum: f64 = parts.iter().sum();
    parts.map(|part| if sum > 0.0 { part / sum } else { 1.0 / 3.0 })
}

fn larger(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

fn plan_index(matched: Option<bool>) -> usize {
    match matched {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identification::{
        AffiliationShares, AppearanceSpec, FlightPlanSourceSpec, NonNegative, Probability,
    };
    use crate::streams::BLOCK;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const AFFILIATIONS: [&str; 3] = ["friend", "neutral", "hostile"];
    const TYPES: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];

    /// A matrix from weights, eight a row; weights below a fifth are 0.
    fn matrix(rows: &[&str], weights: &[f64]) -> super::super::ConfusionMatrix {
        let row = |k: usize, name: &str| {
            let column = |j: usize| {
                if weights[8 * k + j] < 0.2 {
                    0.0
                } else {
                    weights[8 * k + j]
                }
            };
            // Nobody declares nothing at all.
            let sum: f64 = (0..=rows.len()).map(column).sum::<f64>() + 0.1;
            let names = rows.iter().copied().chain(["unknown"]).enumerate();
            let entry = |(j, name): (usize, &str)| {
                let rest = if j == rows.len() { 0.1 } else { 0.0 };
                (name.to_string(), Probability((column(j) + rest) / sum))
            };
            (name.to_string(), names.map(entry).collect())
        };
        rows.iter()
            .enumerate()
            .map(|(k, name)| row(k, name))
            .collect()
    }

    fn spec(over: Hypotheses, actual: super::super::ConfusionMatrix) -> IdentificationSpec {
        IdentificationSpec {
            over,
            interval_s: 10.0,
            combine: Combine::Fused,
            appearance: AppearanceSpec {
                tau_s: 0.0,
                ..AppearanceSpec::default()
            },
            actual,
            assumed: None,
            prior: BTreeMap::new(),
            affiliations: BTreeMap::new(),
            identity: IdentityThresholds::default(),
            flight_plan: None,
            iff: None,
            transponder: None,
            optical: None,
            profile: None,
            origin: None,
            faults: None,
            operator: None,
        }
    }

    fn id_source(friend: f64, neutral: f64, hostile: f64) -> FlightPlanSourceSpec {
        FlightPlanSourceSpec {
            lateral_gate_m: 1.0,
            vertical_gate_m: 1.0,
            window_s: 1.0,
            correlation: 1.0,
            chance_match: 0.0,
            any_plan: false,
            assumed: Some(MatchBelief {
                friend,
                neutral,
                hostile,
            }),
        }
    }

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| name.to_string()).collect()
    }

    /// A matrix that says the same of every row: every declaration is `unknown`.
    fn silent() -> super::super::ConfusionMatrix {
        AFFILIATIONS
            .iter()
            .map(|row| {
                (
                    row.to_string(),
                    BTreeMap::from([("unknown".into(), Probability(1.0))]),
                )
            })
            .collect()
    }

    /// Prior .02 : .20 : .60 (a missing reply put in by hand); a plan is matched with .8, .8, .02.
    #[test]
    fn the_plan_id_source_gives_the_known_posteriors() {
        let mut spec = spec(Hypotheses::Affiliations, silent());
        spec.prior = AFFILIATIONS
            .iter()
            .zip([0.02, 0.2, 0.6])
            .map(|(row, p)| (row.to_string(), NonNegative(p)))
            .collect();
        let without = Identifier::new(&spec, &[], Millis(10_000));
        spec.flight_plan = Some(id_source(0.8, 0.8, 0.02));
        let with = Identifier::new(&spec, &[], Millis(10_000));
        let mut evidence = Evidence::NONE;
        without.add(&mut evidence, 3);
        for (identifier, matched, hostile) in [
            (&without, None, 0.7317),
            (&with, Some(false), 0.9304),
            (&with, Some(true), 0.0638),
        ] {
            let posterior = identifier.posterior(&evidence, matched).affiliation;
            assert!(
                (posterior[2] - hostile).abs() < 5e-5,
                "{posterior:?}, expected {hostile}"
            );
            assert!((posterior.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    /// A perfect matrix declares hostile; a matching plan says that it cannot be: nothing is known.
    #[test]
    fn a_contradiction_between_id_sources_makes_nothing_certain() {
        let perfect = AFFILIATIONS
            .iter()
            .map(|row| {
                (
                    row.to_string(),
                    BTreeMap::from([(row.to_string(), Probability(1.0))]),
                )
            })
            .collect();
        let mut spec = spec(Hypotheses::Affiliations, perfect);
        spec.flight_plan = Some(id_source(0.8, 0.8, 0.0));
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let mut evidence = Evidence::NONE;
        identifier.add(&mut evidence, 2);
        assert_eq!(
            identifier.identity(&evidence, Some(false)),
            Identity::Hostile
        );
        assert_eq!(
            identifier.identity(&evidence, Some(true)),
            Identity::Unknown
        );
        assert_eq!(
            identifier.identity_by_sum(&evidence, Some(true)),
            Identity::Unknown
        );
    }

    /// The row that the plan check rules out leads the others by far more than an `f64` can hold: the others decide.
    #[test]
    fn a_row_that_is_ruled_out_does_not_drown_the_others() {
        let likely = |p: [f64; 3]| {
            let columns = AFFILIATIONS
                .iter()
                .map(|name| name.to_string())
                .zip(p.map(Probability));
            columns.collect::<BTreeMap<_, _>>()
        };
        let actual = BTreeMap::from([
            ("friend".to_string(), likely([0.90, 0.09, 0.01])),
            ("neutral".to_string(), likely([0.90, 0.099, 0.001])),
            ("hostile".to_string(), likely([0.0, 0.0, 1.0])),
        ]);
        let mut spec = spec(Hypotheses::Affiliations, actual);
        spec.flight_plan = Some(id_source(0.5, 0.5, 0.0));
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let mut evidence = Evidence::NONE;
        for _ in 0..1000 {
            identifier.add(&mut evidence, 2);
        }
        assert_eq!(identifier.identity(&evidence, None), Identity::Hostile);
        assert_eq!(identifier.identity(&evidence, Some(true)), Identity::Friend);
        assert_eq!(
            identifier.identity_by_sum(&evidence, Some(true)),
            Identity::Friend
        );
        assert!(identifier.posterior(&evidence, Some(true)).affiliation[0] > 0.999);
    }

    #[test]
    fn before_a_declaration_an_identity_is_pending_and_a_single_unknown_is_unknown() {
        let mut spec = spec(Hypotheses::Affiliations, matrix(&AFFILIATIONS, &[0.5; 24]));
        for combine in [Combine::Single, Combine::Fused] {
            spec.combine = combine;
            let identifier = Identifier::new(&spec, &[], Millis(10_000));
            assert_eq!(
                identifier.identity(&Evidence::NONE, None),
                Identity::Pending
            );
        }
        spec.combine = Combine::Single;
        let identifier = Identifier::new(&spec, &[], Millis(10_000));
        let mut evidence = Evidence::NONE;
        for (declared, identity) in [
            (2, Identity::Hostile),
            (3, Identity::Unknown),
            (0, Identity::Friend),
            (1, Identity::Neutral),
        ] {
            identifier.add(&mut evidence, declared);
            assert_eq!(
                identifier.identity(&evidence, None),
                identity,
                "the latest stands alone"
            );
        }
    }

    #[test]
    fn a_declaration_is_the_column_in_which_the_word_falls() {
        let row = BTreeMap::from([
            ("friend".into(), Probability(0.25)),
            ("unknown".into(), Probability(0.75)),
        ]);
        let actual = AFFILIATIONS
            .iter()
            .map(|name| (name.to_string(), row.clone()))
            .collect();
        let identifier =
            Identifier::new(&spec(Hypotheses::Affiliations, actual), &[], Millis(10_000));
        let quarter = 1u32 << 30;
        for (word, declared) in [(0, 0), (quarter - 1, 0), (quarter, 3), (u32::MAX, 3)] {
            assert_eq!(identifier.declare(1).column(word), declared, "{word}");
        }
        assert_eq!(
            identifier.declare(3).column(0),
            3,
            "what is in no row is declared unknown"
        );
        // Impossible columns on both sides, and in between.
        let row = BTreeMap::from([
            ("neutral".into(), Probability(0.5)),
            ("hostile".into(), Probability(0.5)),
        ]);
        let actual = AFFILIATIONS
            .iter()
            .map(|name| (name.to_string(), row.clone()))
            .collect();
        let identifier =
            Identifier::new(&spec(Hypotheses::Affiliations, actual), &[], Millis(10_000));
        for (word, declared) in [
            (0, 1),
            (2 * quarter - 1, 1),
            (2 * quarter, 2),
            (u32::MAX, 2),
        ] {
            assert_eq!(identifier.declare(0).column(word), declared, "{word}");
        }
    }

    #[test]
    fn the_row_that_is_true_is_the_type_or_the_affiliation() {
        let types = names(&["bravo", "zulu", "alpha"]);
        let by_type = Identifier::new(
            &spec(Hypotheses::Types, matrix(&["alpha", "bravo"], &[0.5; 16])),
            &types,
            Millis(10_000),
        );
        let rows: Vec<u8> = (0..3)
            .map(|id| by_type.truth_row(TypeId(id), Affiliation::Hostile))
            .collect();
        assert_eq!(rows, [1, 2, 0], "zulu is in no row");
        let by_affiliation = Identifier::new(
            &spec(Hypotheses::Affiliations, silent()),
            &types,
            Millis(10_000),
        );
        assert_eq!(
            Affiliation::ALL.map(|affiliation| by_affiliation.truth_row(TypeId(1), affiliation)),
            [0, 1, 2]
        );
    }

    /// Any identifier: over types or affiliations, with impossible declarations, priors, plan checks, thresholds, criteria.
    fn any_identifier() -> impl Strategy<Value = Identifier> {
        let beliefs = (
            any::<bool>(),
            prop::collection::vec(0f64..1.0, 64),
            prop::option::of(prop::collection::vec(0.01f64..2.0, 4)),
            prop::collection::vec(0f64..1.0, 12),
            prop::collection::vec(prop::option::of(0usize..3), 4),
        );
        let rules = (
            prop::option::of(prop::array::uniform3(0f64..=1.0)),
            prop::option::of(0usize..3),
            prop::array::uniform5(0.5f64..1.0),
            prop::option::of((0f64..1.0, 1u32..4, 0u32..6, prop::option::of(0u32..5))),
            prop::sample::select(vec![0.0, 0.0, 3.0, 30.0, 600.0]),
        );
        (beliefs, rules).prop_map(|(beliefs, rules)| {
            let (by_type, weights, prior, shares, sure) = beliefs;
            let (matches, ruled_out, thresholds, criteria, tau_s) = rules;
            let rows: &[&str] = if by_type { &TYPES } else { &AFFILIATIONS };
            let over = if by_type {
                Hypotheses::Types
            } else {
                Hypotheses::Affiliations
            };
            let mut spec = spec(over, matrix(rows, &weights[..32]));
            spec.assumed = Some(matrix(rows, &weights[32..]));
            spec.appearance.tau_s = tau_s;
            if let Some(prior) = &prior {
                let prior = rows.iter().zip(prior);
                spec.prior = prior
                    .map(|(row, &p)| (row.to_string(), NonNegative(p)))
                    .collect();
            }
            if by_type {
                for (k, row) in rows.iter().enumerate() {
                    let mut share = [shares[3 * k], shares[3 * k + 1], shares[3 * k + 2]];
                    if let Some(only) = sure[k] {
                        share = std::array::from_fn(|a| if a == only { 1.0 } else { 0.0 });
                    }
                    let [friend, neutral, hostile] = share;
                    let shares = AffiliationShares {
                        friend,
                        neutral,
                        hostile,
                    };
                    spec.affiliations.insert(row.to_string(), shares);
                }
            }
            let [hostile, friend, neutral, suspect, assumed_friend] = thresholds;
            spec.identity = IdentityThresholds {
                hostile,
                friend,
                neutral,
                suspect,
                assumed_friend,
            };
            if let Some(mut matches) = matches {
                if let Some(affiliation) = ruled_out {
                    matches[affiliation] = 0.0;
                }
                spec.flight_plan = Some(id_source(matches[0], matches[1], matches[2]));
            }
            let identifier = Identifier::new(&spec, &names(&TYPES), Millis(10_000));
            match criteria {
                Some((threshold, id_sources, declarations, on)) => {
                    identifier.with_criteria(Criteria {
                        on: on.map_or(CriteriaOn::Hostile, |id| CriteriaOn::Type(TypeId(id))),
                        threshold,
                        id_sources,
                        declarations,
                    })
                }
                None => identifier,
            }
        })
    }

    /// The plain sum over a chain that repeats itself with exp(-dt / tau): declarations with their times, and half of it forgotten
    /// in between.
    #[test]
    fn repetitions_weigh_by_persistence() {
        let weights = [0.5, 0.3, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.2, 0.5, 0.3];
        let weights: Vec<f64> = weights.into_iter().cycle().take(24).collect();
        let actual = matrix(&AFFILIATIONS, &weights);
        let mut spec = spec(Hypotheses::Affiliations, actual.clone());
        spec.appearance.tau_s = 40.0;
        let identifier = Identifier::new(&spec, &[], Millis(4_000));
        assert_eq!(identifier.spacing, Millis(12_000));
        let names = ["friend", "neutral", "hostile", "unknown"];
        let p = |row: usize, column: usize| {
            actual[AFFILIATIONS[row]]
                .get(names[column])
                .map_or(0.0, |p| p.0)
        };
        let chain = [
            (0, 0.0),
            (0, 12.0),
            (1, 24.0),
            (1, 36.0),
            (1, 48.0),
            (1, 148.0),
            (3, 160.0),
        ];
        let mut evidence = Evidence::NONE;
        let mut ln = [0.0f64; 3];
        for (nth, &(column, time_s)) in chain.iter().enumerate() {
            let dt_s = if nth > 0 {
                time_s - chain[nth - 1].1
            } else {
                0.0
            };
            if nth == 5 {
                evidence = identifier.recall(&evidence, 0.5);
                ln = ln.map(|ln| 0.5 * ln);
                let dt = Millis::from_seconds(dt_s);
                identifier.add_after(&mut evidence, column as u8, dt);
                assert_eq!(evidence.counts()[1], 1, "those before are another track's");
            } else {
                identifier.add(&mut evidence, column as u8);
            }
            for (row, ln) in ln.iter_mut().enumerate() {
                *ln += match nth {
                    0 => p(row, column).ln(),
                    _ => {
                        let r = (-dt_s / 40.0).exp();
                        let same = if column == chain[nth - 1].0 { r } else { 0.0 };
                        (same + (1.0 - r) * p(row, column)).ln()
                    }
                };
            }
            let weights = ln.map(f64::exp);
            let sum: f64 = weights.iter().sum();
            let posterior = identifier.posterior(&evidence, None).affiliation;
            for (found, weight) in posterior.iter().zip(weights) {
                assert!((found - weight / sum).abs() < 1e-12, "{nth}: {posterior:?}");
            }
        }
    }

    /// Whether a posterior is within 1e-9 of a threshold: there two ways to add up may differ by a rounding.
    fn on_the_edge(identifier: &Identifier, evidence: &Evidence, matched: Option<bool>) -> bool {
        let posterior = identifier.posterior(evidence, matched);
        let [p_friend, p_neutral, p_hostile] = posterior.affiliation;
        let thresholds = identifier.spec.identity;
        [
            identifier.criterion(&posterior) - identifier.criteria.threshold,
            p_friend - thresholds.friend,
            p_neutral - thresholds.neutral,
            p_hostile - thresholds.suspect.min(thresholds.hostile),
            p_friend - thresholds.assumed_friend,
        ]
        .iter()
        .any(|distance| distance.abs() < 1e-9)
    }

    proptest! {
        /// The shortcut and the short sum against the plain sum.
        #[test]
        fn shortcuts_change_no_identity(
            identifier in any_identifier(),
            declared in prop::collection::vec(0u8..5, 0..60),
            monotonous: bool,
            matched: Option<bool>,
            recalled in prop::option::of((0usize..60, 0.2f64..1.0)),
        ) {
            let mut evidence = Evidence::NONE;
            for (at, &column) in declared.iter().enumerate() {
                if let Some((_, kept)) = recalled.filter(|(when, _)| *when == at) {
                    evidence = identifier.recall(&evidence, kept);
                }
                let column = if monotonous && at > 0 { declared[0] } else { column };
                identifier.add(&mut evidence, column.min(identifier.rows.len() as u8));
                if on_the_edge(&identifier, &evidence, matched) {
                    continue;
                }
                let (short, plain) =
                    (identifier.identity(&evidence, matched), identifier.identity_by_sum(&evidence, matched));
                prop_assert_eq!(short, plain, "declaration {}", at);
            }
        }

        /// So many declarations as are said not to make a track Hostile do not.
        #[test]
        fn no_track_is_hostile_before_it_can_be(
            identifier in any_identifier(),
            declared in prop::collection::vec(0u8..5, 1..80),
            matched: Option<bool>,
        ) {
            let mut evidence = Evidence::NONE;
            let mut safe = identifier.before_hostile(&evidence, matched);
            for (at, &column) in declared.iter().enumerate() {
                identifier.add(&mut evidence, column.min(identifier.rows.len() as u8));
                if on_the_edge(&identifier, &evidence, matched) {
                    return Ok(());
                }
                let hostile = identifier.identity_by_sum(&evidence, matched) == Identity::Hostile;
                prop_assert!(!(hostile && safe > 0), "declaration {}", at);
                safe = identifier.before_hostile(&evidence, matched).max(safe.saturating_sub(1));
            }
        }

        /// Declarations made until one changes the identity, against the same one by one by the plain sum; and the first that makes a
        /// track Hostile.
        #[test]
        fn declarations_are_made_until_the_identity_changes(
            identifier in any_identifier(),
            truth_row in 0u8..5,
            runs in prop::collection::vec((any::<u64>(), 0u32..5, 0usize..5), 1..8),
            matched: Option<bool>,
            seed: u32,
        ) {
            let mut state = seed;
            let columns = identifier.declare(truth_row);
            let (mut evidence, mut plain) = (Evidence::NONE, Evidence::NONE);
            identifier.add(&mut evidence, 0);
            identifier.add(&mut plain, 0);
            for (scans, thinned, lasting) in runs {
                let mut left = (0..thinned).fold(scans, |scans, turn| scans & scans.rotate_left(7 + turn));
                let words: [u32; BLOCK] = std::array::from_fn(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state ^ state >> 13
                });
                let words: [u32; BLOCK] = std::array::from_fn(|scan| words[scan >> lasting]);
                let mut declared = DeclaredBlock::NONE;
                columns.sort(&words.map(|word| (word >> 16) as u16), |scan| words[scan], &mut declared);
                let first = identifier.first_hostile(&declared, left, &evidence, matched);
                let mut expected_first = None;
                while left != 0 {
                    let identity = identifier.identity(&evidence, matched);
                    let (made, now) = identifier.declare_while(&declared, left, &mut evidence, identity, matched);
                    prop_assert!(made != 0 && made & !left == 0);
                    let last = made.ilog2();
                    for scan in (0..=last).filter(|scan| made >> scan & 1 == 1) {
                        identifier.add(&mut plain, columns.column(words[scan as usize]));
                        if on_the_edge(&identifier, &plain, matched) {
                            return Ok(());
                        }
                        let found = identifier.identity_by_sum(&plain, matched);
                        let expected = if scan == last { now } else { identity };
                        prop_assert_eq!(found, expected, "scan {}", scan);
                        if found == Identity::Hostile && expected_first.is_none() {
                            expected_first = Some(scan as usize);
                        }
                    }
                    left &= !made;
                    prop_assert!(now != identity || left == 0, "it ends with a change or with the last");
                    prop_assert_eq!(evidence.counts(), plain.counts());
                }
                prop_assert_eq!(first, expected_first);
            }
        }

        /// Runs of declarations against the same declarations one by one, by the plain sum: the same evidence, the same
        /// firsts, and an identity that is said to hold does.
        #[test]
        fn a_run_is_its_declarations_one_by_one(
            identifier in any_identifier(),
            truth_row in 0u8..5,
            runs in prop::collection::vec((any::<u64>(), 0u32..6), 1..12),
            lasting in prop::sample::select(vec![0usize, 0, 1, 3]),
            recalled in prop::option::of(0.2f64..1.0),
            seed: u32,
        ) {
            let mut state = seed;
            let columns = identifier.declare(truth_row);
            let (mut run_evidence, mut evidence) = (Evidence::NONE, Evidence::NONE);
            let mut noted = Noted { identified: false, hostile: false };
            let mut identity = Identity::Pending;
            let mut recalled = recalled;
            for (scans, thinned) in runs {
                if evidence.latest.is_some() && let Some(kept) = recalled.take() {
                    run_evidence = identifier.recall(&run_evidence, kept);
                    evidence = identifier.recall(&evidence, kept);
                    identity = identifier.identity_by_sum(&evidence, None);
                    if on_the_edge(&identifier, &evidence, None) {
                        return Ok(());
                    }
                }
                let scans = (0..thinned).fold(scans, |scans, turn| scans & scans.rotate_left(7 + turn));
                let count = scans.count_ones() as usize;
                let words: [u32; BLOCK] = std::array::from_fn(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state ^ state >> 13
                });
                // Some of them last.
                let words: [u32; BLOCK] = std::array::from_fn(|scan| words[scan >> (2 * lasting)]);
                let holds = evidence.latest.is_some()
                    && identifier.holds(&mut evidence, identity, count);
                prop_assert_eq!(
                    holds,
                    evidence.latest.is_some() && identifier.holds(&mut run_evidence, identity, count)
                );
                let before_run = identity;
                let mut declared = DeclaredBlock::NONE;
                columns.sort(&words.map(|word| (word >> 16) as u16), |scan| words[scan], &mut declared);
                let wider = [
                    identifier.declare_run_of::<8>(&declared, scans, &mut run_evidence.clone(), noted),
                    identifier.declare_run_of::<MAX_COLUMNS>(&declared, scans, &mut run_evidence.clone(), noted),
                ];
                let outcome = identifier.declare_run(&declared, scans, &mut run_evidence, noted);
                let mut expected = RunOutcome::default();
                for nth in (0..BLOCK).filter(|nth| scans >> nth & 1 == 1) {
                    identifier.add(&mut evidence, columns.column(words[nth]));
                    if on_the_edge(&identifier, &evidence, None) {
                        return Ok(());
                    }
                    let before = identity;
                    identity = identifier.identity_by_sum(&evidence, None);
                    prop_assert!(!holds || identity == before, "declaration {} of a run that holds", nth);
                    if identity.declared() && !noted.identified {
                        noted.identified = true;
                        expected.identified = Some((nth, identity));
                    }
                    if identity == Identity::Hostile && !noted.hostile {
                        noted.hostile = true;
                        expected.hostile = Some(nth);
                    }
                }
                prop_assert!(!holds || run_evidence.is_firm());
                prop_assert!(!run_evidence.is_firm() || identity == before_run);
                prop_assert_eq!(outcome, expected);
                prop_assert_eq!(wider, [expected; 2], "in wider vectors");
                prop_assert_eq!(identifier.identity(&run_evidence, None), identity);
                prop_assert_eq!(run_evidence.counts, evidence.counts);
                prop_assert_eq!((run_evidence.id_sources, run_evidence.latest), (evidence.id_sources, evidence.latest));
            }
        }
    }
}
