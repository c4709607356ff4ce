//! An assumption as one dimension of a design.

use serde_json::{Map, Value as Json};

use crate::experiment::design::{Coordinate, Domain, Scale};
use crate::scenario::register::{Assumption, Leeway, Register, Spacing};

/// An assumption, and how it is moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The entry of the register.
    pub assumption: Assumption,
    /// What it may be set to; alternatives are levels, the scenario as written the first.
    pub domain: Domain,
}

impl Axis {
    /// Everything of a register that can be moved and is used by its scenario.
    pub fn all(register: &Register) -> Vec<Axis> {
        let used = register.assumptions.iter().filter(|one| one.in_use);
        used.filter_map(Axis::of).collect()
    }

    fn of(assumption: &Assumption) -> Option<Axis> {
        let domain = match &assumption.leeway {
            Leeway::None => return None,
            &Leeway::Range {
                low, high, scale, ..
            } => Domain::Range {
                low,
                high,
                scale: match scale {
                    Spacing::Linear => Scale::Linear,
                    Spacing::Log => Scale::Log,
                },
            },
            Leeway::Values(values) => Domain::Levels(values.len()),
            Leeway::Alternatives(pieces) => Domain::Levels(pieces.len() + 1),
        };
        Some(Axis {
            assumption: assumption.clone(),
            domain,
        })
    }

    /// Where the scenario as written stands; none where its value lies outside or is not one.
    pub fn written(&self) -> Option<Coordinate> {
        let value = &self.assumption.value;
        match &self.assumption.leeway {
            Leeway::None => None,
            Leeway::Range { low, high, .. } => {
                let number = value.as_f64()?;
                (*low..=*high)
                    .contains(&number)
                    .then_some(Coordinate::Value(number))
            }
            Leeway::Values(values) => {
                let here = values.iter().position(|other| {
                    other == value || other.as_f64().is_some() && other.as_f64() == value.as_f64()
                });
                here.map(Coordinate::Level)
            }
            Leeway::Alternatives(_) => Some(Coordinate::Level(0)),
        }
    }

    /// The value at a coordinate; null for alternatives.
    fn value(&self, at: Coordinate) -> Json {
        match (&self.assumption.leeway, at) {
            (&Leeway::Range { whole, .. }, Coordinate::Value(value)) => match whole {
                true => Json::from(libm::round(value) as i64),
                false => Json::from(value),
            },
            (Leeway::Values(values), Coordinate::Level(level)) => values[level].clone(),
            _ => Json::Null,
        }
    }

    /// What a coordinate lays over the scenario; null for the scenario as written.
    pub fn overlay(&self, at: Coordinate) -> Json {
        if let (Leeway::Alternatives(pieces), Coordinate::Level(level)) =
            (&self.assumption.leeway, at)
        {
            return match level {
                0 => Json::Null,
                level => pieces[level - 1].1.clone(),
            };
        }
        let value = self.value(at);
        let mut whole = Json::Null;
        for path in &self.assumption.paths {
            let leaf = path.iter().rev().fold(value.clone(), |below, step| {
                Json::Object(Map::from_iter([(step.clone(), below)]))
            });
            lay(&mut whole, leaf);
        }
        whole
    }

    /// A coordinate as result files have it.
    pub fn label(&self, at: Coordinate) -> String {
        if let (Leeway::Alternatives(pieces), Coordinate::Level(level)) =
            (&self.assumption.leeway, at)
        {
            return match level {
                0 => "as written".to_owned(),
                level => pieces[level - 1].0.clone(),
            };
        }
        match self.value(at) {
            Json::String(text) => text,
            other => other.to_string(),
        }
    }

    /// A coordinate between 0 and 1: along its range, or the middle of its level.
    pub fn unit(&self, at: Coordinate) -> f64 {
        match (self.domain, at) {
            (Domain::Levels(levels), Coordinate::Level(level)) => {
                (level as f64 + 0.5) / levels as f64
            }
            (domain, at) => domain.unit(at).unwrap_or(0.5),
        }
    }
}

/// Lays one piece of a scenario over another: tables merge, everything else is replaced.
pub fn lay(base: &mut Json, over: Json) {
    match (base, over) {
        (_, Json::Null) => {}
        (Json::Object(base), Json::Object(over)) => {
            for (key, value) in over {
                match base.get_mut(&key) {
                    Some(there) => lay(there, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (base, over) => *base = over,
    }
}
