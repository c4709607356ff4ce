//! Results of matching and screening: worlds as TOML and CSV, what the evidence does, what is left of ranges, effects; each folder
//! with a manifest that vouches for them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::error::OutputError;
use super::headers::{EVIDENCE, RANGES, SCREEN, WORLDS};
use super::manifest::{Ended, Made, Manifest, Progress};
use super::numbers::number;
use super::result_folder::ResultFolder;
use crate::experiment::worlds::evidence::{EvidenceFile, Found};
use crate::experiment::worlds::file::{WorldFile, WorldsFile};
use crate::experiment::worlds::matching::{Flown, Matching};
use crate::experiment::worlds::screening::{Effect, Indices};
use crate::experiment::worlds::study::MatchStudy;

/// The worlds that are left, for other commands.
pub const WORLDS_TOML: &str = "worlds.toml";

/// What cannot be concluded, said with every set of worlds.
pub const CAVEAT: &str = "Not ruled out is not confirmed: this is no posterior and no estimate of anything real. Worlds in which \
nothing flew that the bands speak about are left as well, and so would be worlds that nobody thought of. Ask which conclusions \
hold in every one of them.";

/// All of so many replications are done.
fn whole(replications: u64) -> Progress {
    Progress {
        asked: replications,
        done: replications,
        ended: Ended::Finished,
    }
}

/// Writes what matching found into its folder; `names` are those of the worlds that were run, `written` is what the scenario as written
/// predicts. No worlds.toml where no world is left.
///
/// # Errors
/// What the system refuses. Earlier results are left then.
pub fn write_match(
    folder: &Path,
    study: &MatchStudy,
    matching: &Matching,
    names: &[String],
    written: Option<&[Option<Found>]>,
    run: &impl Serialize,
) -> Result<(), OutputError> {
    let mut making = ResultFolder::of(folder)?;
    let axes = &study.ground.axes;
    let evidence = &study.file.evidence;
    let factors: Vec<&str> = axes
        .iter()
        .map(|axis| axis.assumption.name.as_str())
        .collect();
    let found: Vec<String> = (evidence.iter())
        .flat_map(|one| [one.name.clone(), format!("implausibility: {}", one.name)])
        .collect();
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    let cutoff = study.file.cutoff;
    let flown = || names.iter().zip(matching.flown());
    let rows = flown().map(|(name, world)| {
        let (worst, against) = world.worst();
        let mut row = vec![
            name.clone(),
            world.wave.to_string(),
            (worst <= cutoff).to_string(),
            worst.to_string(),
            evidence[against].name.clone(),
        ];
        let settings = axes.iter().zip(&world.point);
        row.extend(settings.map(|(axis, &at)| axis.label(at)));
        for (found, implausibility) in world.found.iter().zip(&world.implausibility) {
            row.push(found.map_or(String::new(), |found| found.estimate.to_string()));
            row.push(implausibility.to_string());
        }
        row
    });
    making.rows(&WORLDS, [&factors, &found], rows)?;
    let held = matching.held(written);
    let rows = evidence.iter().zip(&held).map(|(one, held)| {
        let mut row = vec![one.name.clone(), about(one)];
        row.extend([one.low, one.high, one.discrepancy].map(number));
        row.push(one.source.clone());
        row.push(number(cutoff));
        row.extend([matching.flown().len(), held.ruled_out].map(|count| count.to_string()));
        let (estimate, far) = held.written.unwrap_or((f64::NAN, f64::NAN));
        row.extend([estimate, far].map(number));
        row.extend(held.left.unwrap_or([f64::NAN; 3]).map(number));
        row
    });
    making.rows(&EVIDENCE, [&[], &[]], rows)?;
    let rows = matching.ranges(axes).into_iter().map(|left| {
        let axis = &axes[left.axis];
        let mut row = vec![axis.assumption.name.clone()];
        row.extend(left.places.map(|place| axis.label(axis.domain.at(place))));
        row.extend(left.places.map(number));
        row.push(number(left.chance));
        row.push(if left.narrowed { "yes" } else { "no" }.to_owned());
        row
    });
    making.rows(&RANGES, [&[], &[]], rows)?;
    let world = |world: &Flown| {
        let (implausibility, against) = world.worst();
        let each = || axes.iter().zip(&world.point);
        WorldFile {
            implausibility,
            against: evidence[against].name.clone(),
            along: each()
                .map(|(axis, &at)| (axis.assumption.name.clone(), axis.unit(at)))
                .collect(),
            settings: each()
                .map(|(axis, &at)| (axis.assumption.name.clone(), axis.label(at)))
                .collect(),
            lay: study.ground.overlay(&world.point),
        }
    };
    let left: BTreeMap<String, WorldFile> = flown()
        .filter(|(_, flown)| flown.worst().0 <= cutoff)
        .map(|(name, flown)| (name.clone(), world(flown)))
        .collect();
    if !left.is_empty() {
        let worlds = WorldsFile {
            title: format!("Worlds not ruled out: {}", study.file.title),
            caveat: CAVEAT.to_owned(),
            simulated: matching.flown().len() as u64,
            worlds: left,
        };
        let written = toml::to_string(&worlds).map_err(|error| {
            OutputError::io("write", &folder.join(WORLDS_TOML))(std::io::Error::other(error))
        })?;
        let head = "# Made by `deconflict match`. Each world lays a piece over the scenario that it was found with.\n\n";
        making.text(WORLDS_TOML, &format!("{head}{written}"))?;
    }
    let progress = whole(study.file.replications);
    let manifest = Manifest::new(Made::Match, &study.file.title, study.file.seed, progress);
    let names = [WORLDS.name, EVIDENCE.name, RANGES.name, WORLDS_TOML];
    making.put(manifest, run, names.into_iter(), |_| Ok(()))
}

