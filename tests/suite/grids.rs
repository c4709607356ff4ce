//! The tuner on shipped studies, held to a grid of each that is known from far more replications than a tuning has.
//!
//! Every setting of the grid is run on the same random numbers. A replication of a setting is one of those of the grid, the same for all settings; of a
//! setting that lies between settings of the grid it is that of a neighbour, drawn the nearer the likelier. So what a setting comes to is known: the mean
//! of the grid, straight lines between. Ten tunings are run on that, and what they put on the front is held to the best of the grid.

use std::path::Path;

use deconflict::experiment::design::{Coordinate, Point};
use deconflict::experiment::plan::Overrides;
use deconflict::experiment::plan::study::Study;
use deconflict::experiment::tune::choice::choose;
use deconflict::experiment::tune::course::{Course, Place, Role, Task, Tuning};
use deconflict::experiment::tune::samples::{Sample, Samples};
use deconflict::experiment::tune::space::Dimension;
use deconflict::experiment::tune::verdict::judge;
use deconflict::ids::Key;
use deconflict::record::{Detail, Replication};
use deconflict::simulation::Engine;
use deconflict::streams::{Purpose, Streams};
use rayon::prelude::*;

/// Seed of the grid, which no tuning has.
const SEED: u64 = 4_242;

/// Seeds of the tunings; the tuner was chosen on others.
const SEEDS: std::ops::RangeInclusive<u64> = 201..=210;

/// A study on a grid.
struct Grid {
    study: Study,
    /// Settings of each parameter, rising; of choices their numbers.
    levels: Vec<Vec<f64>>,
    /// Replications of each setting of the grid, the last parameter running fastest; of the scenario as written after all others.
    runs: Vec<Samples>,
}

impl Grid {
    fn fly(study: &str, levels: &[&[f64]], replications: u64) -> Grid {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/studies");
        let study = Study::load(&place.join(study), &Overrides::default(), None).unwrap();
        let levels: Vec<Vec<f64>> = levels.iter().map(|levels| levels.to_vec()).collect();
        assert_eq!(levels.len(), study.course.space.len());
        let count: usize = levels.iter().map(Vec::len).product();
        let engine = Engine::default();
        let run = |cell: usize| {
            let point = (cell < count).then(|| point(&study.course.space, &levels, cell));
            let scenario = study.scenario(point.as_ref(), None).unwrap();
            let mut samples = Samples::default();
            for index in 0..replications {
                let replication = Replication { seed: SEED, index };
                let log = engine.simulate(&scenario, replication, Detail::Measures);
                samples.add(study.sample(&study.columns.measure(&log)));
            }
            samples
        };
        let runs = (0..=count).into_par_iter().map(run).collect();
        let replications = replications * count as u64;
        println!("{count} settings, {replications} replications");
        Grid {
            study,
            levels,
            runs,
        }
    }

    /// Around a setting: numbers of settings of the grid, and how much of each.
    fn around(&self, point: Option<&Point>) -> Vec<(usize, f64)> {
        let Some(point) = point else {
            return vec![(self.runs.len() - 1, 1.0)];
        };
        let mut all = vec![(0, 1.0)];
        for ((levels, dimension), &at) in self.levels.iter().zip(&self.course().space).zip(point) {
            let log = matches!(dimension, Dimension::Range { log: true, .. });
            let scaled = |value: f64| if log { value.ln() } else { value };
            let at = match at {
                Coordinate::Value(value) => value,
                Coordinate::Level(level) => level as f64,
            };
            let above = levels.partition_point(|&level| level < at - 1e-9);
            let above = above.min(levels.len() - 1);
            let (low, high) = (levels[above.saturating_sub(1)], levels[above]);
            let share = match above == 0 || at >= high - 1e-9 {
                true => 1.0,
                false => (scaled(at) - scaled(low)) / (scaled(high) - scaled(low)),
            };
            let count = levels.len();
            all = (all.into_iter())
                .flat_map(|(cell, weight)| {
                    [(above, share), (above.saturating_sub(1), 1.0 - share)]
                        .into_iter()
                        .filter(|&(_, share)| share > 0.0)
                        .map(move |(level, share)| (cell * count + level, weight * share))
                })
                .collect();
        }
        all
    }

    fn course(&self) -> &Course {
        &self.study.course
    }

    /// What each watched measure of a setting comes to.
    fn truth(&self, point: Option<&Point>) -> Vec<f64> {
        let around = self.around(point);
        let mean = |measure| {
            let each = around.iter();
            each.map(|&(cell, weight)| weight * self.runs[cell].ratio(measure))
                .sum()
        };
        (0..self.course().watched.len()).map(mean).collect()
    }

