//! Files to one merged tree: reading, `include`, and overrides.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::burden;
use super::file::CoordinatesFile;
use super::ground;
use super::library::{self, BUILTIN, LIBRARY};
use super::moved;
use super::problem::{LoadError, Mark, Problem, RowMark, Source, Span, hidden_text};
use super::recorded;
use super::register::{self, Notes, Register};
use super::shape::{Below, has_alternatives, is_scalar, near, shape, suggest, takes_text};
use super::tree::{self, Entry, Item, Table, Value, clip, quoted};

/// Largest file that is read, bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Bytes of all files together, each as often as it is read.
const MOST_TOGETHER: u64 = 64 * 1024 * 1024;

/// Deepest chain of includes.
const DEEPEST: usize = 32;

/// The name of a file that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The name under which the text of an override is shown.
const OVERRIDE: &str = "--set";

/// Everything read so far: the texts, what was wrong with them, and the trees of files already read.
#[derive(Default)]
pub(crate) struct Loader {
    pub sources: Vec<Source>,
    pub problems: Vec<Problem>,
    trees: HashMap<PathBuf, Option<Item>>,
    /// Files being read, outermost first: canonical path and name as given.
    chain: Vec<(PathBuf, String)>,
    /// Below these the texts of files may be shown, links resolved: the folder of the first file, and the working folder.
    shown_below: Option<Vec<PathBuf>>,
    /// Bytes read so far.
    read: u64,
    /// Where each source finds the files that it names, by its number.
    directories: HashMap<usize, Option<PathBuf>>,
    /// The recordings that were read, by the name of their table.
    recorded: HashMap<String, Recorded>,
    /// What was stated about values, and taken off them.
    notes: Notes,
}

/// A recording that was read.
struct Recorded {
    path: PathBuf,
    /// What it is called.
    name: String,
    /// Whether its text may be shown.
    shown: bool,
}

impl Loader {
    /// Reads a file and all it includes; `None` if the file itself could not be read.
    pub(crate) fn file(&mut self, path: &Path, included_at: Option<&Span>) -> Option<Item> {
        let name = path.display().to_string();
        if included_at.is_none() && path == Path::new(STANDARD_INPUT) {
            return match all_of(std::io::stdin().lock()) {
                Ok(text) => Some(self.text(text, "standard input".to_owned(), Some(Path::new("")))),
                Err(why) => self.unreadable(None, "standard input", &why),
            };
        }
        if included_at.is_none() && handed_over(path) {
            let opened = File::open(path).map_err(|error| reason(&error));
            return match opened.and_then(all_of) {
                Ok(text) => Some(self.text(text, name, Some(Path::new("")))),
                Err(why) => self.unreadable(None, &name, &why),
            };
        }
        let canonical = match path.canonicalize() {
            Ok(canonical) => canonical,
            Err(error) => return self.unreadable(included_at, &name, &reason(&error)),
        };
        if let Some(start) = self.chain.iter().position(|(other, _)| *other == canonical) {
            let mut names: Vec<&str> = self.chain[start..]
                .iter()
                .map(|(_, name)| name.as_str())
                .collect();
            names.push(&name);
            let problem = Problem::new(
                "include",
                format!("circular include: {}", names.join(" -> ")),
            );
            self.problem(problem, included_at, "closes the circle");
            return None;
        }
        if self.chain.len() >= DEEPEST {
            let problem = Problem::new(
                "include",
                format!("includes nest more than {DEEPEST} files deep at {name}"),
            );
            self.problem(problem, included_at, "");
            return None;
        }
        if let Some(known) = self.trees.get(&canonical) {
            return known.clone();
        }
        if included_at.is_some() && !ends_in(path, "toml") && plain(&canonical).is_ok() {
            let problem = Problem::new(
                "include",
                format!("include names {name}; expected a file whose name ends in .toml"),
            );
            self.problem(problem, included_at, "");
            return None;
        }
        let shown = self.may_show(&canonical, path);
        let text = match self.read(&canonical, shown) {
            Ok(text) => text,
            Err(why) => {
                self.trees.insert(canonical, None);
                return self.unreadable(included_at, &name, &why);
            }
        };
        self.chain.push((canonical.clone(), name.clone()));
        let source = Source { name, text, shown };
        let tree = self.source(source, path.parent());
        self.chain.pop();
        self.trees.insert(canonical, Some(tree.clone()));
        Some(tree)
    }

