//! A Kalman filter for aircraft that fly straight, more or less.
//!
//! State: position p and velocity v in the local plane, east, north, up. Between scans, with dt in s,
//!
//! ```text
//! p' = p + dt v      A' = A + dt (B + B^T) + dt^2 C + q dt^3/3 I
//! v' = v             B' = B + dt C + q dt^2/2 I
//!                    C' = C + q dt I
//! ```
//!
//! where A, B, C are the 3 x 3 covariances of p with p, p with v and v with v: the discretised continuous white-noise
//! acceleration model. Its intensity is q = `acceleration_sigma_mps2`^2 x 1 s, so a velocity wanders by the standard
//! deviation times sqrt(dt / 1 s). A plot z with covariance R is taken in with S = A + R, gains K = A S^-1 (position)
//! and L = B^T S^-1 (velocity), by Joseph's form, which stays symmetric and positive whatever rounding does.
//!
//! The steady state of one axis is an alpha-beta filter (gains alpha, beta/dt) with tracking index
//! q dt^3 / R = beta^2 / (1 - alpha) and alpha = sqrt(2 beta + beta^2/12) - beta/2.
//!
//! Assumptions: turns are noise; all three axes have the same intensity; what the plot's error really is, its covariance
//! says. Sources: Bar-Shalom, Li & Kirubarajan, *Estimation with Applications to Tracking and Navigation* (2001),
//! sections 5.2, 5.4.2 (Joseph), 6.2.2 (the model), 6.5.3 (its steady state); tracking index: Kalata, IEEE Trans. AES 20
//! (1984) 174-182.
//!
//! Blocks of 3 x 3 and not one matrix of 6 x 6, because the measurement is a position: nothing larger than S has to be
//! inverted, and matrices this small are multiplied by plain arithmetic, the same on every machine.

use nalgebra::{Cholesky, Const, Matrix3, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plot::Plot;

/// How a site smooths its tracks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterSpec {
    /// How much aircraft manoeuvre: what a velocity wanders by in one second, m/s^2.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1_000.0))]
    pub acceleration_sigma_mps2: f64,
    /// Standard deviation of each component of the velocity of a track that begins, m/s.
    #[schemars(range(min = 0.0, max = 10_000.0))]
    pub initial_speed_sigma_mps: f64,
}

/// Where something is and how it moves, as far as a site can tell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    position: Vector3<f64>,
    velocity: Vector3<f64>,
    /// Covariance of the position with itself, m^2: A.
    places: Matrix3<f64>,
    /// Of the position with the velocity, m^2/s: B.
    cross: Matrix3<f64>,
    /// Of the velocity with itself, m^2/s^2: C.
    velocities: Matrix3<f64>,
}

/// How well a plot fits an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Innovation {
    /// Squared Mahalanobis distance of the plot from where it was expected.
    pub distance2: f64,
    /// Logarithm of the determinant of the covariance S of that difference.
    pub ln_determinant: f64,
}

impl Estimate {
    /// What one plot tells: its place, and a velocity of nought that may be off by the initial standard deviation.
    pub fn begin(plot: &Plot, filter: &FilterSpec) -> Estimate {
        let speed2 = filter.initial_speed_sigma_mps * filter.initial_speed_sigma_mps;
        Estimate {
            position: plot.place,
            velocity: Vector3::zeros(),
            places: plot.covariance,
            cross: Matrix3::zeros(),
            velocities: Matrix3::identity() * speed2,
        }
    }

    /// What is known without error, for sites that do not filter.
    pub fn known(position: Vector3<f64>, velocity: Vector3<f64>) -> Estimate {
        Estimate {
            position,
            velocity,
            places: Matrix3::zeros(),
            cross: Matrix3::zeros(),
            velocities: Matrix3::zeros(),
        }
    }

    /// Where it is, m.
    pub fn position(&self) -> Vector3<f64> {
        self.position
    }

    /// How it moves, m/s.
    pub fn velocity(&self) -> Vector3<f64> {
        self.velocity
    }

    /// Covariance of the error of the position, m^2.
    pub fn place_covariance(&self) -> Matrix3<f64> {
        self.places
    }

    /// The same `dt_s` later.
    pub fn predict(&self, dt_s: f64, filter: &FilterSpec) -> Estimate {
        let intensity = filter.acceleration_sigma_mps2 * filter.acceleration_sigma_mps2;
        let noise = Matrix3::identity() * (intensity * dt_s);
        let drift = self.velocities * dt_s;
        Estimate {
            position: self.position + self.velocity * dt_s,
            velocity: self.velocity,
            places: self.places
                + (self.cross + self.cross.transpose() + drift) * dt_s
                + noise * (dt_s * dt_s / 3.0),
            cross: self.cross + drift + noise * (dt_s / 2.0),
            velocities: self.velocities + noise,
        }
    }