    fn sample(&self, point: Option<&Point>, seed: u64, index: u64) -> Sample {
        let draws = Streams::new(Replication { seed, index });
        let mut draws = draws.about(Purpose::Hit, Key::of("grid"), Key::NONE);
        let rows = self.runs[0].rows().len();
        let row = ((draws.uniform(0) * rows as f64) as usize).min(rows - 1);
        let mut left = draws.uniform(1);
        let around = self.around(point);
        let drawn = around.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        let &(cell, _) = drawn.unwrap_or(&around[0]);
        self.runs[cell].rows()[row].clone()
    }

    fn keeps_limits(&self, truth: &[f64]) -> bool {
        let watched = self.course().watched.iter().zip(truth);
        watched
            .into_iter()
            .all(|(watched, &value)| match watched.role {
                Role::AtMost(limit) => value <= limit,
                Role::AtLeast(limit) => value >= limit,
                Role::Minimise | Role::Maximise => true,
            })
    }

    /// What every setting of the grid comes to.
    fn all(&self) -> Vec<Vec<f64>> {
        let each = 0..self.runs.len() - 1;
        each.map(|cell| self.truth(Some(&point(&self.course().space, &self.levels, cell))))
            .collect()
    }

    /// A tuning at the budget of the study; other worlds, of which there is no grid, say nothing.
    fn tune(&self, seed: u64) -> Tuning {
        let mut course = self.course().clone();
        course.seed = seed;
        let measures = course.watched.len();
        let mut tuning = Tuning::new(course);
        loop {
            let tasks = tuning.ask(|_| true);
            if tasks.is_empty() {
                return tuning;
            }
            let run = |task: &Task| -> Vec<Sample> {
                let point = tuning.candidates()[task.candidate].point.as_ref();
                let one = |index| match task.place {
                    Place::World(_) => vec![(0.0, 1.0); measures],
                    _ => self.sample(point, seed, index),
                };
                task.replications.clone().map(one).collect()
            };
            let samples = tasks.iter().map(run).collect();
            tuning.tell(samples);
        }
    }

    /// What the tuning of each seed comes to, told by what is known of its candidates.
    fn tunings<T: Send>(
        &self,
        told: impl Fn(&Tuning, &dyn Fn(usize) -> Vec<f64>) -> T + Sync,
    ) -> Vec<(u64, T)> {
        let one = |seed| {
            let tuning = self.tune(seed);
            let truth =
                |candidate: usize| self.truth(tuning.candidates()[candidate].point.as_ref());
            (seed, told(&tuning, &truth))
        };
        SEEDS.into_par_iter().map(one).collect()
    }

    /// Ten tunings: of the hypervolume of the grid's front the share that theirs has, and by how much more is lost than on the grid at as much of the
    /// second objective, at worst. None of the fronts may be over a limit more often than the confidence allows.
    fn hold(&self, worst: [f64; 2], least: f64) {
        let all = self.all();
        let allowed = all.iter().filter(|truth| self.keeps_limits(truth));
        let grid: Vec<[f64; 2]> = allowed.map(|truth| [truth[0], truth[1]]).collect();
        let best = front(&grid, worst);
        println!("front of the grid: {best:.4?}, held to {worst:.4?}");
        let truth = hypervolume(&best, worst);
        let (mut shares, mut wrongly) = (Vec::new(), 0);
        let held = self.tunings(|tuning, truth| -> Vec<Vec<f64>> {
            let verdicts = judge(tuning);
            let on_front = verdicts.iter().filter(|verdict| verdict.on_front);
            on_front.map(|verdict| truth(verdict.candidate)).collect()
        });
        for (seed, truths) in held {
            wrongly += truths.iter().filter(|one| !self.keeps_limits(one)).count();
            let points: Vec<[f64; 2]> = truths.iter().map(|truth| [truth[0], truth[1]]).collect();
            let share = hypervolume(&front(&points, worst), worst) / truth;
            let more = best.iter().map(|one| {
                let as_much = points
                    .iter()
                    .filter(|other| other[1] <= 1.01 * one[1] + 0.02);
                let found = as_much.map(|other| other[0]).fold(f64::INFINITY, f64::min);
                found / one[0]
            });
            let more = 100.0 * (more.fold(0.0, f64::max) - 1.0);
            let count = points.len();
            println!("{truths:.4?}");
            println!("seed {seed}: {count} on the front, {share:.4}; at worst {more:.0} % more");
            shares.push(share);
        }
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        let lowest = shares.iter().copied().fold(f64::INFINITY, f64::min);
        let enough = shares.iter().filter(|&&share| share >= 0.97).count();
        println!("mean {mean:.4}, least {lowest:.4}, {enough} with .97; {wrongly} over a limit");
        assert!(mean >= least, "mean share of the hypervolume: {mean}");
        assert!(wrongly <= 1, "{wrongly} over a limit");
    }

    /// The worst of each of two objectives on the grid.
    fn worst(&self) -> [f64; 2] {
        let all = self.all();
        [0, 1].map(|objective| all.iter().map(|truth| truth[objective]).fold(0.0, f64::max))
    }

