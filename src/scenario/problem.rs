//! What is wrong with a scenario, and where: problems carry the places, the binary shows them.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::lint::LINTS;
use crate::safe;

/// A text that a scenario was read from: a file, or the value of one `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given, or `--set`.
    pub name: String,
    /// The text.
    pub text: String,
    /// Whether the text may be shown: it was typed, or the file lies below the folder of the file that was asked for or
    /// below the working folder. Of any other file a scenario may tell where it does not fit, and not what it says.
    pub shown: bool,
}

impl Source {
    /// Where its lines end, as byte offsets; for who asks for many lines.
    pub(crate) fn line_ends(&self) -> Vec<usize> {
        let ends = self.text.match_indices('\n');
        ends.map(|(end, _)| end).collect()
    }

    /// Line and column, both from 1, of a byte offset; columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..floor_boundary(&self.text, offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A stretch of a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Span {
    /// Index into [`LoadError::sources`].
    pub source: usize,
    /// Bytes.
    pub range: Range<usize>,
}

/// A span and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Where.
    pub span: Span,
    /// A few words beside the caret; may be empty.
    pub label: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What: lower case, with the key path and both sides of the disagreement.
    pub message: String,
    /// Where: the place itself first, then the other side of the disagreement. Empty if there is no text to show.
    pub marks: Vec<Mark>,
    /// The key, as `--set` would name it; empty for problems of a whole file.
    pub key_path: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Rows of recordings that it is about, until their lines are read.
    pub(crate) rows: Vec<RowMark>,
}

/// A row of a recording, and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowMark {
    /// The name of its table among the tracks.
    pub tracks: String,
    /// The line, from 1.
    pub row: u32,
    /// The field, from 0; the whole line where there is none.
    pub column: Option<usize>,
    /// A few words; may be empty.
    pub label: String,
}

impl Problem {
    pub(crate) fn new(key_path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem {
            message: message.into(),
            marks: Vec::new(),
            key_path: key_path.into(),
            help: None,
            rows: Vec::new(),
        }
    }