    /// Reads a piece of the library inside the program, whose includes are pieces as well.
    fn builtin(&mut self, file: &str, included_at: &Span) -> Option<Item> {
        let Some(piece) = library::piece(file) else {
            let known: Vec<&str> = LIBRARY.iter().map(|piece| piece.name).collect();
            let name = file.strip_prefix(BUILTIN).unwrap_or(file);
            let mut problem = Problem::new(
                "include",
                format!("the library inside the program has no {:?}", clip(name)),
            );
            problem.help = suggest(name, &known, "pieces of the library");
            self.problem(problem, Some(included_at), "");
            return None;
        };
        let name = format!("{BUILTIN}{}", piece.name);
        let place = PathBuf::from(&name);
        if let Some(known) = self.trees.get(&place) {
            return known.clone();
        }
        let source = Source {
            name,
            text: piece.text.to_owned(),
            shown: true,
        };
        let tree = self.source(source, Some(Path::new(BUILTIN)));
        self.trees.insert(place, Some(tree.clone()));
        Some(tree)
    }

    /// Reads a file of another kind, which includes nothing.
    pub(crate) fn plain(&mut self, path: &Path) -> Option<Item> {
        let name = path.display().to_string();
        let shown = self.may_show(&path.canonicalize().unwrap_or_default(), path);
        match self.read(path, shown) {
            Ok(text) => {
                let source = self.sources.len();
                let tree = tree::parse_document(&text, source, &mut self.problems);
                self.sources.push(Source { name, text, shown });
                Some(tree)
            }
            Err(why) => self.unreadable(None, &name, &why),
        }
    }

    /// Parses a text and pulls in what it includes, relative to `directory`.
    pub(crate) fn text(&mut self, text: String, name: String, directory: Option<&Path>) -> Item {
        if let Some(directory) = directory {
            self.begin(directory);
        }
        let source = Source {
            name,
            text,
            shown: true,
        };
        self.source(source, directory)
    }

    /// Where the first file lies decides whose text may be shown.
    fn begin(&mut self, directory: &Path) -> &[PathBuf] {
        self.shown_below.get_or_insert_with(|| {
            let here = Path::new(".");
            let folder = if directory.as_os_str().is_empty() {
                here
            } else {
                directory
            };
            let folders = [folder, here].into_iter();
            folders
                .filter_map(|folder| folder.canonicalize().ok())
                .collect()
        })
    }

    /// Whether the text of a file may be shown; `path` is how it was named.
    fn may_show(&mut self, canonical: &Path, path: &Path) -> bool {
        let below = self.begin(path.parent().unwrap_or(Path::new("")));
        below.iter().any(|folder| canonical.starts_with(folder))
    }

    fn source(&mut self, read: Source, directory: Option<&Path>) -> Item {
        let source = self.sources.len();
        let strange = strange(&read.text);
        let mut own = match strange {
            Some(why) => {
                let span = Span {
                    source,
                    range: 0..0,
                };
                let said = format!("{} {why}", read.name);
                self.problems.push(Problem::new("", said).at(&span, ""));
                Item {
                    span,
                    value: Value::Table(Table::new()),
                }
            }
            None => tree::parse_document(&read.text, source, &mut self.problems),
        };
        self.sources.push(read);
        self.directories
            .insert(source, directory.map(Path::to_owned));
        written_by_hand(&mut own, &mut self.problems);
        let notes = register::take(&mut own, &mut self.problems);
        let merged = self.with_includes(own, directory);
        // What a file says holds over what its includes say.
        self.notes.extend(notes);
        merged
    }

    /// What is known of the values of a merged tree.
    pub(crate) fn register(&self, tree: &Item) -> Register {
        register::register(tree, &self.notes, &self.sources)
    }

