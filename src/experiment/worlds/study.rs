//! A file of evidence as it is typed, and held against the scenario it speaks about.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::axis::Axis;
use super::evidence::{Band, EvidenceFile};
use super::matching::Course;
use super::plan::Ground;
use crate::experiment::plan::scenario_named;
use crate::measure::{Columns, Summary};
use crate::scenario::load::Loader;
use crate::scenario::problem::{LoadError, Problem};
use crate::scenario::tree::{Item, clip};
use crate::scenario::{Scenario, ready, shape, texts};

/// What is known from outside, and how it is looked for in the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchFile {
    /// One line that names it.
    pub title: String,
    /// The scenario whose register is moved, relative to this file.
    pub scenario: String,
    /// Seed of the designs and of all random numbers.
    #[serde(default = "one")]
    pub seed: u64,
    /// Worlds of every wave.
    #[serde(default = "usual_points")]
    #[schemars(range(min = 2, max = 5_000))]
    pub points: u32,
    /// Replications of every world.
    #[serde(default = "usual_replications")]
    #[schemars(range(min = 2, max = 1_000_000))]
    pub replications: u64,
    /// Waves.
    #[serde(default = "usual_waves")]
    #[schemars(range(min = 1, max = 20))]
    pub waves: u32,
    /// A world is ruled out where its largest implausibility exceeds this.
    #[serde(default = "usual_cutoff")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub cutoff: f64,
    /// What was seen.
    pub evidence: Vec<EvidenceFile>,
}

fn one() -> u64 {
    1
}

fn usual_points() -> u32 {
    200
}

fn usual_replications() -> u64 {
    40
}

fn usual_waves() -> u32 {
    3
}

/// Pukelsheim's three sigma (The American Statistician 48 (1994) 88): no unimodal error is further off in more than one
/// case of twenty.
fn usual_cutoff() -> f64 {
    3.0
}

static SHAPE: LazyLock<Json> = LazyLock::new(shape::inlined::<MatchFile>);

/// The JSON Schema of files of evidence.
pub fn schema() -> Json {
    let mut schema = schemars::schema_for!(MatchFile);
    schema.insert("title".to_owned(), "deconflict evidence".into());
    schema.to_value()
}

/// What something is counted over.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Below {
    Column(usize),
    Constant(f64),
}

/// Where a piece of evidence stands in a replication.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Watched {
    above: usize,
    below: Below,
}

/// Evidence ready to be matched.
#[derive(Debug, Clone)]
pub struct MatchStudy {
    /// As typed, with the seed and the numbers of the command line.
    pub file: MatchFile,
    /// The scenario as written.
    pub scenario: Scenario,
    /// What all worlds share.
    pub ground: Ground,
    /// The columns of its replications.
    pub columns: Arc<Columns>,
    watched: Vec<Watched>,
}

/// What the command line says over the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Instead {
    /// Another seed.
    pub seed: Option<u64>,
    /// Worlds of every wave.
    pub points: Option<u32>,
    /// Replications of every world.
    pub replications: Option<u64>,
    /// Waves.
    pub waves: Option<u32>,
}

impl MatchStudy {
    /// Reads a file of evidence and the scenario it speaks about; every problem of both, with its place.
    ///
    /// # Errors
    /// Files that cannot be read, and everything that is wrong with them, at once.
    pub fn load(path: &Path, instead: Instead, set: &[String]) -> Result<MatchStudy, LoadError> {
        let mut loader = Loader::default();
        match study(&mut loader, path, instead, set) {
            Some(study) if loader.problems.is_empty() => Ok(study),
            _ => Err(loader.error()),
        }
    }

    /// What the matching is told before it begins.
    pub fn course(&self) -> Course {
        let bands = self.file.evidence.iter();
        Course {
            domains: self.ground.domains(),
            bands: bands
                .map(|one| Band::new(one.low, one.high, one.discrepancy))
                .collect(),
            points: self.file.points,
            cutoff: self.file.cutoff,
            seed: self.file.seed,
        }
    }

    /// What each piece of evidence counts in a replication: above and below the line.
    pub fn sample(&self, summary: &Summary) -> Vec<(f64, f64)> {
        let watched = self.watched.iter();
        watched
            .map(|watched| {
                let below = match watched.below {
                    Below::Column(column) => summary.values[column],
                    Below::Constant(value) => value,
                };
                (summary.values[watched.above], below)
            })
            .collect()
    }
}