    pub(crate) fn at(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.marks.push(Mark {
            span: span.clone(),
            label: label.into(),
        });
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A scenario could not be loaded: every problem, in the order of the text, and the texts.
#[derive(Debug, Clone)]
pub struct LoadError {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The texts that the marks point into.
    pub sources: Vec<Source>,
}

/// Problems shown in full; a file with more has one cause, not a thousand.
const SHOWN: usize = 1000;

impl LoadError {
    pub(crate) fn new(mut problems: Vec<Problem>, sources: Vec<Source>) -> Self {
        for problem in &mut problems {
            withhold(problem, &sources);
        }
        problems.sort_by_key(|problem| {
            problem
                .marks
                .first()
                .map(|mark| (mark.span.source, mark.span.range.start))
        });
        let mut seen = HashSet::new();
        problems.retain(|problem| {
            // One place of a file that is not shown says as much as all.
            let hidden = problem.marks.first().map(|mark| mark.span.source);
            let hidden = hidden.filter(|&source| sources.get(source).is_some_and(|s| !s.shown));
            let marks = match hidden {
                Some(_) => Vec::new(),
                None => problem.marks.clone(),
            };
            seen.insert((problem.message.clone(), marks))
        });
        LoadError { problems, sources }
    }

    /// Line and column, both from 1, of the place of a problem, and the name of its source.
    pub fn place(&self, problem: &Problem) -> Option<(&str, usize, usize)> {
        let mark = problem.marks.first()?;
        let source = self.sources.get(mark.span.source)?;
        let (line, column) = source.line_column(mark.span.range.start);
        Some((&source.name, line, column))
    }

    /// Every problem with file, line, column, the text and a caret under the key.
    pub fn render(&self, color: bool) -> String {
        self.render_as(Level::ERROR, color)
    }

    /// The same for what is no error.
    pub(crate) fn render_warnings(&self, color: bool) -> String {
        self.render_as(Level::WARNING, color)
    }

    fn render_as(&self, level: Level<'static>, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut out = String::new();
        for problem in self.problems.iter().take(SHOWN) {
            out.push_str(&self.render_one(problem, level.clone(), &renderer));
            out.push_str("\n\n");
        }
        if self.problems.len() > SHOWN {
            out.push_str(&format!(
                "... and {} more problems\n\n",
                self.problems.len() - SHOWN
            ));
        }
        out
    }

    fn render_one(&self, problem: &Problem, level: Level<'static>, renderer: &Renderer) -> String {
        let mut group =
            level
                .primary_title(printable(&problem.message))
                .elements(std::iter::empty::<
                    Snippet<'_, annotate_snippets::Annotation<'_>>,
                >());
        let mut left: Vec<(usize, &Mark)> = problem.marks.iter().enumerate().collect();
        while let Some(&(_, first)) = left.first() {
            let Some(source) = self.sources.get(first.span.source) else {
                break;
            };
            if !source.shown {
                let (line, column) = source.line_column(first.span.range.start);
                let place = format!("at {}:{line}:{column}", safe::line(&source.name));
                group = group.element(Level::NOTE.message(place));
                left.remove(0);
                continue;
            }
            // Marks of the same source and neighbourhood share a snippet; far ones get their own.
            let (here, there): (Vec<_>, Vec<_>) = left.iter().partition(|(_, mark)| {
                mark.span.source == first.span.source
                    && mark.span.range.start.abs_diff(first.span.range.start) < 4000
            });
            let excerpt =
                Excerpt::around(&source.text, here.iter().map(|(_, mark)| &mark.span.range));
            let mut snippet = Snippet::source(excerpt.text)
                .line_start(excerpt.first_line)
                .path(safe::line(&source.name));
            for (index, mark) in here {
                let kind = if index == 0 {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let start = floor_boundary(&source.text, mark.span.range.start) - excerpt.offset;
                let end = floor_boundary(&source.text, mark.span.range.end) - excerpt.offset;
                let annotation = kind.span(start..end.max(start));
                snippet = snippet.annotation(if mark.label.is_empty() {
                    annotation
                } else {
                    annotation.label(printable(&mark.label))
                });
            }
            group = group.element(snippet);
            left = there;
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(printable(help)));
        }
        let rendered = renderer.render(&[group]).to_string();
        // What is in the text of a file acts on nobody's terminal; the colours are the renderer's own.
        safe::coloured(&rendered)
    }
}

/// Of a file whose text is not shown a problem tells the place alone: its words might hold the text. What is wrong in another file is told,
/// without what it is held against there.
fn withhold(problem: &mut Problem, sources: &[Source]) {
    let hidden = |mark: &&Mark| {
        let source = sources.get(mark.span.source);
        source.is_some_and(|source| !source.shown)
    };
    let Some(mark) = problem.marks.iter().find(hidden).cloned() else {
        return;
    };
    let Some(source) = sources.get(mark.span.source) else {
        return;
    };
    if problem.marks.first().is_some_and(|first| !hidden(&first)) {
        problem.marks.retain(|mark| !hidden(&mark));
        problem.help = Some(format!(
            "what it is held against stands in {}, whose text is shown only from a folder above both",
            source.name
        ));
        return;
    }
    // Of a warning its code and what that means: words of ours.
    let lint = (problem.message.strip_suffix(']'))
        .and_then(|message| message.rsplit_once(" ["))
        .and_then(|(_, code)| LINTS.iter().find(|lint| lint.code == code));
    problem.message = match lint {
        Some(lint) => format!("{} [{}]", hidden_text(&source.name), lint.code),
        None => hidden_text(&source.name),
    };
    problem.key_path = String::new();
    problem.help = lint.map(|lint| lint.meaning.to_owned());
    problem.marks = vec![Mark {
        label: String::new(),
        ..mark
    }];
}

/// What is said instead of the text of a file that is not shown.
pub(crate) fn hidden_text(name: &str) -> String {
    format!(
        "{name} is not what is expected here; its text is not shown, because the file lies outside the folder of the scenario and the working folder; from a folder above both it is"
    )
}

/// The lines that the marks touch, so that a big file is not copied for every problem.
struct Excerpt<'a> {
    text: &'a str,
    offset: usize,
    first_line: usize,
}

impl<'a> Excerpt<'a> {
    fn around<'r>(text: &'a str, ranges: impl Iterator<Item = &'r Range<usize>>) -> Self {
        let (mut start, mut end) = (text.len(), 0);
        for range in ranges {
            start = start.min(range.start);
            end = end.max(range.end);
        }
        let start = floor_boundary(text, start);
        let end = floor_boundary(text, end.max(start));
        let offset = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[end..]
            .find('\n')
            .map_or(text.len(), |newline| end + newline);
        Excerpt {
            text: &text[offset..end],
            offset,
            first_line: text[..offset].bytes().filter(|byte| *byte == b'\n').count() + 1,
        }
    }
}

/// Control characters of a hostile file must not reach the terminal.
fn printable(text: &str) -> String {
    safe::terminal(text).into_owned()
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some((name, line, column)) = self.place(problem) {
                write!(f, "{name}:{line}:{column}: ")?;
            }
            write!(f, "{}", safe::terminal(&problem.message))?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