    /// A document over those that it includes.
    fn with_includes(&mut self, mut own: Item, directory: Option<&Path>) -> Item {
        let include = match &mut own.value {
            Value::Table(table) => table.remove("include"),
            _ => None,
        };
        let Some(include) = include else { return own };
        let Value::Array(entries) = &include.item.value else {
            self.problems.push(
                Problem::new(
                    "include",
                    format!(
                        "include is {}; expected an array of file names",
                        include.item.describe()
                    ),
                )
                .at(&include.key, ""),
            );
            return own;
        };
        let mut base: Option<Item> = None;
        // A file that is named twice counts where it is named last, and is read and merged once.
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (number, entry) in entries.iter().enumerate() {
            if let Value::Text(file) = &entry.value {
                last.insert(file, number);
            }
        }
        for (number, entry) in entries.iter().enumerate() {
            if let Value::Text(file) = &entry.value
                && last.get(file.as_str()) != Some(&number)
            {
                continue;
            }
            let Value::Text(file) = &entry.value else {
                self.problems.push(
                    Problem::new(
                        "include",
                        format!("include has {}; expected file names", entry.describe()),
                    )
                    .at(&entry.span, ""),
                );
                continue;
            };
            let within = directory == Some(Path::new(BUILTIN));
            let included = if within || file.starts_with(BUILTIN) {
                self.builtin(file, &entry.span)
            } else if let Some(directory) = directory {
                self.file(&directory.join(file), Some(&entry.span))
            } else {
                self.problems.push(
                    Problem::new("include", "include needs a scenario that is a file")
                        .at(&entry.span, ""),
                );
                None
            };
            if let Some(tree) = included {
                base = Some(match base {
                    Some(base) => merge(base, tree, Some(shape())),
                    None => tree,
                });
            }
        }
        match base {
            Some(base) => merge(base, own, Some(shape())),
            None => own,
        }
    }

    /// Reads the elevations that a whole tree names, and keeps what they are known by.
    fn terrain(&mut self, tree: &mut Item) {
        const KEY: &str = "terrain.file";
        let Value::Table(root) = &mut tree.value else {
            return;
        };
        let Some(Value::Table(terrain)) =
            root.get_mut("terrain").map(|entry| &mut entry.item.value)
        else {
            return;
        };
        let Some(file) = terrain.get("file") else {
            return;
        };
        let Value::Text(file_name) = &file.item.value else {
            return;
        };
        let (at, source) = (file.key.clone(), file.item.span.source);
        if let Some(stored) = terrain.get("grid") {
            if at.source != stored.key.source {
                let said = format!(
                    "{KEY} is set, but the grid was read with the scenario; expected the scenario file"
                );
                self.problems.push(Problem::new(KEY, said).at(&at, ""));
            }
            return;
        }
        let coordinates = match terrain.get("coordinates").map(|entry| entry.item.to_json()) {
            None => CoordinatesFile::default(),
            Some(json) => match serde_json::from_value(json) {
                Ok(coordinates) => coordinates,
                Err(_) => return,
            },
        };
        let Some(directory) = self.directories.get(&source).cloned().flatten() else {
            let said = format!("{KEY} needs a scenario that is a file");
            self.problems.push(Problem::new(KEY, said).at(&at, ""));
            return;
        };
        let path = directory.join(file_name);
        let name = path.display().to_string();
        let shown = self.may_show(&path.canonicalize().unwrap_or_default(), &path);
        let read = plain(&path)
            .map_err(|why| format!("cannot read {name}: {why}"))
            .and_then(|_| {
                ground::read(&path, coordinates).map_err(|why| {
                    if shown {
                        format!("{KEY}: {name}: {why}")
                    } else {
                        hidden_text(&name)
                    }
                })
            });
        match read {
            Ok(read) => {
                let json = serde_json::json!({ "path": name, "sha256": read.sha256 });
                let item = Item::from_json(&json, &at);
                terrain.insert("grid".to_owned(), Entry { key: at, item });
            }
            Err(said) => {
                let problem = Problem::new(KEY, said).at(&at, "named here");
                self.problems.push(problem);
                // Told, and not to be told again.
                root.remove("terrain");
            }
        }
    }

