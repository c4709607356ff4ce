//! Nothing but benchmarks, in the folder above.
