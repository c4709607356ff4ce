//! The library of aircraft, site classes and places that is inside the program: `include = ["builtin:aircraft"]`. The texts are
//! those of `scenarios/library`, so that what is installed works anywhere.

use super::load::Loader;
use super::register::Assumption;

/// What a name in `include` begins with that means a piece of the library.
pub(crate) const BUILTIN: &str = "builtin:";

/// A piece of a scenario.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// Its name, without what marks it.
    pub name: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

/// Every piece there is.
pub const LIBRARY: &[Piece] = &[
    Piece {
        name: "aircraft",
        text: include_str!("../../scenarios/library/aircraft.toml"),
    },
    Piece {
        name: "sites",
        text: include_str!("../../scenarios/library/sites.toml"),
    },
    Piece {
        name: "lna_site_classes",
        text: include_str!("../../scenarios/library/lna_site_classes.toml"),
    },
    Piece {
        name: "places",
        text: include_str!("../../scenarios/library/places.toml"),
    },
    Piece {
        name: "one_pass",
        text: include_str!("../../scenarios/library/one_pass.toml"),
    },
];

impl Piece {
    /// What it holds: the comment at its head.
    pub fn about(&self) -> String {
        let lines = self.text.lines().skip_while(|line| line.starts_with("#:"));
        let head = lines.take_while(|line| line.starts_with("# "));
        head.map(|line| &line[2..]).collect::<Vec<_>>().join(" ")
    }

    /// The names of its own tables, such as `aircraft.tb2`, in the order of the text; not those of what it includes.
    pub fn tables(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let headers = self.text.lines().filter_map(|line| {
            let inside = line.strip_prefix('[')?.split(']').next()?;
            let mut steps = inside.split('.');
            let (kind, name) = (steps.next()?, steps.next()?);
            ["aircraft", "site_classes", "places"]
                .contains(&kind)
                .then(|| format!("{kind}.{name}"))
        });
        for name in headers {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// The piece of a name in `include`, with or without the ending of a file.
pub fn piece(name: &str) -> Option<&'static Piece> {
    let name = name.strip_prefix(BUILTIN).unwrap_or(name);
    let name = name.strip_suffix(".toml").unwrap_or(name);
    LIBRARY.iter().find(|piece| piece.name == name)
}

/// A scenario with a comment to every part, to begin with: what `deconflict init` writes.
pub const BEGINNING: &str = include_str!("init.toml");

/// What the library states about its own numbers: ranges and sources.
pub fn assumptions() -> Vec<Assumption> {
    let names = ["aircraft", "lna_site_classes"];
    let includes: Vec<String> = names
        .iter()
        .map(|name| format!("\"{BUILTIN}{name}\""))
        .collect();
    let mut loader = Loader::default();
    let text = format!("include = [{}]", includes.join(", "));
    let tree = loader.text(text, "the library".to_owned(), None);
    loader.register(&tree).assumptions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_says_what_it_is_and_names_its_tables() {
        for piece in LIBRARY {
            assert!(piece.about().len() > 20, "{}", piece.name);
        }
        let tables = super::piece("builtin:aircraft")
            .map(Piece::tables)
            .unwrap_or_default();
        assert!(tables.contains(&"aircraft.tb2".to_owned()), "{tables:?}");
        assert!(piece("aircraft.toml").is_some() && piece("nowhere").is_none());
    }

    #[test]
    fn the_numbers_of_the_library_have_sources() {
        let all = assumptions();
        assert!(
            all.iter()
                .any(|one| one.name.ends_with("r50_m") && !one.source.is_empty())
        );
    }
}