    /// Reads the recordings that a whole tree names, each as its table says.
    pub(crate) fn recordings(&mut self, tree: &mut Item) {
        self.terrain(tree);
        let Value::Table(root) = &mut tree.value else {
            return;
        };
        let Some(Value::Table(tracks)) = root.get_mut("tracks").map(|entry| &mut entry.item.value)
        else {
            return;
        };
        for (name, entry) in tracks {
            let settings = settings(&entry.item);
            let Value::Table(track) = &mut entry.item.value else {
                continue;
            };
            let (Some(file), Some(settings)) = (track.get("file"), settings) else {
                continue;
            };
            let Value::Text(file_name) = &file.item.value else {
                continue;
            };
            let key_path = format!("tracks.{}.file", quoted(name));
            let (at, file_name) = (file.key.clone(), file_name.clone());
            // What was stored with its recording needs no file, as long as nothing says how to read it anew.
            if let Some(stored) = track.get("recording") {
                let anew = ["file", "columns", "units", "separator", "on_fault"];
                let anew = anew.iter().find(|key| {
                    track
                        .get(**key)
                        .is_some_and(|entry| entry.key.source != stored.key.source)
                });
                if let Some(key) = anew {
                    let said = format!(
                        "tracks.{}.{key} is set, but what is recorded was read with the scenario; expected the scenario file",
                        quoted(name)
                    );
                    let problem = Problem::new(key_path, said);
                    self.problems.push(problem.at(&track[*key].key, ""));
                }
                continue;
            }
            let Some(directory) = self
                .directories
                .get(&file.item.span.source)
                .cloned()
                .flatten()
            else {
                let said = format!("{key_path} needs a scenario that is a file");
                self.problems.push(Problem::new(key_path, said).at(&at, ""));
                continue;
            };
            let path = directory.join(&file_name);
            let shown_name = path.display().to_string();
            let lower = shown_name.to_ascii_lowercase();
            let ending = lower.strip_suffix(".gz").unwrap_or(&lower);
            if !recorded::ENDINGS
                .iter()
                .any(|known| ends_in(Path::new(ending), known))
            {
                let said = format!(
                    "{key_path} names {shown_name}; expected a file whose name ends in .{}, or one of them and .gz",
                    recorded::ENDINGS.join(", .")
                );
                let problem = Problem::new(key_path, said);
                self.problems.push(problem.at(&at, "named here"));
                continue;
            }
            let shown = self.may_show(&path.canonicalize().unwrap_or_default(), &path);
            let place = Recorded {
                path,
                name: shown_name,
                shown,
            };
            let tracks_name = name.clone();
            // What cannot be opened is told; what stands in it is not, if it may not be shown.
            let there = plain(&place.path);
            let hidden = !place.shown && there.is_ok();
            let read = there.map_err(|why| (why, None)).and_then(|_| {
                recorded::read(&place.path, &settings).map_err(|failed| (failed.said, failed.row))
            });
            self.recorded.insert(tracks_name.clone(), place);
            let reading = match read {
                Ok(reading) => reading,
                Err((why, row)) => {
                    let name = &self.recorded[&tracks_name].name;
                    let said = match row {
                        _ if hidden => hidden_text(name),
                        Some((row, _)) => format!("{key_path}: {name}, row {row} {why}"),
                        None => format!("cannot read {name}: {why}"),
                    };
                    let mut problem = Problem::new(key_path.clone(), said).at(&at, "named here");
                    problem.rows.extend(row.map(|(row, column)| RowMark {
                        tracks: tracks_name.clone(),
                        row,
                        column,
                        label: String::new(),
                    }));
                    self.problems.push(problem);
                    // Without rows: told, and not to be told again.
                    recorded::Reading::default()
                }
            };
            let problems =
                recorded::problems(&tracks_name, &key_path, &file_name, &at, &reading.faults);
            self.problems.extend(problems);
            let item = recorded::item(&file_name, reading, &at);
            track.insert("recording".to_owned(), Entry { key: at, item });
        }
    }

    /// What went wrong, with the rows of recordings that it is about.
    pub(crate) fn error(mut self) -> LoadError {
        self.show_rows();
        LoadError::new(self.problems, self.sources)
    }

