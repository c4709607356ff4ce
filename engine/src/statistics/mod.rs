//! What many rows say: estimates with intervals, paired differences, and when to stop.
//!
//! An [`Estimator`](estimate::Estimator) adds up rows as they come; [`pairs`] does so for replications of two cells with the
//! same random numbers; both are a fixed [`fold`] over batches of replications; [`stop`] decides by what was added up so far. Quantiles are our own ([`special`]), held to published values.

pub mod clustered;
#[cfg(test)]
mod coverage;
pub mod estimate;
pub mod fold;
pub mod intervals;
pub mod kriging;
pub mod moments;
pub mod pairs;
pub mod special;
pub mod stop;
pub mod times;
