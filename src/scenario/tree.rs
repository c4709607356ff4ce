//! A TOML document in which every key and every value remembers its place, also after merging files.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Span};

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub span: Span,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    /// A date or a time: typed without quotes, it stands for its text.
    Datetime(String),
    Whole(i128),
    Number(f64),
    Truth(bool),
    Array(Vec<Item>),
    Table(Table),
}

pub(crate) type Table = BTreeMap<String, Entry>;

/// A key, its place, and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: Span,
    pub item: Item,
}

impl Item {
    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The value at a path; array elements go by their number.
    pub(crate) fn get(&self, path: &[&str]) -> Option<&Item> {
        let mut item = self;
        for step in path {
            item = match &item.value {
                Value::Table(table) => &table.get(*step)?.item,
                Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(item)
    }

    /// Where to put the caret for a path: under its key, or under the value of an array element; where the path leads
    /// nowhere, under the nearest key above.
    pub(crate) fn place(&self, path: &[&str]) -> Span {
        let mut item = self;
        let mut span = &self.span;
        for step in path {
            match &item.value {
                Value::Table(table) => match table.get(*step) {
                    Some(entry) => {
                        span = &entry.key;
                        item = &entry.item;
                    }
                    None => break,
                },
                Value::Array(items) => {
                    match step
                        .parse::<usize>()
                        .ok()
                        .and_then(|index| items.get(index))
                    {
                        Some(element) => {
                            span = &element.span;
                            item = element;
                        }
                        None => break,
                    }
                }
                _ => break,
            }
        }
        span.clone()
    }

    /// The value as serde reads it.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Text(text) | Value::Datetime(text) => text.clone().into(),
            Value::Whole(whole) => match (i64::try_from(*whole), u64::try_from(*whole)) {
                (Ok(whole), _) => whole.into(),
                (_, Ok(whole)) => whole.into(),
                _ => (*whole as f64).into(),
            },
            Value::Number(number) => (*number).into(),
            Value::Truth(truth) => (*truth).into(),
            Value::Array(items) => items.iter().map(Item::to_json).collect(),
            Value::Table(table) => table
                .iter()
                .map(|(key, entry)| (key.clone(), entry.item.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    /// A value written down by [`Item::to_json`], all of it at one place.
    pub(crate) fn from_json(json: &serde_json::Value, span: &Span) -> Item {
        use serde_json::Value as Json;
        let value = match json {
            // There is no null in TOML, and none is ever written.
            Json::Null => Value::Text(String::new()),
            Json::Bool(truth) => Value::Truth(*truth),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(whole), _) => Value::Whole(whole.into()),
                (_, Some(whole)) => Value::Whole(whole.into()),
                _ => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::Array(
                items
                    .iter()
                    .map(|item| Item::from_json(item, span))
                    .collect(),
            ),
            Json::Object(keys) => Value::Table(
                keys.iter()
                    .map(|(name, value)| {
                        let entry = Entry {
                            key: span.clone(),
                            item: Item::from_json(value, span),
                        };
                        (name.clone(), entry)
                    })
                    .collect(),
            ),
        };
        Item {
            span: span.clone(),
            value,
        }
    }

    /// What it is, in the words of TOML.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a string",
            Value::Datetime(_) => "a date",
            Value::Whole(_) => "a whole number",
            Value::Number(_) => "a number with a fraction",
            Value::Truth(_) => "true or false",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        }
    }

    /// What it is, with its value where that is short.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("the string {:?}", clip(text)),
            Value::Datetime(text) => format!("the date {text}"),
            Value::Whole(whole) => whole.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::Array(_) | Value::Table(_) => self.kind().to_owned(),
        }
    }
}

/// A text short enough for a message.
pub(crate) fn clip(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    text.chars().take(57).chain("...".chars()).collect()
}

/// A key as it would be typed.
pub(crate) fn quoted(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if bare {
        key.to_owned()
    } else {
        format!("{:?}", clip(key))
    }
}