    /// Puts marks on rows of recordings: their lines are read again, and nothing else of the files is kept.
    pub(crate) fn show_rows(&mut self) {
        let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for mark in self.problems.iter().flat_map(|problem| &problem.rows) {
            wanted
                .entry(mark.tracks.as_str())
                .or_default()
                .insert(mark.row);
        }
        let mut texts: BTreeMap<String, usize> = BTreeMap::new();
        for (tracks, rows) in wanted {
            let Some(place) = self.recorded.get(tracks) else {
                continue;
            };
            if let Some(text) = recorded::lines_of(&place.path, &rows) {
                texts.insert(tracks.to_owned(), self.sources.len());
                self.sources.push(Source {
                    name: place.name.clone(),
                    text,
                    shown: place.shown,
                });
            }
        }
        for problem in &mut self.problems {
            let first = problem.rows.first();
            let place = first.and_then(|mark| self.recorded.get(&mark.tracks));
            if let Some(place) = place.filter(|place| !place.shown) {
                problem.message = hidden_text(&place.name);
                problem.help = None;
            }
            let marks: Vec<Mark> = std::mem::take(&mut problem.rows)
                .into_iter()
                .filter_map(|mark| {
                    let source = *texts.get(&mark.tracks)?;
                    let text = &self.sources[source].text;
                    let start = match mark.row {
                        0 | 1 => 0,
                        row => text.match_indices('\n').nth(row as usize - 2)?.0 + 1,
                    };
                    let length = text[start..].find('\n').unwrap_or(text.len() - start);
                    let range = recorded::field_at(text, &(start..start + length), mark.column);
                    let span = Span { source, range };
                    Some(Mark {
                        span,
                        label: mark.label,
                    })
                })
                .collect();
            if !marks.is_empty() {
                problem.marks = marks;
            }
        }
    }

    /// The text of a file; `shown` is whether a word of it may be told.
    fn read(&mut self, path: &Path, shown: bool) -> Result<String, String> {
        let about = plain(path)?;
        let most = MOST_TOGETHER.saturating_mul(burden::limit());
        let together = self.read.saturating_add(about.len());
        if about.len() <= LARGEST && together > most {
            return Err(format!(
                "with it the files would have {together} bytes together; expected at most {most}, or --limit"
            ));
        }
        self.read = together;
        read(path, shown)
    }

    fn unreadable(&mut self, included_at: Option<&Span>, name: &str, why: &str) -> Option<Item> {
        let key = if included_at.is_some() { "include" } else { "" };
        let problem = Problem::new(key, format!("cannot read {name}: {why}"));
        self.problem(problem, included_at, "included here");
        None
    }

    fn problem(&mut self, problem: Problem, at: Option<&Span>, label: &str) {
        self.problems.push(match at {
            Some(span) => problem.at(span, label),
            None => problem,
        });
    }

    /// Merges one `path=value` over the tree.
    pub(crate) fn set(&mut self, tree: Item, text: &str) -> Item {
        let source = self.sources.len();
        self.sources.push(Source {
            name: OVERRIDE.to_owned(),
            text: text.to_owned(),
            shown: true,
        });
        self.directories.insert(source, Some(PathBuf::new()));
        match self.parse_override(&tree, text, source) {
            Some(mut leaf) => {
                let notes = register::take(&mut leaf, &mut self.problems);
                self.notes.extend(notes);
                merge(tree, leaf, Some(shape()))
            }
            None => tree,
        }
    }

    fn parse_override(&mut self, tree: &Item, text: &str, source: usize) -> Option<Item> {
        let span = |range| Span { source, range };
        if text.len() as u64 > LARGEST {
            self.problems
                .push(Problem::new("", "the override is too long"));
            return None;
        }
        let Some(equals) = split_at_equals(text) else {
            self.problems.push(
                Problem::new(
                    "",
                    format!("override {:?} has no =; expected path=value", clip(text)),
                )
                .at(&span(0..text.len()), ""),
            );
            return None;
        };
        let Some(path) = parse_path(&text[..equals], source) else {
            self.problems.push(
                Problem::new(
                    "",
                    format!(
                        "override {:?} has no key path before the =; expected names joined by dots",
                        clip(text)
                    ),
                )
                .at(&span(0..equals), ""),
            );
            return None;
        };
        let value = self.parse_value(&text[equals + 1..], equals + 1, source)?;
        self.known_path(tree, &path)?;
        Some(nested(path, value, &span(0..text.len())))
    }

