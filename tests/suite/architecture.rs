//! The house rules that a compiler does not check: who may import whom, where the world and what is believed of it meet, whose
//! arithmetic is used. That rules cannot get at the truth is the compiler's: they are handed a view that has no way to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import, in an order in which every room comes after all that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // The kernel.
    ("units", &[]),
    ("elementary", &[]),
    ("geometry", &[]),
    ("ids", &[]),
    ("record", &["ids", "units"]),
    ("streams", &["ids", "record", "units"]),
    ("calendar", &["ids", "record", "units"]),
    // What is in between.
    ("terrain", &["geometry", "units"]),
    // From the plan to the missile.
    ("airspace", &["geometry", "ids", "streams", "units"]),
    // A flight has a plan, so what was agreed comes before who flies.
    (
        "platform",
        &[
            "airspace", "calendar", "geometry", "ids", "record", "streams", "units",
        ],
    ),
    (
        "sensing",
        &[
            "elementary",
            "geometry",
            "ids",
            "platform",
            "record",
            "streams",
            "terrain",
            "units",
        ],
    ),
    // Afterwards, from where everybody flew.
    ("separation", &["geometry", "ids", "platform", "record"]),
    ("tracking", &["geometry", "ids", "streams", "units"]),
    // The platform for the paths of plans, which are trajectories too.
    (
        "identification",
        &[
            "airspace",
            "elementary",
            "geometry",
            "ids",
            "platform",
            "record",
            "streams",
            "units",
        ],
    ),
    (
        "coordination",
        &[
            "airspace",
            "geometry",
            "identification",
            "ids",
            // What an aircraft carries, for those who call it.
            "platform",
            "record",
            "streams",
            "units",
        ],
    ),
    (
        "picture",
        &[
            "calendar",
            "coordination",
            "geometry",
            "identification",
            "ids",
            "platform",
            "record",
            "sensing",
            "streams",
            "tracking",
            "terrain",
            "units",
        ],
    ),
    (
        "engagement",
        &[
            "calendar",
            "coordination",
            "geometry",
            "ids",
            "picture",
            "record",
            "streams",
            "units",
        ],
    ),
    (
        "theatre",
        &[
            "airspace",
            "coordination",
            "engagement",
            "geometry",
            "identification",
            "ids",
            "picture",
            "platform",
            "record",
            "sensing",
            "separation",
            "tracking",
            "terrain",
            "units",
        ],
    ),
    (
        "simulation",
        &[
            "airspace",
            "calendar",
            "coordination",
            "engagement",
            "geometry",
            "identification",
            "ids",
            "picture",
            "platform",
            "record",
            "sensing",
            "separation",
            "streams",
            "terrain",
            "theatre",
            "units",
        ],
    ),
    // Facts alone; and the list of rules, to have one column for each.
    ("measure", &["coordination", "ids", "record", "units"]),
    ("statistics", &["measure", "units"]),
    // The package above: files, experiments, results, pages.
    ("geodesy", &["geometry"]),
    // Text from files, for wherever it goes.
    ("safe", &[]),
    (
        "scenario",
        &[
            "airspace",
            "coordination",
            "engagement",
            "geodesy",
            "geometry",
            "identification",
            "ids",
            "picture",
            "platform",
            "record",
            "safe",
            "sensing",
            "separation",
            "streams",
            "theatre",
            "tracking",
            "terrain",
            "units",
        ],
    ),
    (
        "experiment",
        &[
            "geodesy",
            "ids",
            "measure",
            "record",
            "scenario",
            "statistics",
            "streams",
            "units",
        ],
    ),
    // A log, and the same replication again under other rules.
    (
        "inquiry",
        &[
            "coordination",
            "experiment",
            "ids",
            "measure",
            "record",
            "scenario",
            "simulation",
            "statistics",
            "streams",
            "theatre",
            "units",
        ],
    ),
    (
        "output",
        &[
            "coordination",
            "experiment",
            "geodesy",
            "geometry",
            "ids",
            "inquiry",
            "measure",
            // Trajectories, for what viewers show.
            "platform",
            "record",
            "safe",
            "scenario",
            // The version of the model, for manifests.
            "simulation",
            "statistics",
            "units",
        ],
    ),
    // Results and replications as pages: it reads files and logs, runs nothing, and is read by the binary alone.
    (
        "report",
        &[
            "engagement",
            "experiment",
            "geodesy",
            "geometry",
            "identification",
            "ids",
            "measure",
            "output",
            "platform",
            "record",
            "safe",
            "scenario",
            "sensing",
            "simulation",
            "statistics",
            "theatre",
            "units",
        ],
    ),
    ("guide", &[]),
    // The binary sees the library by its name, as everybody else does.
    ("cli", &[]),
];

