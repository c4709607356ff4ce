//! Texts that are fit to be shown: no control or format characters anywhere. Names are held to more where the shape of a
//! document is checked.

use super::problem::{Problem, Span};
use super::tree::{Item, Table, Value, dotted};
use crate::safe::{is_hidden, text_fault};

/// Texts of more than one line: where something is from, and what it means.
const PROSE: &[&str] = &["source", "meaning"];

/// Every text of a document that is not fit.
pub(crate) fn check(root: &Item) -> Vec<Problem> {
    let mut check = Check {
        root,
        path: Vec::new(),
        found: Vec::new(),
    };
    check.item(root);
    check.found
}

struct Check<'a> {
    root: &'a Item,
    path: Vec<String>,
    found: Vec<Problem>,
}

impl Check<'_> {
    fn item(&mut self, item: &Item) {
        match &item.value {
            Value::Table(table) => self.table(table),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.path.push(index.to_string());
                    self.item(item);
                    self.path.pop();
                }
            }
            Value::Text(text) => {
                let prose = self
                    .path
                    .last()
                    .is_some_and(|key| PROSE.contains(&key.as_str()));
                let fault = match prose {
                    true => text
                        .chars()
                        .any(|letter| is_hidden(letter) && !matches!(letter, '\n' | '\t'))
                        .then(|| text_fault(&text.replace(['\n', '\t'], " ")))
                        .flatten(),
                    false => text_fault(text),
                };
                if let Some(fault) = fault {
                    self.note(&item.span, &fault);
                }
            }
            _ => {}
        }
    }

    fn table(&mut self, table: &Table) {
        for (name, entry) in table {
            self.path.push(name.clone());
            // What was read from a recording is numbers and addresses.
            if name != "recording" {
                self.item(&entry.item);
            }
            self.path.pop();
        }
    }

    fn note(&mut self, at: &Span, fault: &str) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let shown = dotted(self.root, &path);
        let problem = Problem::new(shown.clone(), format!("{shown} {fault}"));
        self.found.push(problem.at(at, ""));
    }
}