    /// The steps of a path that an experiment names; `None`, and a problem, if tree and schema do not know it.
    pub(crate) fn known(&mut self, tree: &Item, path: &str, at: &Span) -> Option<Vec<String>> {
        let Some(steps) = parse_path(path, at.source) else {
            let problem = Problem::new(
                "",
                format!("{:?} is no path; expected names joined by dots", clip(path)),
            );
            self.problems.push(problem.at(at, ""));
            return None;
        };
        let steps: Vec<(String, Span)> = steps
            .into_iter()
            .map(|(name, _)| (name, at.clone()))
            .collect();
        self.known_path(tree, &steps)?;
        Some(steps.into_iter().map(|(name, _)| name).collect())
    }

    /// The value of an override: TOML, or a bare word that stands for a string.
    fn parse_value(&mut self, text: &str, offset: usize, source: usize) -> Option<Item> {
        let start = offset + (text.len() - text.trim_start().len());
        let typed = text.trim();
        let span = Span {
            source,
            range: start..start + typed.len(),
        };
        let error = match DeValue::parse(typed) {
            Ok(parsed) => {
                let before = self.problems.len();
                let item = tree::item(parsed, source, start, &mut self.problems);
                return (self.problems.len() == before).then_some(item);
            }
            Err(error) => error,
        };
        let bare = typed.chars().next().is_some_and(char::is_alphanumeric)
            && !typed
                .chars()
                .any(|c| c.is_control() || "\"'[]{}=#,".contains(c));
        if bare {
            return Some(Item {
                span,
                value: Value::Text(typed.to_owned()),
            });
        }
        let place = error.span().map_or(span.clone(), |range| Span {
            source,
            range: start + range.start..start + range.end,
        });
        self.problems
            .push(Problem::new("", format!("syntax: {}", error.message())).at(&place, ""));
        None
    }

    /// Whether tree or schema know the path; else a problem with near matches.
    fn known_path(&mut self, tree: &Item, path: &[(String, Span)]) -> Option<()> {
        let mut node: Option<&'static Json> = Some(shape());
        let mut item = Some(tree);
        let mut above = String::new();
        if path.first().is_some_and(|(name, _)| name == "include") {
            self.problems
                .push(Problem::new("include", "include cannot be set").at(&path[0].1, ""));
            return None;
        }
        for (index, (name, span)) in path.iter().enumerate() {
            let below = node.map(Below::of);
            let table = item.and_then(Item::table);
            let existing = table.and_then(|table| table.get(name));
            let child = below.as_ref().and_then(|below| below.child(name));
            let by_key = below
                .as_ref()
                .is_some_and(|below| below.keys.contains(&name.as_str()));
            // A new cell of a matrix or of the relations may be set; a new flight may not be conjured up.
            let new_cell = index + 1 == path.len() && child.is_some_and(is_scalar);
            if existing.is_none() && !by_key && !new_cell {
                let mut known: Vec<&str> = below.map_or_else(Vec::new, |below| below.keys);
                known.extend(
                    table
                        .into_iter()
                        .flat_map(|table| table.keys().map(String::as_str)),
                );
                known.retain(|key| *key != "include");
                let shown = if above.is_empty() {
                    quoted(name)
                } else {
                    format!("{above}.{}", quoted(name))
                };
                let named = node
                    .map(Below::of)
                    .is_some_and(|below| below.names.is_some());
                let help = if named && existing.is_none() && known.is_empty() {
                    Some(format!(
                        "there is nothing below {above} yet: set it as a whole, {above}={{{}={{..}}}}",
                        quoted(name)
                    ))
                } else if known.is_empty() {
                    match item.map(|item| &item.value) {
                        Some(Value::Array(_)) => {
                            Some(format!("{above} is an array, which is set as a whole"))
                        }
                        _ => Some(format!("{above} has no keys below it")),
                    }
                } else if let Some(now) = moved::path(&names(path)) {
                    let now: Vec<String> = now.iter().map(|name| quoted(name)).collect();
                    Some(format!("it is called {} now", now.join(".")))
                } else if let Some(became) = moved::key(&names(&path[..index]), name) {
                    Some(became.told())
                } else {
                    elsewhere(tree, path, name, &known, &above)
                        .or_else(|| suggest(name, &known, "keys here"))
                };
                let mut problem =
                    Problem::new(shown.clone(), format!("unknown path {shown}")).at(span, "");
                problem.help = help;
                self.problems.push(problem);
                return None;
            }
            if !above.is_empty() {
                above.push('.');
            }
            above.push_str(&quoted(name));
            node = child;
            item = existing.map(|entry| &entry.item);
        }
        Some(())
    }
}