/// Rooms of the simulation proper: what happens in them must be the same to the last bit on every machine.
const SIMULATION: &[&str] = &[
    "elementary",
    "units",
    "geometry",
    "ids",
    "record",
    "streams",
    "calendar",
    "airspace",
    "platform",
    "sensing",
    "tracking",
    "identification",
    "coordination",
    "picture",
    "engagement",
    "theatre",
    "scenario",
    "simulation",
];

/// A source file without its comments and its tests.
struct Source {
    /// Path below the `src` of its package.
    path: String,
    room: String,
    code: String,
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && path.file_name().is_none_or(|name| name != "reference.rs")
        {
            // The reference implementation is tests alone.
            found.push(path);
        }
    }
}

/// The code up to the tests, which come last in every file.
fn without_comments_and_tests(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let mut code = String::new();
    for line in text[..end].lines() {
        let line = match line.trim_start() {
            comment if comment.starts_with("//") => "",
            _ => line.split(" // ").next().unwrap_or(""),
        };
        code.push_str(line);
        code.push('\n');
    }
    code
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = [root.join("src"), root.join("engine/src")];
    let mut found = Vec::new();
    for package in &packages {
        files(package, &mut found);
    }
    let mut sources: Vec<Source> = found
        .iter()
        .map(|file| {
            let path = packages
                .iter()
                .find_map(|package| file.strip_prefix(package).ok());
            let path = path.unwrap().to_str().unwrap();
            let path = path.replace('\\', "/");
            let first = path.split('/').next().unwrap();
            let room = first.strip_suffix(".rs").unwrap_or(first).to_string();
            let text = fs::read_to_string(file).unwrap();
            Source {
                code: without_comments_and_tests(&text),
                path,
                room,
            }
        })
        .collect();
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(
        sources.len() > 30,
        "only {} source files found",
        sources.len()
    );
    sources
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where `word` stands in `code` as a whole word.
fn places<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let bytes = code.as_bytes();
            let end = at + word.len();
            (at == 0 || !is_word(bytes[at - 1]))
                && bytes.get(end).is_none_or(|&next| !is_word(next))
        })
}

