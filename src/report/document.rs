//! The frame of every page: one HTML file that loads nothing, sends nothing, and runs no script but its own.
//!
//! The policy in its head (Content-Security-Policy, level 3) allows the scripts and styles whose SHA-256 it names and
//! nothing else: no network, no forms, no frames. So even if some text were not made safe, a browser would not run it. No
//! page says on which machine it was made or where its files are.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::safe;

/// A page.
pub(super) struct Document<'a> {
    /// As the browser shows it.
    pub title: &'a str,
    /// Parts of its only style sheet.
    pub styles: &'a [&'a str],
    /// Class of the body.
    pub class: &'a str,
    /// What is on it.
    pub body: Markup,
    /// Its only script.
    pub script: Option<&'a str>,
}

impl Document<'_> {
    /// The whole page, without letters that nobody sees.
    pub fn html(self) -> String {
        let style = self.styles.concat();
        let script = self.script.map_or(String::new(), |text| {
            format!("script-src '{}'; ", hash(text))
        });
        let policy = format!(
            "default-src 'none'; style-src '{}'; {script}base-uri 'none'; form-action 'none'",
            hash(&style)
        );
        let class = Some(self.class).filter(|class| !class.is_empty());
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width,initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) }
                    style { (PreEscaped(style)) }
                }
                body class=[class] {
                    (self.body)
                    @if let Some(text) = self.script { script { (PreEscaped(text)) } }
                }
            }
            "\n"
        };
        safe::terminal(&page.into_string()).into_owned()
    }
}

/// A table that sorts, filters and folds; where it is too wide it scrolls by itself.
pub(super) fn table(label: &str, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-label=(label) {
            table { thead { tr { (head) } } tbody { (rows) } }
        }
    }
}

/// The heads of columns.
pub(super) fn heads(names: &[&str]) -> Markup {
    html! { @for name in names { th scope="col" { (name) } } }
}

/// A script or a style as a policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The name of a folder or a file, without the way to it.
pub(super) fn name_of(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let named = whole
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    named.unwrap_or_else(|| "results".to_owned())
}

/// A name as a step of a link: what has a meaning of its own there is written by its bytes.
pub(super) fn link(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(byte.into()),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// A command line without the places of its files: of each path its name alone.
pub fn without_places(words: &[String]) -> Vec<String> {
    let last = |word: &str| {
        let name = word
            .trim_end_matches(['/', '\\'])
            .rsplit(['/', '\\'])
            .next();
        name.unwrap_or(word).to_owned()
    };
    let is_place = |word: &str| {
        let drive = word.as_bytes().get(1) == Some(&b':') && word.contains('\\');
        word.starts_with(['/', '~', '\\']) || word.contains("..") || drive
    };
    let mut after_out = false;
    let mut shown = Vec::new();
    for word in words {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (format!("{option}="), value),
            _ => (String::new(), word.as_str()),
        };
        let out = after_out || matches!(option.as_str(), "--out=" | "--from=");
        after_out = matches!(word.as_str(), "--out" | "-o" | "--from");
        shown.push(if out || is_place(value) {
            format!("{option}{}", last(value))
        } else {
            word.clone()
        });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_not_told() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (typed, told) in [
            (
                "deconflict run scenarios/a.toml --out /home/me/x/y",
                "deconflict run scenarios/a.toml --out y",
            ),
            (
                "/usr/bin/deconflict run ../../me/a.toml",
                "deconflict run a.toml",
            ),
            (
                "deconflict run --out=secret/place --seed 7",
                "deconflict run --out=place --seed 7",
            ),
            (
                "deconflict run a.toml --set flights.a.count=2 -o s/t",
                "deconflict run a.toml --set flights.a.count=2 -o t",
            ),
        ] {
            assert_eq!(without_places(&words(typed)).join(" "), told);
        }
    }

    #[test]
    fn a_page_allows_its_own_script_alone() {
        let page = Document {
            title: "<script>",
            styles: &["p{}"],
            class: "x",
            body: html! { p { "<p>\u{202e}" } },
            script: Some("alert(1)"),
        }
        .html();
        assert!(page.contains("default-src 'none'; style-src 'sha256-"));
        assert!(
            page.contains("; script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"),
            "{page}"
        );
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(page.contains("<p>&lt;p&gt;\u{fffd}</p>"), "{page}");
    }
}
