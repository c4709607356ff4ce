//! Files of earlier versions in the words of today, comments and layout as they were.
//!
//! What is rewritten is in the table of `moved`: the text is walked as the parser sees it, and only the names and
//! values that are called otherwise change their bytes.

use std::collections::HashSet;
use std::ops::Range;

use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_document};
use toml_parser::{ErrorSink, ParseError};

use super::moved::{self, Became};
use super::problem::{LoadError, Problem, Source, Span};
use super::tree::parse_document as read;

/// A file in the words of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The text.
    pub text: String,
    /// How many names and values are called otherwise now.
    pub changes: usize,
    /// Names that do not mean quite the same, or are left out: the line, the old name, and what became of it.
    pub notes: Vec<(usize, String, String)>,
}

/// Rewrites a file; `name` is what it is called. What no program can rewrite is a problem, with its place and what to do: then
/// there is no text.
///
/// # Errors
/// All that no program can rewrite, with its places.
pub fn migrate(name: &str, text: &str) -> Result<Migrated, LoadError> {
    let source = || Source {
        name: name.to_owned(),
        text: text.to_owned(),
        shown: true,
    };
    let mut problems = Vec::new();
    read(text, 0, &mut problems);
    if problems.is_empty() {
        let mut walk = Walk::new(text);
        for event in events(text) {
            walk.event(event);
        }
        let edits = walk.finish();
        problems = walk.problems;
        if problems.is_empty() {
            let changes = edits.len();
            let text = applied(text, edits);
            // What is written reads.
            read(&text, 0, &mut problems);
            if problems.is_empty() {
                let notes = walk.notes;
                return Ok(Migrated {
                    text,
                    changes,
                    notes,
                });
            }
            for problem in &mut problems {
                problem.marks.clear();
                problem.message = format!("once rewritten it is no TOML: {}", problem.message);
            }
        }
    }
    Err(LoadError {
        problems,
        sources: vec![source()],
    })
}

/// Deepest nesting that is walked: what the reader takes.
const DEEPEST: u32 = 80;

/// Nobody listens: what is wrong has been said by the reader.
struct Deaf;

impl ErrorSink for Deaf {
    fn report_error(&mut self, _error: ParseError) {}
}

fn events(text: &str) -> Vec<Event> {
    let tokens = toml_parser::Source::new(text).lex().into_vec();
    let mut events = Vec::new();
    let mut receiver = |event: Event| events.push(event);
    let mut guard = RecursionGuard::new(&mut receiver, DEEPEST);
    parse_document(&tokens, &mut guard, &mut Deaf);
    events
}

/// A stretch of the text, and what stands there instead.
type Edit = (Range<usize>, String);