fn study(loader: &mut Loader, path: &Path, instead: Instead, set: &[String]) -> Option<MatchStudy> {
    let document = loader.plain(path)?;
    if !loader.problems.is_empty() {
        return None;
    }
    let misfits = shape::check(&document, &SHAPE, "the file of evidence");
    loader
        .problems
        .extend(misfits.into_iter().map(|misfit| misfit.problem));
    loader.problems.extend(texts::check(&document));
    if !loader.problems.is_empty() {
        return None;
    }
    let mut file: MatchFile = match serde_json::from_value(document.to_json()) {
        Ok(file) => file,
        Err(error) => {
            let problem = Problem::new("", error.to_string());
            loader.problems.push(problem.at(&document.span, ""));
            return None;
        }
    };
    file.seed = instead.seed.unwrap_or(file.seed);
    file.points = instead.points.unwrap_or(file.points);
    file.replications = instead.replications.unwrap_or(file.replications);
    file.waves = instead.waves.unwrap_or(file.waves);
    bands_are_sound(loader, &document, &file);
    let mut base = scenario_named(loader, path, &document, &file.scenario)?;
    for text in set {
        base = loader.set(base, text);
    }
    loader.recordings(&mut base);
    let mut scenario = match ready(&base) {
        Ok(scenario) => scenario,
        Err(problems) => {
            loader.problems.extend(problems);
            return None;
        }
    };
    scenario.register = Arc::new(loader.register(&base));
    let columns = Arc::new(Columns::new(&scenario.cast));
    let mut watched = Vec::new();
    for (number, evidence) in file.evidence.iter().enumerate() {
        watched.extend(find(
            loader, &document, number, evidence, &columns, &scenario,
        ));
    }
    if Axis::all(&scenario.register).is_empty() {
        let said = format!(
            "{} states no range of any value; expected some, such as {{ value = 0.6, range = [0.2, 0.9], kind = \"assumed\", source = \"...\" }}",
            file.scenario
        );
        let problem = Problem::new("scenario", said);
        loader
            .problems
            .push(problem.at(&document.place(&["scenario"]), ""));
    }
    if !loader.problems.is_empty() {
        return None;
    }
    let mut ground = Ground::of(&scenario, file.title.clone(), file.seed, file.replications);
    let named = file.evidence.iter().filter_map(|one| one.measure.clone());
    ground.measures = named.collect();
    if ground.measures.is_empty() {
        ground.measures.push("any_wrong_kill".to_owned());
    }
    Some(MatchStudy {
        file,
        scenario,
        ground,
        columns,
        watched,
    })
}

fn bands_are_sound(loader: &mut Loader, document: &Item, file: &MatchFile) {
    let mut wrong = |path: &[&str], said: String| {
        let problem = Problem::new(path.join("."), said).at(&document.place(path), "");
        loader.problems.push(problem);
    };
    if file.evidence.is_empty() {
        wrong(
            &["evidence"],
            "evidence is empty; expected at least one".to_owned(),
        );
    }
    for (number, one) in file.evidence.iter().enumerate() {
        let place = number.to_string();
        let name = clip(&one.name);
        if !(one.low >= 0.0 && one.low < one.high && one.high.is_finite()) {
            let said = format!(
                "the evidence {name:?} goes from {} to {}; expected 0 or more, the lower first",
                one.low, one.high
            );
            wrong(&["evidence", &place, "low"], said);
        }
        if one.source.trim().is_empty() {
            let said = format!("the evidence {name:?} has an empty source");
            wrong(&["evidence", &place, "source"], said);
        }
        if file.evidence[..number]
            .iter()
            .any(|other| other.name == one.name)
        {
            let said = format!("two pieces of evidence are named {name:?}; expected other names");
            wrong(&["evidence", &place, "name"], said);
        }
    }
}

fn find(
    loader: &mut Loader,
    document: &Item,
    number: usize,
    evidence: &EvidenceFile,
    columns: &Columns,
    scenario: &Scenario,
) -> Option<Watched> {
    let place = number.to_string();
    let name = clip(&evidence.name);
    let mut wrong = |key: &str, said: String, help: Option<String>| {
        let path = ["evidence", &place, key];
        let mut problem = Problem::new(path.join("."), said).at(&document.place(&path), "");
        problem.help = help;
        loader.problems.push(problem);
    };
    let known: Vec<&str> = columns.columns().iter().map(|c| c.name.as_str()).collect();
    match (&evidence.measure, &evidence.events, &evidence.per) {
        (Some(measure), None, None) => {
            let found = columns.derived().iter().find(|one| one.name == *measure);
            let Some(found) = found else {
                let known: Vec<&str> = columns
                    .derived()
                    .iter()
                    .map(|one| one.name.as_str())
                    .collect();
                let said = format!("there is no measure {:?} in this scenario", clip(measure));
                wrong("measure", said, shape::suggest(measure, &known, "measures"));
                return None;
            };
            Some(Watched {
                above: found.numerator,
                below: found
                    .denominator
                    .map_or(Below::Constant(1.0), Below::Column),
            })
        }
        (None, Some(events), Some(per)) => {
            let column = |name: &str| known.iter().position(|known| *known == name);
            let above = column(events);
            if above.is_none() {
                let said = format!("there is no column {:?} in this scenario", clip(events));
                wrong("events", said, shape::suggest(events, &known, "columns"));
            }
            let below = match per.as_str() {
                "day" => Some(Below::Constant(scenario.duration.hours() / 24.0)),
                "replication" => Some(Below::Constant(1.0)),
                name => column(name).map(Below::Column),
            };
            if below.is_none() {
                let said = format!(
                    "there is no column {:?} in this scenario; expected one, day or replication",
                    clip(per)
                );
                wrong("per", said, shape::suggest(per, &known, "columns"));
            }
            Some(Watched {
                above: above?,
                below: below?,
            })
        }
        _ => {
            let said = format!(
                "the evidence {name:?} needs either measure, or events and per, and no more"
            );
            wrong("name", said, None);
            None
        }
    }
}