/// A dotted path as it would be typed; array elements in brackets.
pub(crate) fn dotted(root: &Item, path: &[&str]) -> String {
    let mut out = String::new();
    let mut item = Some(root);
    for step in path {
        if let Some(Value::Array(items)) = item.map(|item| &item.value) {
            out.push_str(&format!("[{step}]"));
            item = step
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index));
            continue;
        }
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(&quoted(step));
        item = item
            .and_then(Item::table)
            .and_then(|table| table.get(*step))
            .map(|entry| &entry.item);
    }
    out
}

/// Parses a document; syntax errors are pushed onto `problems`, all of them.
pub(crate) fn parse_document(text: &str, source: usize, problems: &mut Vec<Problem>) -> Item {
    // Recovery keeps the whole text with every error; a text that is garbage throughout gets its first error only.
    let document = if text.len() <= RECOVERED {
        let (document, errors) = DeTable::parse_recoverable(text);
        problems.extend(errors.iter().map(|error| syntax(error, source, text.len())));
        document
    } else {
        match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                problems.push(syntax(&error, source, text.len()));
                Spanned::new(0..0, DeTable::new())
            }
        }
    };
    let span = Span {
        source,
        range: 0..0,
    };
    let value = table(document.into_inner(), source, 0, problems);
    Item { span, value }
}

/// Longest text for which the parser goes on after an error, bytes.
const RECOVERED: usize = 1 << 20;

fn syntax(error: &toml::de::Error, source: usize, end: usize) -> Problem {
    let range = error.span().unwrap_or(end..end);
    Problem::new("", format!("syntax: {}", error.message())).at(&Span { source, range }, "")
}

fn table(parsed: DeTable<'_>, source: usize, offset: usize, problems: &mut Vec<Problem>) -> Value {
    Value::Table(
        parsed
            .into_iter()
            .map(|(key, value)| {
                let span = Span {
                    source,
                    range: key.span().start + offset..key.span().end + offset,
                };
                let entry = Entry {
                    key: span,
                    item: item(value, source, offset, problems),
                };
                (key.into_inner().into_owned(), entry)
            })
            .collect(),
    )
}

/// Takes over a parsed value whose text starts at `offset` of its source.
///
/// The parser limits nesting to 80 levels, so this recursion is bounded.
pub(crate) fn item(
    parsed: Spanned<DeValue<'_>>,
    source: usize,
    offset: usize,
    problems: &mut Vec<Problem>,
) -> Item {
    let span = Span {
        source,
        range: parsed.span().start + offset..parsed.span().end + offset,
    };
    let value = match parsed.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            let whole = i128::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|whole| whole.unsigned_abs() <= u128::from(u64::MAX));
            Value::Whole(whole.unwrap_or_else(|| {
                problems.push(
                    Problem::new(
                        "",
                        format!(
                            "syntax: {} does not fit into 64 bits",
                            clip(number.as_str())
                        ),
                    )
                    .at(&span, ""),
                );
                0
            }))
        }
        DeValue::Float(number) => {
            let text = number.as_str();
            let float = text.parse::<f64>().unwrap_or(f64::NAN);
            let spelt = text.contains("inf") || text.contains("nan");
            if !float.is_finite() && !spelt {
                problems.push(
                    Problem::new(
                        "",
                        format!("syntax: {} is too large for a number", clip(text)),
                    )
                    .at(&span, ""),
                );
            }
            Value::Number(float)
        }
        DeValue::Boolean(truth) => Value::Truth(truth),
        DeValue::Datetime(stamp) => Value::Datetime(stamp.to_string()),
        DeValue::Array(elements) => Value::Array(
            elements
                .into_iter()
                .map(|element| item(element, source, offset, problems))
                .collect(),
        ),
        DeValue::Table(inner) => table(inner, source, offset, problems),
    };
    Item { span, value }
}
