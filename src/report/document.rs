//! The frame of every page: one HTML file that loads nothing, sends nothing, and runs no script but its own.
//!
//! The policy in its head (Content-Security-Policy, level 3) allows the scripts and styles whose SHA-256 it names and
//! nothing else: no network, no forms, no frames. So even if some text were not made safe, a browser would not run it. No
//! page says on which machine it was made or where its files are.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::svg::escape;

/// A page.
pub(super) struct Document<'a> {
    /// As the browser shows it; made safe here.
    pub title: &'a str,
    /// Parts of its only style sheet.
    pub styles: &'a [&'a str],
    /// Class of the body.
    pub class: &'a str,
    /// HTML, with all text in it made safe.
    pub body: &'a str,
    /// Its only script.
    pub script: Option<&'a str>,
}

impl Document<'_> {
    /// The whole page.
    pub fn html(&self) -> String {
        let style = self.styles.concat();
        let mut policy = format!("default-src 'none'; style-src '{}'", hash(&style));
        let mut script = String::new();
        if let Some(text) = self.script {
            let _ = write!(policy, "; script-src '{}'", hash(text));
            script = format!("<script>{text}</script>");
        }
        policy.push_str("; base-uri 'none'; form-action 'none'");
        let class = match self.class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\"><title>{}</title><style>{style}</style></head><body{class}>\n{}{script}</body></html>\n",
            escape(self.title),
            self.body,
        )
    }
}

/// A script or a style as a policy names it.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
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
    fn base64_is_as_in_the_rfc() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

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
            body: "<p>",
            script: Some("alert(1)"),
        }
        .html();
        assert!(page.contains("default-src 'none'; style-src 'sha256-"));
        assert!(
            page.contains("; script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"),
            "{page}"
        );
        assert_eq!(page.matches("<script>").count(), 1);
    }
}