    /// By how much limits are violated in all, each counted as a share of itself.
    fn beyond(&self, truth: &[f64]) -> f64 {
        let watched = self.course().watched.iter().zip(truth);
        let beyond = watched.map(|(watched, &value)| match watched.role {
            Role::AtMost(limit) => (value / limit - 1.0).max(0.0),
            Role::AtLeast(limit) => (1.0 - value / limit).max(0.0),
            Role::Minimise | Role::Maximise => 0.0,
        });
        beyond.sum()
    }

    /// Ten tunings of a study of which nothing keeps the limits: none says that something does, and what each calls nearest is hardly further
    /// from them than the nearest of the grid.
    fn hold_nearest(&self, more: f64) {
        let all = self.all();
        let all = all.iter().map(|truth| self.beyond(truth));
        let nearest = all.fold(f64::INFINITY, f64::min);
        assert!(nearest > 0.0, "something keeps the limits");
        println!("nearest of the grid: {nearest:.4} beyond");
        let held = self.tunings(|tuning, truth| {
            let verdicts = judge(tuning);
            let choice = choose(tuning, &verdicts);
            assert_eq!(choice.recommended, None);
            self.beyond(&truth(choice.nearest.unwrap().candidate))
        });
        let mut furthest: f64 = 0.0;
        for (seed, beyond) in held {
            println!("seed {seed}: {beyond:.4} beyond");
            furthest = furthest.max(beyond);
        }
        assert!(furthest <= nearest + more, "{furthest} for {nearest}");
    }
}

fn point(space: &[Dimension], levels: &[Vec<f64>], cell: usize) -> Point {
    let mut left = cell;
    let mut point: Point = Vec::new();
    for (levels, dimension) in levels.iter().zip(space).rev() {
        let level = levels[left % levels.len()];
        left /= levels.len();
        point.push(match dimension {
            Dimension::Choice(_) => Coordinate::Level(level as usize),
            _ => Coordinate::Value(level),
        });
    }
    point.reverse();
    point
}

/// Those that no other beats, better than the worst in both, the least of the second objective first.
fn front(points: &[[f64; 2]], worst: [f64; 2]) -> Vec<[f64; 2]> {
    let inside = |point: &&[f64; 2]| point[0] < worst[0] && point[1] < worst[1];
    let mut points: Vec<[f64; 2]> = points.iter().filter(inside).copied().collect();
    points.sort_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
    let mut best = worst[0];
    points.retain(|point| {
        let better = point[0] < best;
        best = best.min(point[0]);
        better
    });
    points
}

fn hypervolume(front: &[[f64; 2]], worst: [f64; 2]) -> f64 {
    let (mut area, mut before) = (0.0, worst[0]);
    for point in front {
        area += (before - point[0]) * (worst[1] - point[1]);
        before = point[0];
    }
    area
}

#[test]
#[ignore = "194 400 replications of some 5 ms"]
fn the_agreement_against_its_grid() {
    let thresholds = [
        0.8, 0.84, 0.88, 0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.965, 0.97, 0.974, 0.978, 0.981,
        0.984, 0.987, 0.99,
    ];
    let mut grid = Grid::fly(
        "agreement.toml",
        &[
            &thresholds,
            &[1.0, 2.0, 3.0, 4.0, 6.0, 10.0],
            &[2_000.0, 5_500.0, 15_000.0],
            &[0.0, 1.0],
            &[0.0, 1.0],
        ],
        150,
    );
    // In these 150 replications more leaks than in the long run: the limit leaves the best settings as much room as in the study.
    grid.study.course.watched[2].role = Role::AtMost(0.457);
    grid.hold([0.2, 25.0], 0.94);
}

#[test]
#[ignore = "480 000 replications of some 1.2 ms"]
fn the_alert_night_against_its_grid() {
    let grid = Grid::fly(
        "alert-night.toml",
        &[
            &[0.7, 0.8, 0.9, 0.95, 0.99],
            &[30.0, 80.0, 220.0, 600.0],
            &[0.0, 1.0],
            &[0.0, 1.0, 4.0],
            &[15.0, 60.0, 240.0, 900.0],
            &[0.0, 1.0],
            &[0.0, 1.0],
        ],
        250,
    );
    grid.hold(grid.worst(), 0.96);
}

#[test]
#[ignore = "242 000 replications of some 2 ms"]
fn the_no_fly_zone_against_its_grid() {
    let grid = Grid::fly(
        "no-fly-zone.toml",
        &[
            &[0.7, 0.8, 0.86, 0.9, 0.93, 0.96, 0.99],
            &[0.0, 4.0],
            &[0.0, 120.0, 400.0, 900.0],
            &[2_000.0, 5_500.0, 15_000.0],
            &[1.0, 6.0, 14.0, 24.0],
        ],
        360,
    );
    grid.hold_nearest(0.02);
}