/// The rooms behind the `crate::` paths of a piece of code, `crate::{a, b::c}` included.
fn imports(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start()
            .bytes()
            .take_while(|&b| is_word(b))
            .map(char::from)
            .collect()
    };
    let mut rooms = BTreeSet::new();
    for at in places(code, "crate") {
        let Some(rest) = code[at..].strip_prefix("crate::") else {
            continue;
        };
        let Some(list) = rest.strip_prefix('{') else {
            rooms.insert(name(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (i, byte) in list.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' if depth > 0 => depth -= 1,
                b',' | b'}' if depth == 0 => {
                    rooms.insert(name(&list[start..i]));
                    start = i + 1;
                    if byte == b'}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    rooms.remove("");
    rooms
}

#[test]
fn paths_are_found_in_all_their_forms() {
    let code = "use crate::a::X;\nuse crate::{b, c::{D, E},\n  f};\nlet x = crate::g::h(); pub(crate) fn; $crate::i;";
    let expected: BTreeSet<String> = ["a", "b", "c", "f", "g", "i"].map(String::from).into();
    assert_eq!(imports(code), expected);
    let text = "//! [`x`](crate::x)\n/// crate::y\nuse z; // crate::w\n#[cfg(test)]\nmod tests {\n use crate::v;\n}";
    assert!(imports(&without_comments_and_tests(text)).is_empty());
}

#[test]
fn the_table_of_imports_is_an_order() {
    for (at, (room, may)) in MAY_IMPORT.iter().enumerate() {
        for other in *may {
            let before = MAY_IMPORT[..at].iter().any(|(name, _)| name == other);
            assert!(
                before,
                "{room} may import {other}, which does not come before it"
            );
        }
    }
    let measure = MAY_IMPORT
        .iter()
        .find(|(room, _)| *room == "measure")
        .unwrap()
        .1;
    for world in [
        "simulation",
        "picture",
        "engagement",
        "platform",
        "scenario",
        "calendar",
    ] {
        assert!(
            !measure.contains(&world),
            "a measure sees facts, not the world: {world}"
        );
    }
}

#[test]
fn rooms_import_only_what_they_may() {
    let may: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        if source.path == "lib.rs" || source.path == "main.rs" {
            continue;
        }
        let Some(allowed) = may.get(source.room.as_str()) else {
            wrong.push(format!(
                "{}: no room of this name in the table",
                source.path
            ));
            continue;
        };
        for import in imports(&source.code) {
            if import != source.room && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", source.path));
            }
        }
        // A path by `super` out of the room would go unseen.
        let top = source.path.ends_with("/mod.rs") && source.path.matches('/').count() == 1
            || !source.path.contains('/');
        let climbs = if top {
            source
                .code
                .lines()
                .any(|line| line.starts_with("use super::"))
        } else {
            source.code.contains("super::super::super")
                || source.path.matches('/').count() == 1 && source.code.contains("super::super::")
        };
        if climbs {
            wrong.push(format!("{} leaves its room by super", source.path));
        }
    }
    assert!(
        wrong.is_empty(),
        "change the code, or the order of rooms on the guide's architecture page and in MAY_IMPORT:\n{}",
        wrong.join("\n")
    );
}

/// The functions of `code` in which `word` stands, by name; `` for outside of all.
fn functions_naming<'a>(code: &'a str, word: &str) -> BTreeSet<&'a str> {
    let mut naming = BTreeSet::new();
    let mut function = "";
    for line in code.lines() {
        if let Some(at) = line.find("fn ")
            && ["fn ", "pub"]
                .iter()
                .any(|start| line.trim_start().starts_with(start))
        {
            let rest = &line[at + 3..];
            function = rest
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap();
        }
        if line.starts_with('}') {
            function = "";
        }
        if places(line, word).next().is_some() {
            naming.insert(function);
        }
    }
    naming
}

/// In files that hold both, world and belief meet in the draw of a declaration or a reading and nowhere else.
#[test]
fn judging_does_not_read_the_truth() {
    let sources = sources();
    let code = |path: &str| {
        &sources
            .iter()
            .find(|source| source.path == path)
            .unwrap()
            .code
    };
    let identifier = code("identification/identifier.rs");
    assert_eq!(
        functions_naming(identifier, "truth_row"),
        ["declare", "truth_row"].into()
    );
    assert_eq!(
        functions_naming(identifier, "Affiliation"),
        ["new", "truth_row", ""].into()
    );
    // `actual` is a field of the struct, made in `new` and drawn from in `declare`.
    assert_eq!(
        functions_naming(identifier, "actual"),
        ["", "declare", "new"].into()
    );
    // An ID source has a world side, which sees the scene, and a belief side, which sees a reading and the site's tables.
    for (id_source, of_world) in [
        ("iff", BTreeSet::from(["answers", "interrogate", "look"])),
        ("transponder", ["listen", "look", "shown"].into()),
        ("optical", ["look", "recognise"].into()),
        ("profile", ["estimate", "look"].into()),
        ("origin", ["look"].into()),
        ("challenge", [].into()),
    ] {
        let code = code(&format!("identification/id_sources/{id_source}.rs"));
        assert_eq!(functions_naming(code, "scene"), of_world, "{id_source}");
    }
    let id_sources = code("identification/id_sources/mod.rs");
    assert_eq!(functions_naming(id_sources, "scene"), ["look"].into());
    let operator = code("identification/operator.rs");
    assert_eq!(
        functions_naming(operator, "truly_hostile"),
        ["judge"].into()
    );
    let fire = code("engagement/fire.rs");
    let resolves = functions_naming(fire, "kill_probability");
    assert_eq!(resolves, BTreeSet::from(["impact"]));
}

