//! `deconflict schema`: the JSON Schema of scenario files, for editors.

use deconflict::scenario::schema;

use super::{Failure, print};

/// Runs the command.
pub fn print_schema() -> Result<(), Failure> {
    print(&format!("{:#}\n", schema()))
}