fn names(path: &[(String, Span)]) -> Vec<&str> {
    path.iter().map(|(name, _)| name.as_str()).collect()
}

/// If the misspelt step is close to a known one, the whole path with that step put right.
fn elsewhere(
    _tree: &Item,
    path: &[(String, Span)],
    name: &str,
    known: &[&str],
    above: &str,
) -> Option<String> {
    let matches = near(name, known.iter().copied());
    if matches.is_empty() {
        return None;
    }
    let at = path.iter().position(|(step, _)| step == name)?;
    let rest: String = path[at + 1..]
        .iter()
        .map(|(step, _)| format!(".{}", quoted(step)))
        .collect();
    let dot = if above.is_empty() { "" } else { "." };
    let paths: Vec<String> = matches
        .iter()
        .map(|found| format!("{above}{dot}{}{rest}", quoted(found)))
        .collect();
    Some(format!("did you mean {}?", paths.join(" or ")))
}

/// A value below the names of a path, as a tree to be merged; `whole` is the place of the tables between.
pub(crate) fn nested(path: Vec<(String, Span)>, value: Item, whole: &Span) -> Item {
    path.into_iter()
        .rev()
        .fold(value, |item, (name, key)| Item {
            span: whole.clone(),
            value: Value::Table(Table::from([(name, Entry { key, item })])),
        })
}

/// The steps of a path as typed.
pub(crate) fn path_of(text: &str) -> Option<Vec<String>> {
    let path = parse_path(text, 0)?;
    Some(path.into_iter().map(|(name, _)| name).collect())
}

/// The path of an override, if it has one.
pub(crate) fn override_path(text: &str) -> Option<Vec<String>> {
    let path = parse_path(&text[..split_at_equals(text)?], 0)?;
    Some(path.into_iter().map(|(name, _)| name).collect())
}

/// The first `=` outside quotes.
fn split_at_equals(text: &str) -> Option<usize> {
    let mut quote = None;
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (None, '=') => return Some(index),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// A dotted path, each step with its place.
fn parse_path(text: &str, source: usize) -> Option<Vec<(String, Span)>> {
    if text.contains(['\n', '\r', '#']) {
        return None;
    }
    let line = format!("{text}=0");
    let mut table: DeTable<'_> = DeTable::parse(&line).ok()?.into_inner();
    let mut path = Vec::new();
    loop {
        let mut entries = std::mem::take(&mut table).into_iter();
        let (key, value) = entries.next()?;
        if entries.next().is_some() {
            return None;
        }
        let span = Span {
            source,
            range: key.span(),
        };
        path.push((key.into_inner().into_owned(), span));
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(path),
        }
    }
}

/// What takes away what was said before.
const NONE: &str = "none";