fn applied(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(text.len() + 16 * edits.len());
    let mut at = 0;
    for (range, new) in edits {
        out.push_str(&text[at..range.start]);
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

/// A key as it was typed.
struct Key {
    name: String,
    range: Range<usize>,
}

/// A key whose value is to be rewritten along with it.
struct Awaited {
    path: Vec<String>,
    key: Edit,
    became: Became,
}

struct Walk<'a> {
    text: &'a str,
    /// The table that the last header opened.
    table: Vec<String>,
    /// What inline tables that are open lie below.
    inline: Vec<Vec<String>>,
    /// The steps of the key that is being read, or was read last.
    keys: Vec<Key>,
    /// Whether a key begins anew.
    fresh: bool,
    /// Where the key that was read last begins.
    typed_from: usize,
    /// Where the value stands that is being read.
    at: Vec<String>,
    /// Everything there is, by its path.
    there: HashSet<Vec<String>>,
    /// Keys that become others, by the path of the other.
    becomes: Vec<(Vec<String>, Range<usize>)>,
    awaited: Option<Awaited>,
    edits: Vec<Edit>,
    notes: Vec<(usize, String, String)>,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        Walk {
            text,
            table: Vec::new(),
            inline: Vec::new(),
            keys: Vec::new(),
            fresh: true,
            typed_from: 0,
            at: Vec::new(),
            there: HashSet::new(),
            becomes: Vec::new(),
            awaited: None,
            edits: Vec::new(),
            notes: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn event(&mut self, event: Event) {
        let range = event.span().start()..event.span().end();
        match event.kind() {
            EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                self.inline.clear();
                self.table.clear();
                self.fresh = true;
            }
            EventKind::SimpleKey => {
                if std::mem::take(&mut self.fresh) {
                    self.keys.clear();
                }
                let name = self.plain(&range, event.encoding()).to_owned();
                self.keys.push(Key { name, range });
            }
            EventKind::StdTableClose | EventKind::ArrayTableClose => {
                self.table = self.key(Vec::new());
            }
            EventKind::KeyValSep => {
                let base = self.inline.last().unwrap_or(&self.table).clone();
                self.at = self.key(base);
            }
            EventKind::InlineTableOpen => {
                self.unawaited(&range);
                self.inline.push(self.at.clone());
                self.fresh = true;
            }
            EventKind::InlineTableClose => self.at = self.inline.pop().unwrap_or_default(),
            EventKind::ArrayOpen => self.unawaited(&range),
            EventKind::Scalar => self.scalar(range, event.encoding()),
            _ => {}
        }
    }

    /// What a key or a string says, without its quotes. Names that are called otherwise need no escapes.
    fn plain(&self, range: &Range<usize>, encoding: Option<Encoding>) -> &'a str {
        let typed = &self.text[range.clone()];
        match encoding {
            Some(Encoding::BasicString | Encoding::LiteralString) if typed.len() >= 2 => {
                &typed[1..typed.len() - 1]
            }
            _ => typed,
        }
    }

    /// Rewrites the steps of the key that was read, below some tables; its whole path, as it was typed.
    fn key(&mut self, mut path: Vec<String>) -> Vec<String> {
        self.fresh = true;
        let last = self.keys.len().saturating_sub(1);
        for (index, Key { name, range }) in std::mem::take(&mut self.keys).into_iter().enumerate() {
            let above: Vec<&str> = path.iter().map(String::as_str).collect();
            let became = moved::key(&above, &name);
            if index == 0 {
                self.typed_from = range.start;
            }
            let beside = |new: &str| {
                let mut beside = path.clone();
                beside.push(new.to_owned());
                beside
            };
            if let Some(new) = became.and_then(Became::name) {
                self.becomes.push((beside(new), range.clone()));
            }
            match became {
                Some(Became::Named(new)) => self.edits.push((range, new.to_owned())),
                Some(Became::Near(new, note)) => {
                    self.note(&name, range.start, format!("{new} now: {note}"));
                    self.edits.push((range, new.to_owned()));
                }
                Some(Became::Gone(told)) => self.refuse(&name, range, told.to_owned()),
                Some(became @ Became::Unread(_)) if index == last => {
                    self.awaited = Some(Awaited {
                        path: beside(&name),
                        key: (self.typed_from..range.end, String::new()),
                        became,
                    });
                }
                Some(became) if index == last => {
                    let path = beside(&name);
                    let new = became.name().unwrap_or_default().to_owned();
                    self.awaited = Some(Awaited {
                        path,
                        key: (range, new),
                        became,
                    });
                }
                Some(became) => self.refuse(&name, range, became.told()),
                // A path as a name: where assumptions stand, what a world sets.
                None if name.contains('.') => {
                    if let Some(new) = dotted(&name) {
                        let quote = &self.text[range.start..=range.start];
                        self.edits
                            .push((range.clone(), format!("{quote}{new}{quote}")));
                    }
                }
                None => {}
            }
            path.push(name);
            self.there.insert(path.clone());
        }
        path
    }

    /// A value that is no scalar has begun, where one was awaited.
    fn unawaited(&mut self, range: &Range<usize>) {
        if let Some(awaited) = self.awaited.take() {
            let name = awaited.path.last().cloned().unwrap_or_default();
            self.refuse(&name, range.clone(), awaited.became.told());
        }
    }

    fn scalar(&mut self, range: Range<usize>, encoding: Option<Encoding>) {
        let said = self.plain(&range, encoding);
        let text = encoding.is_some();
        let mut say = |new: &str| {
            let quote = &self.text[range.start..=range.start];
            self.edits
                .push((range.clone(), format!("{quote}{new}{quote}")));
        };
        if let Some(awaited) = self.awaited.take() {
            if let Became::Unread(told) = awaited.became {
                let name = awaited.path.last().cloned().unwrap_or_default();
                self.leave_out(&name, awaited.key.0.start..range.end, told);
                return;
            }
            let value = match awaited.became {
                Became::Listed(_) => Some(format!("[{}]", &self.text[range.clone()])),
                Became::Valued(_, values) => values
                    .iter()
                    .find(|(old, _)| text && *old == said)
                    .map(|(_, new)| format!("\"{new}\"")),
                Became::Named(_) | Became::Near(..) | Became::Unread(_) | Became::Gone(_) => None,
            };
            match value {
                Some(value) => self.edits.extend([awaited.key, (range, value)]),
                None => {
                    let name = awaited.path.last().cloned().unwrap_or_default();
                    self.refuse(&name, range, awaited.became.told());
                }
            }
            return;
        }
        if !text {
            return;
        }
        let at: Vec<&str> = self.at.iter().map(String::as_str).collect();
        if let Some(new) = moved::value(&at, said) {
            say(new);
            return;
        }
        let new = match at.last() {
            Some(&("path" | "paths")) => dotted(said),
            Some(&("measure" | "measures" | "events" | "per" | "minimise" | "maximise")) => {
                moved::measure(said)
            }
            _ => None,
        };
        if let Some(new) = new {
            say(&new);
        }
    }

    fn note(&mut self, name: &str, at: usize, became: String) {
        let line = 1 + self.text[..at].matches('\n').count();
        self.notes.push((line, name.to_owned(), became));
    }

    /// Makes a line with a key and its value a comment; in an inline table they are taken out, with a comma.
    fn leave_out(&mut self, name: &str, range: Range<usize>, told: &str) {
        self.note(name, range.start, format!("left out: {told}"));
        if self.inline.is_empty() {
            self.edits.push((range.start..range.start, "# ".to_owned()));
            return;
        }
        let blank = |text: &str| text.len() - text.trim_start().len();
        let after = range.end + blank(&self.text[range.end..]);
        let before = self.text[..range.start].trim_end();
        let out = if self.text[after..].starts_with(',') {
            range.start..after + 1 + blank(&self.text[after + 1..])
        } else if before.ends_with(',') {
            before.len() - 1..range.end
        } else {
            range
        };
        self.edits.push((out, String::new()));
    }

    fn refuse(&mut self, name: &str, range: Range<usize>, told: String) {
        let span = Span { source: 0, range };
        let problem = Problem::new("", format!("{name} cannot be rewritten: {told}"));
        self.problems.push(problem.at(&span, ""));
    }

    /// The edits; where the new name stands beside the old one there is none.
    fn finish(&mut self) -> Vec<Edit> {
        for (path, range) in std::mem::take(&mut self.becomes) {
            if self.there.contains(&path) {
                let name = self.text[range.clone()].to_owned();
                let new = path.last().cloned().unwrap_or_default();
                self.refuse(
                    &name,
                    range,
                    format!("{new} stands beside it; expected one"),
                );
            }
        }
        self.problems
            .sort_by_key(|problem| problem.marks.first().map(|mark| mark.span.range.start));
        std::mem::take(&mut self.edits)
    }
}