/// Functions of `f64` that the platform's libm may block as it likes. sqrt, abs, floor and the like are exact.
const INEXACT: &[&str] = &[
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sin_cos", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10",
    "powf", "powi", "cbrt", "hypot",
];

fn inexact_calls(code: &str) -> Vec<String> {
    INEXACT
        .iter()
        .flat_map(|name| {
            [
                format!(".{name}("),
                format!("f64::{name}"),
                format!("f32::{name}"),
            ]
        })
        .filter(|call| {
            code.match_indices(call.as_str()).any(|(at, _)| {
                let end = code.as_bytes().get(at + call.len());
                call.ends_with('(') || end.is_none_or(|&next| !is_word(next))
            })
        })
        .collect()
}

#[test]
fn the_simulation_uses_no_function_of_the_platforms_libm() {
    assert_eq!(
        inexact_calls("x.sin() + libm::cos(x) + map(f64::exp) + x.sqrt()"),
        [".sin(", "f64::exp"]
    );
    assert!(inexact_calls("streams.exponential(x); f64::expm(x)").is_empty());
    for room in SIMULATION {
        assert!(MAY_IMPORT.iter().any(|(name, _)| name == room), "{room}");
    }
    for source in sources() {
        if SIMULATION.contains(&source.room.as_str()) {
            let calls = inexact_calls(&source.code);
            assert!(
                calls.is_empty(),
                "{} calls {calls:?}: use libm",
                source.path
            );
        }
    }
}

/// Rooms behind `pub mod` in lib.rs.
fn public_rooms() -> Vec<String> {
    let sources = sources();
    let rooms: Vec<String> = sources
        .iter()
        .filter(|source| source.path == "lib.rs")
        .flat_map(|source| source.code.lines())
        .filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(String::from)
        .collect();
    assert!(rooms.len() >= 20, "{rooms:?}");
    rooms
}

#[test]
fn every_room_is_on_the_architecture_page_and_in_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/architecture.md");
    let page = fs::read_to_string(page).unwrap();
    for room in public_rooms() {
        assert!(
            page.contains(&format!("`{room}`")),
            "the architecture page does not name `{room}`"
        );
        assert!(
            MAY_IMPORT.iter().any(|(name, _)| *name == room),
            "`{room}` is not in MAY_IMPORT"
        );
    }
}

/// The page says that imports point up its list of rooms; so they do.
#[test]
fn the_architecture_page_lists_the_rooms_in_the_order_of_imports() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/architecture.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page
        .split("# Rooms")
        .nth(1)
        .unwrap()
        .split("\n# ")
        .next()
        .unwrap();
    let row_of = |room: &str| {
        let name = format!("`{room}`");
        table.lines().position(|line| {
            line.starts_with("| `")
                && line
                    .split('|')
                    .nth(1)
                    .is_some_and(|cell| cell.contains(&name))
        })
    };
    for (room, may) in MAY_IMPORT
        .iter()
        .filter(|(room, _)| !["guide", "cli"].contains(room))
    {
        let own = row_of(room).unwrap_or_else(|| panic!("no row for `{room}`"));
        for other in *may {
            let row = row_of(other).unwrap_or_else(|| panic!("no row for `{other}`"));
            assert!(
                row <= own,
                "`{room}` may import `{other}`, which is further down the page"
            );
        }
    }
}