    /// How well a plot of the same instant fits; `None` where nothing at all is uncertain, so that no distance exists.
    pub fn innovation(&self, plot: &Plot) -> Option<Innovation> {
        let root = self.spread(plot)?;
        let off = plot.place - self.position;
        Some(Innovation {
            distance2: off.dot(&root.solve(&off)),
            ln_determinant: 2.0
                * root
                    .l_dirty()
                    .diagonal()
                    .iter()
                    .map(|&side| libm::log(side))
                    .sum::<f64>(),
        })
    }

    /// Whether a plot is certainly farther than `gate` (a squared distance): cheap, and true for most that are.
    ///
    /// The squared distance is at least the square of the difference along any one axis over the variance along it.
    pub fn is_far(&self, plot: &Plot, gate: f64) -> bool {
        let off = plot.place - self.position;
        (0..3).any(|axis| {
            off[axis] * off[axis]
                > gate * (self.places[(axis, axis)] + plot.covariance[(axis, axis)])
        })
    }

    /// Takes in a plot of the same instant. Where nothing at all is uncertain, the plot is believed and the velocity kept.
    pub fn update(&mut self, plot: &Plot) {
        let Some(root) = self.spread(plot) else {
            self.position = plot.place;
            return;
        };
        // S is symmetric, so A S^-1 is the transpose of S^-1 A.
        let gain = root.solve(&self.places).transpose();
        let speed_gain = root.solve(&self.cross).transpose();
        let off = plot.place - self.position;
        self.position += gain * off;
        self.velocity += speed_gain * off;
        let rest = Matrix3::identity() - gain;
        let noise = plot.covariance;
        let (places, cross) = (self.places, self.cross);
        let slope = cross - places * speed_gain.transpose();
        self.places = symmetric(rest * places * rest.transpose() + gain * noise * gain.transpose());
        self.cross = rest * slope + gain * noise * speed_gain.transpose();
        self.velocities = symmetric(
            self.velocities - speed_gain * cross - slope.transpose() * speed_gain.transpose()
                + speed_gain * noise * speed_gain.transpose(),
        );
    }

    /// The root of S = A + R; `None` if it has none.
    fn spread(&self, plot: &Plot) -> Option<Cholesky<f64, Const<3>>> {
        Cholesky::new(self.places + plot.covariance)
    }
}