/// A path as it is typed, in the words of today.
fn dotted(path: &str) -> Option<String> {
    let names: Vec<&str> = path.split('.').map(str::trim).collect();
    moved::path(&names).map(|now| now.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(text: &str) -> String {
        match migrate("old.toml", text) {
            Ok(migrated) => migrated.text,
            Err(error) => panic!("{}", error.render(false)),
        }
    }

    #[test]
    fn names_change_and_nothing_else_does() {
        let old = "# honour\n[rules.height_blocks] # kept\nhonour = 1   # as it was\nblocks = [{ floor_m = 1, top_m = 2 }]\n\n\
                   [rules]\nblue_force_feed.honour = 0.5\nhotline_query = { node = 'hq' } # line\n\
                   cease_fire.missiles_in_flight = \"abort\"\n\n[site_classes.a.identification]\nover = \"regards\"\n\
                   [site_classes.a.identification.world]\nfriend = { friend = 1 }\n\
                   [levers.x]\npath = \"rules.corridors.honour\"\n[y]\nmeasures = [\"a\", 'kills[regard=friend]']\n";
        let new = "# honour\n[rules.altitude_blocks] # kept\ncompliance = 1   # as it was\nblocks = [{ floor_m = 1, top_m = 2 }]\n\n\
                   [rules]\nfriendly_force_tracking.compliance = 0.5\nhotline_query = { nodes = ['hq'] } # line\n\
                   cease_fire.order = \"hold_fire\"\n\n[site_classes.a.identification]\nover = \"affiliations\"\n\
                   [site_classes.a.identification.actual]\nfriend = { friend = 1 }\n\
                   [levers.x]\npath = \"rules.corridors.compliance\"\n[y]\nmeasures = [\"a\", 'kills[affiliation=friend]']\n";
        assert_eq!(now(old), new);
        assert_eq!(now(new), new);
        let migrated = migrate("new.toml", new).expect("sound");
        assert_eq!(migrated.changes, 0);
    }

    #[test]
    fn what_does_not_mean_quite_the_same_is_told() {
        let old = "[rules.hostile_criteria]\nthreshold = 0.9\ncues = 2 # kept\n";
        let migrated = migrate("old.toml", old).expect("sound");
        assert_eq!(migrated.text, old.replace("cues", "declarations"));
        let [(line, name, became)] = &migrated.notes[..] else {
            panic!("{:?}", migrated.notes);
        };
        assert_eq!((*line, name.as_str()), (3, "cues"));
        assert!(became.starts_with("declarations now: "), "{became}");
    }

    #[test]
    fn what_nobody_reads_becomes_a_comment() {
        let old = "[aircraft]\ntb2.wingspan_m = 12 # wide\n\n[aircraft.mq9]\n  wingspan_m = 20\nspeed = 1\n";
        let new = "[aircraft]\n# tb2.wingspan_m = 12 # wide\n\n[aircraft.mq9]\n  # wingspan_m = 20\nspeed = 1\n";
        assert_eq!(now(old), new);
        for (old, new) in [
            ("{ wingspan_m = 12, speed = 1 }", "{ speed = 1 }"),
            ("{ speed = 1, wingspan_m = 12 }", "{ speed = 1 }"),
            ("{ wingspan_m = 12 }", "{  }"),
        ] {
            assert_eq!(
                now(&format!("[aircraft]\na = {old}\n")),
                format!("[aircraft]\na = {new}\n")
            );
        }
        let migrated = migrate("old.toml", old).expect("sound");
        let lines: Vec<usize> = migrated.notes.iter().map(|(line, ..)| *line).collect();
        assert_eq!(lines, [2, 5]);
    }

    #[test]
    fn what_no_program_can_rewrite_is_named() {
        let old = "[rules.hotline_query]\ncoverage = 0.5\n[rules.cease_fire]\nmissiles_in_flight = \"perhaps\"\n\
                   [rules.corridors]\nhonour = 1\ncompliance = 1\n";
        let said = migrate("old.toml", old).expect_err("three").render(false);
        for part in [
            "coverage cannot be rewritten: a node answers by",
            "old.toml:2:1",
            "missiles_in_flight cannot be rewritten: write order",
            "old.toml:4:22",
            "honour cannot be rewritten: compliance stands beside it",
            "old.toml:6:1",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(migrate("old.toml", "a = ").is_err());
    }
}