/// What `over` says wins: tables merge, everything else is replaced; `"none"` in place of what is no text takes it away.
///
/// Where the schema offers alternatives, a table that names another one replaces instead of merging, so that a site
/// moved from `drawn_in` to `at` does not keep both.
pub(crate) fn merge(base: Item, over: Item, node: Option<&'static Json>) -> Item {
    match (base.value, over.value) {
        (Value::Table(mut base), Value::Table(over_table)) => {
            let replaces = node.is_some_and(has_alternatives)
                && over_table.keys().any(|key| !base.contains_key(key));
            if replaces {
                base = Table::new();
            }
            let below = node.map(Below::of);
            for (name, entry) in over_table {
                let inner = below.as_ref().and_then(|below| below.child(&name));
                let none = matches!(&entry.item.value, Value::Text(text) if text == NONE);
                if none && inner.is_some_and(|inner| !takes_text(inner)) {
                    base.remove(&name);
                    continue;
                }
                let merged = match base.remove(&name) {
                    Some(old) => Entry {
                        key: entry.key,
                        item: merge(old.item, entry.item, inner),
                    },
                    None => entry,
                };
                base.insert(name, merged);
            }
            Item {
                span: over.span,
                value: Value::Table(base),
            }
        }
        (_, value) => Item {
            span: over.span,
            value,
        },
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}

/// What is read from a recording is not written by hand.
fn written_by_hand(own: &mut Item, problems: &mut Vec<Problem>) {
    let tracks = match &mut own.value {
        Value::Table(root) => root.get_mut("tracks"),
        _ => None,
    };
    let Some(Value::Table(tracks)) = tracks.map(|entry| &mut entry.item.value) else {
        return;
    };
    for (name, entry) in tracks {
        let Value::Table(track) = &mut entry.item.value else {
            continue;
        };
        if let Some(written) = track.remove("recording") {
            let key_path = format!("tracks.{}.recording", quoted(name));
            let said = format!("{key_path} is not written by hand; expected file alone");
            problems.push(Problem::new(key_path, said).at(&written.key, ""));
        }
    }
}

/// What a text is that is surely no TOML.
fn strange(text: &str) -> Option<&'static str> {
    match text.trim_start().chars().next()? {
        '<' => Some(
            "looks like XML; expected TOML (import reads GPX; KML and pages are written, not read)",
        ),
        '{' if text.contains("\"program\": \"deconflict\"") => Some(
            "describes results; expected a scenario (run --from, explain --from and replay --from take their folder)",
        ),
        '{' => Some(
            "looks like JSON; expected TOML (import reads GeoJSON, readsb traces and volumes of ASTM F3548)",
        ),
        _ => None,
    }
}

/// All of standard input, or of a pipe.
fn all_of(input: impl Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    input
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| reason(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it has more than {LARGEST} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        format!(
            "it is not UTF-8 from byte {} on",
            error.utf8_error().valid_up_to()
        )
    })
}

/// How a recording is to be read; nothing where that is not of the shape it must be, which is told elsewhere.
fn settings(track: &Item) -> Option<recorded::Settings> {
    let mut json = track.to_json();
    if let Json::Object(keys) = &mut json {
        keys.retain(|key, _| recorded::Settings::KEYS.contains(&key.as_str()));
    }
    serde_json::from_value(json).ok()
}

/// Whether the name of a file has an ending, in whatever case.
fn ends_in(path: &Path, ending: &str) -> bool {
    let found = path.extension().and_then(std::ffi::OsStr::to_str);
    found.is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// What is known of a plain file before it is opened: opening a pipe would wait for a writer.
fn plain(path: &Path) -> Result<std::fs::Metadata, String> {
    let about = std::fs::metadata(path).map_err(|error| reason(&error))?;
    if about.is_dir() {
        return Err("it is a directory; expected a file".to_owned());
    }
    if !about.is_file() {
        return Err("it is a device or a pipe; expected a file".to_owned());
    }
    Ok(about)
}

/// Whether a path is a pipe that a shell has opened and handed over, as `<(command)` does: somebody writes to it.
fn handed_over(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let piped = std::fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo());
        piped
            && ["/dev/fd/", "/proc/self/fd/"]
                .iter()
                .any(|place| path.starts_with(place))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// The text of a file; `shown` is whether a word of it may be told.
fn read(path: &Path, shown: bool) -> Result<String, String> {
    let about = plain(path)?;
    let too_large = |size: u64| format!("it has {size} bytes; expected at most {LARGEST}");
    if about.len() > LARGEST {
        return Err(too_large(about.len()));
    }
    let file = File::open(path).map_err(|error| reason(&error))?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| reason(&error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large(bytes.len() as u64));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..offset]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        let byte = match shown {
            true => format!("byte 0x{:02x} at", bytes[offset]),
            false => "from".to_owned(),
        };
        format!("it is not UTF-8: {byte} offset {offset}, line {line}")
    })
}