fn symmetric(matrix: Matrix3<f64>) -> Matrix3<f64> {
    (matrix + matrix.transpose()) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::ids::Key;
    use crate::record::Replication;
    use crate::streams::{Purpose, Stream, Streams};
    use crate::tracking::plot::MeasurementSpec;
    use nalgebra::{Matrix6, Vector6};

    fn close(value: f64, expected: f64) {
        assert!(
            (value - expected).abs() < 1e-9 * expected.abs().max(1.0),
            "{value} is not {expected}"
        );
    }

    /// A plot of height alone matters here: the horizontal plane has unit noise and nothing happens in it.
    fn height(height_m: f64, variance: f64) -> Plot {
        Plot {
            place: Vector3::new(0.0, 0.0, height_m),
            covariance: Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, variance)),
            velocity_mps: None,
        }
    }

    /// R = 100, speed variance 25, q = 3, dt = 2. By hand:
    ///
    /// - begin: A, B, C = 100, 0, 25. Predict: A = 100 + 4x25 + 3x8/3 = 208, B = 2x25 + 3x4/2 = 56, C = 25 + 3x2 = 31.
    /// - S = 308; the plot is 30.8 m off: position + 20.8, velocity + 5.6. A = 208x100/308, B = 56x100/308,
    ///   C = 31 - 56^2/308.
    /// - Predict: A = 67.532468 + 4x18.181818 + 4x20.818182 + 8 = 231.532468, B = 18.181818 + 2x20.818182 + 6 =
    ///   65.818182. S = 331.532468; the plot is a tenth of that off: position + 23.1532468, velocity + 6.5818182.
    #[test]
    fn two_steps_by_hand() {
        let filter = FilterSpec {
            acceleration_sigma_mps2: 3f64.sqrt(),
            initial_speed_sigma_mps: 5.0,
        };
        let first = Estimate::begin(&height(1_000.0, 100.0), &filter).predict(2.0, &filter);
        close(first.places.m33, 208.0);
        close(first.cross.m33, 56.0);
        close(first.velocities.m33, 31.0);
        let plot = height(1_030.8, 100.0);
        let innovation = first.innovation(&plot).unwrap();
        close(innovation.distance2, 30.8 * 30.8 / 308.0);
        // The horizontal axes: A = 1 + 100 + 8 = 109 each, S = 110.
        close(innovation.ln_determinant, (308.0f64 * 110.0 * 110.0).ln());
        let mut first = first;
        first.update(&plot);
        close(first.position().z, 1_020.8);
        close(first.velocity().z, 5.6);
        close(first.places.m33, 208.0 * 100.0 / 308.0);
        close(first.cross.m33, 56.0 * 100.0 / 308.0);
        close(first.velocities.m33, 31.0 - 56.0 * 56.0 / 308.0);
        let mut second = first.predict(2.0, &filter);
        close(second.position().z, 1_032.0);
        close(
            second.places.m33,
            20_800.0 / 308.0 + 4.0 * 5_600.0 / 308.0 + 4.0 * (31.0 - 3_136.0 / 308.0) + 8.0,
        );
        let off = (second.places.m33 + 100.0) / 10.0;
        second.update(&height(1_032.0 + off, 100.0));
        assert!((second.position().z - 1_055.153_246_8).abs() < 1e-6);
        assert!((second.velocity().z - 12.181_818_2).abs() < 1e-6);
    }

    /// With beta = .5, alpha = sqrt(1 + .25/12) - .25 = .760363 and the tracking index q dt^3/R = .25/(1 - alpha).
    #[test]
    fn the_steady_state_is_an_alpha_beta_filter() {
        let (beta, dt, variance) = (0.5f64, 4.0, 900.0);
        let alpha = (2.0 * beta + beta * beta / 12.0).sqrt() - beta / 2.0;
        assert!((alpha - 0.760_363).abs() < 1e-6);
        let index = beta * beta / (1.0 - alpha);
        let filter = FilterSpec {
            acceleration_sigma_mps2: (index * variance / (dt * dt * dt)).sqrt(),
            initial_speed_sigma_mps: 100.0,
        };
        let mut estimate = Estimate::begin(&height(0.0, variance), &filter);
        for _ in 0..100 {
            estimate = estimate.predict(dt, &filter);
            estimate.update(&height(0.0, variance));
        }
        let mut stepped = estimate.predict(dt, &filter);
        close(stepped.position().z, 0.0);
        stepped.update(&height(1.0, variance));
        close(stepped.position().z, alpha);
        close(stepped.velocity().z, beta / dt);
    }

    #[test]
    fn two_short_predictions_make_a_long_one() {
        let filter = FilterSpec {
            acceleration_sigma_mps2: 2.0,
            initial_speed_sigma_mps: 50.0,
        };
        let mut estimate = Estimate::begin(&height(100.0, 40.0), &filter).predict(1.0, &filter);
        estimate.update(&height(120.0, 40.0));
        let long = estimate.predict(7.0, &filter);
        let short = estimate.predict(3.0, &filter).predict(4.0, &filter);
        assert!((long.position - short.position).norm() < 1e-9);
        assert!((long.places - short.places).norm() < 1e-9 * long.places.norm());
        assert!((long.cross - short.cross).norm() < 1e-9 * long.cross.norm());
        assert!((long.velocities - short.velocities).norm() < 1e-9 * long.velocities.norm());
    }

    #[test]
    fn what_is_certain_neither_panics_nor_has_a_distance() {
        let still = FilterSpec {
            acceleration_sigma_mps2: 1.0,
            initial_speed_sigma_mps: 0.0,
        };
        let mut estimate =
            Estimate::begin(&Plot::exact(Vector3::zeros(), Vector3::zeros()), &still);
        let elsewhere = Plot::exact(Vector3::new(1.0, 2.0, 3.0), Vector3::zeros());
        assert_eq!(estimate.innovation(&elsewhere), None);
        estimate.update(&elsewhere);
        assert_eq!(estimate.position(), elsewhere.place);
        // A moment later there is doubt again, and a plot without error is believed.
        let mut later = estimate.predict(1.0, &still);
        assert!(later.innovation(&elsewhere).is_some());
        let there = Plot::exact(Vector3::new(-5.0, 0.0, 9.0), Vector3::zeros());
        later.update(&there);
        assert!((later.position() - there.place).norm() < 1e-9);
        let known = Estimate::known(Vector3::zeros(), Vector3::x());
        assert_eq!(known.predict(3.0, &still).position(), Vector3::x() * 3.0);
    }

    #[test]
    fn a_plot_called_far_is_outside_the_gate() {
        let filter = FilterSpec {
            acceleration_sigma_mps2: 1.0,
            initial_speed_sigma_mps: 30.0,
        };
        let mut normals = normals("far");
        let (mut far, mut missed) = (0, 0);
        for run in 0..2_000 {
            let [e, n, u] = normals.next(run, 60.0);
            let place = Vector3::new(8_000.0, 6_000.0, 3_000.0);
            let plot = |place| Plot::reported(place, Point::zeros(), &RADAR);
            let estimate = Estimate::begin(&plot(place), &filter);
            let other = plot(place + Vector3::new(4.0 * e, 4.0 * n, 4.0 * u));
            let outside = estimate.innovation(&other).unwrap().distance2 > 11.3;
            let called = estimate.is_far(&other, 11.3);
            assert!(outside || !called);
            far += u32::from(called);
            missed += u32::from(outside && !called);
        }
        assert!(far > 500 && missed < far, "{far}, {missed}");
    }

    const RADAR: MeasurementSpec = MeasurementSpec {
        range_sigma_m: 50.0,
        bearing_sigma_deg: 0.2,
        altitude_sigma_m: 100.0,
    };

    struct Normals(Stream);

    fn normals(name: &str) -> Normals {
        let replication = Replication { seed: 7, index: 0 };
        Normals(Streams::new(replication).about(Purpose::Measurement, Key::of(name), Key::NONE))
    }

    impl Normals {
        fn next(&mut self, number: u64, scale: f64) -> [f64; 3] {
            [0, 1, 2].map(|axis| scale * self.0.normal(3 * number + axis))
        }
    }

    /// One flight by the filter's own model: the normalised squared error of the state at its last scan, and the error of
    /// the velocity, m/s.
    fn fly(normals: &mut Normals, run: u64, filter: &FilterSpec) -> (f64, f64) {
        let (scans, dt) = (30u64, 4.0f64);
        let mut draw = {
            let mut number = run * 1_000;
            move |scale: f64| {
                number += 1;
                Vector3::from(normals.next(number, scale))
            }
        };
        let intensity = filter.acceleration_sigma_mps2;
        let mut position = Vector3::new(-20_000.0, 30_000.0, 5_000.0);
        let mut velocity = draw(filter.initial_speed_sigma_mps);
        let plot = |place, normals: Vector3<f64>| {
            Plot::measured(place, Point::zeros(), &RADAR, normals.into(), 0.0)
        };
        let mut estimate = Estimate::begin(&plot(position, draw(1.0)), filter);
        for _ in 0..scans {
            // The root of q [[dt^3/3, dt^2/2], [dt^2/2, dt]].
            let (one, two) = (draw(intensity), draw(intensity));
            position += velocity * dt + one * (dt * dt * dt / 3.0).sqrt();
            velocity += one * (3.0 * dt).sqrt() / 2.0 + two * dt.sqrt() / 2.0;
            estimate = estimate.predict(dt, filter);
            estimate.update(&plot(position, draw(1.0)));
        }
        let (off, drift) = (position - estimate.position, velocity - estimate.velocity);
        let mut all = Matrix6::zeros();
        all.fixed_view_mut::<3, 3>(0, 0).copy_from(&estimate.places);
        all.fixed_view_mut::<3, 3>(0, 3).copy_from(&estimate.cross);
        all.fixed_view_mut::<3, 3>(3, 0)
            .copy_from(&estimate.cross.transpose());
        all.fixed_view_mut::<3, 3>(3, 3)
            .copy_from(&estimate.velocities);
        let error = Vector6::new(off.x, off.y, off.z, drift.x, drift.y, drift.z);
        let solved = all.cholesky().expect("positive definite").solve(&error);
        (error.dot(&solved), drift.norm())
    }

    /// Normalised estimation error squared over 2000 flights: mean 6, variance 12 each; bound 4.9 standard errors (1e-6).
    #[test]
    fn the_filter_knows_its_own_error() {
        let filter = FilterSpec {
            acceleration_sigma_mps2: 1.5,
            initial_speed_sigma_mps: 60.0,
        };
        let mut normals = normals("consistency");
        let runs = 2_000u64;
        let mean = (0..runs)
            .map(|run| fly(&mut normals, run, &filter).0)
            .sum::<f64>()
            / runs as f64;
        let bound = 4.9 * (12.0 / runs as f64).sqrt();
        assert!((mean - 6.0).abs() < bound, "{mean}");
    }

    /// Without manoeuvres the velocity after 30 scans is known to a small part of what it was at first.
    #[test]
    fn the_velocity_converges() {
        let filter = FilterSpec {
            acceleration_sigma_mps2: 0.01,
            initial_speed_sigma_mps: 60.0,
        };
        let mut normals = normals("convergence");
        let mean = (0..200)
            .map(|run| fly(&mut normals, run, &filter).1)
            .sum::<f64>()
            / 200.0;
        // Least squares over n = 31 plots T = 4 s apart: sigma sqrt(12/(n(n^2-1)))/T, some 1 m/s for 100 m.
        assert!(mean < 2.0, "{mean}");
    }
}