/// The measure that a piece of evidence speaks about, or what it counts over what.
fn about(one: &EvidenceFile) -> String {
    match (&one.measure, &one.events, &one.per) {
        (Some(measure), ..) => measure.clone(),
        (None, Some(events), Some(per)) => format!("{events} per {per}"),
        (None, events, _) => events.clone().unwrap_or_default(),
    }
}

/// What screening says of one assumption and one measure.
#[derive(Debug, Clone)]
pub struct Screened {
    /// The measure.
    pub measure: String,
    /// The assumption.
    pub assumption: String,
    /// Its elementary effects.
    pub effect: Effect,
    /// What these would be by noise alone.
    pub floor: f64,
    /// Whether they are told from noise.
    pub told: bool,
    /// Its shares of the variance, if it is one of the few.
    pub indices: Option<Indices>,
}

/// What a screening was.
#[derive(Debug, Clone, Copy)]
pub struct Screening<'a> {
    /// One line that names it.
    pub title: &'a str,
    /// Seed of the designs and of all random numbers.
    pub seed: u64,
    /// Replications of every point.
    pub replications: u64,
    /// Confidence of the intervals.
    pub confidence: f64,
}

/// Writes effects and indices into the folder of a screening.
///
/// # Errors
/// What the system refuses. Earlier results are left then.
pub fn write_screen(
    folder: &Path,
    about: Screening<'_>,
    rows: &[Screened],
    run: &impl Serialize,
) -> Result<(), OutputError> {
    let mut making = ResultFolder::of(folder)?;
    let fields = rows.iter().map(|row| {
        let effect = &row.effect;
        let mut fields = vec![row.measure.clone(), row.assumption.clone()];
        let numbers = [
            effect.absolute,
            effect.low,
            effect.high,
            row.floor,
            effect.mean,
            effect.spread,
        ];
        fields.extend(numbers.map(number));
        fields.push(effect.n.to_string());
        fields.push(if row.told { "yes" } else { "no" }.to_owned());
        match &row.indices {
            Some(indices) => {
                let both = indices.first.iter().chain(&indices.total);
                fields.extend(both.copied().map(number));
            }
            None => fields.extend(std::iter::repeat_n(String::new(), 6)),
        }
        fields
    });
    making.rows(&SCREEN, [&[], &[]], fields)?;
    let manifest = Manifest {
        confidence: about.confidence,
        ..Manifest::new(
            Made::Screen,
            about.title,
            about.seed,
            whole(about.replications),
        )
    };
    making.put(manifest, run, [SCREEN.name].into_iter(), |_| Ok(()))
}
