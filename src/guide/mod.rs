//! The guide: how the house is laid out, what the model says, what the words mean, and why it was decided so.
//!
//! | page | read it when |
//! |---|---|
//! | [`scenarios`] | you write a scenario of your own, or run a recording |
//! | [`experiments`] | you compare rule sets, tune them, or read result files |
//! | [`answers`] | you want to know why a shot was fired, and what would have prevented it |
//! | [`architecture`] | you want to change the code |
//! | [`model`] | you want to know what a number means, or whether to believe it |
//! | [`intervals`] | you want to know what an interval says, and how often it holds |
//! | [`cluster`] | you want to run a sweep on many machines |
//! | [`performance`] | you want to know how fast it is, or to make it faster |
//! | [`tests`] | you want to add a test, or to know what the tests can see |
//! | [`library`] | a Rust program of your own runs scenarios |
//! | [`json`] | a program reads what commands print |
//! | [`safety`] | you open files of strangers, or publish your own |
//! | [`vocabulary`] | two people use one word for two things |
//! | [`decisions`] | you are about to ask "why not simply …?" |
//! | [`changelog`] | a result differs from last month's |

pub mod scenarios {
    #![doc = include_str!("scenarios.md")]
}

pub mod experiments {
    #![doc = include_str!("experiments.md")]
}

pub mod answers {
    #![doc = include_str!("answers.md")]
}

pub mod architecture {
    #![doc = include_str!("architecture.md")]
}

pub mod model {
    #![doc = include_str!("model.md")]
}

pub mod intervals {
    #![doc = include_str!("intervals.md")]
}

pub mod cluster {
    #![doc = include_str!("cluster.md")]
}

pub mod performance {
    #![doc = include_str!("performance.md")]
}

pub mod tests {
    #![doc = include_str!("tests.md")]
}

pub mod library {
    #![doc = include_str!("library.md")]
}

pub mod json {
    #![doc = include_str!("json.md")]
}

pub mod safety {
    #![doc = include_str!("safety.md")]
}

pub mod vocabulary {
    #![doc = include_str!("vocabulary.md")]
}

pub mod decisions;

pub mod changelog {
    #![doc = include_str!("changelog.md")]
}
