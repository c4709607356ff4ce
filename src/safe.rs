//! Text from files, made safe for where it goes: one function for each kind of output.
//!
//! Names and titles come from files that may have been written by strangers. Control characters move the cursor, ring the
//! bell, retitle the window; format characters turn the writing direction, so that a line reads as it does not stand; angle
//! brackets begin tags; `=`, `+`, `-` and `@` begin formulas in spreadsheets. The checker refuses such names
//! ([`name_fault`], [`text_fault`]); what is written is made safe all the same, because paths, messages and results of
//! others do not pass the checker.
//!
//! Sources: Unicode 16, general categories Cc, Cf, Zl and Zp; CommonMark 0.31; XML 1.0, production 2; OWASP on CSV
//! injection; the values that pandas and R read as missing.

use std::borrow::Cow;

/// What stands for a character that is not shown.
const REPLACED: char = '\u{fffd}';

/// Format characters (Cf), first and last of each run, and the separators of lines and paragraphs.
const FORMAT: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e007f}'),
];

/// Whether a character does something other than to be seen: control, format, separator of lines, or none at all.
pub fn is_hidden(letter: char) -> bool {
    if (' '..='~').contains(&letter) {
        return false;
    }
    let none = (letter as u32) & 0xfffe == 0xfffe;
    let format = || {
        FORMAT
            .iter()
            .any(|&(first, last)| (first..=last).contains(&letter))
    };
    letter.is_control() || none || format()
}

/// What is wrong with a text of one line, such as a title; nothing if it is all to be seen.
pub fn text_fault(text: &str) -> Option<String> {
    let letter = text.chars().find(|&letter| is_hidden(letter))?;
    let kind = match letter {
        '\n' | '\r' | '\t' => "a line break or a tab",
        letter if letter.is_control() => "a control character",
        _ => "a format character",
    };
    Some(format!(
        "holds {kind} (U+{:04X}); expected what can be seen, on one line",
        letter as u32
    ))
}

/// What readers of tables take for a missing value, in lower case.
const MISSING: &[&str] = &[
    "na", "n/a", "#n/a", "#n/a n/a", "#na", "<na>", "nan", "-nan", "null", "none", "nil", "1.#ind",
    "-1.#ind", "1.#qnan", "-1.#qnan",
];

/// What is wrong with a name that reaches tables and command lines; nothing if it is fit for both.
pub fn name_fault(name: &str) -> Option<String> {
    if let Some(fault) = text_fault(name) {
        return Some(fault);
    }
    let bare = name.trim();
    if bare.is_empty() {
        return Some("is empty; expected a name".to_owned());
    }
    if bare.len() != name.len() {
        return Some("begins or ends with a space; expected a name without".to_owned());
    }
    if let Some(first) = formula(bare) {
        return Some(format!(
            "begins with {first}, which spreadsheets take for a formula; expected another first letter"
        ));
    }
    if MISSING.contains(&bare.to_lowercase().as_str()) {
        return Some(
            "is what readers of tables take for a missing value; expected another name".to_owned(),
        );
    }
    None
}

/// The first letter, if spreadsheets take it for the beginning of a formula.
fn formula(text: &str) -> Option<char> {
    let first = text.chars().next()?;
    "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}\u{2212}"
        .contains(first)
        .then_some(first)
}

fn replaced(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let bad = |letter: char| is_hidden(letter) && !kept(letter);
    if !text.chars().any(bad) {
        return Cow::Borrowed(text);
    }
    let shown = |letter| if bad(letter) { REPLACED } else { letter };
    Cow::Owned(text.chars().map(shown).collect())
}

/// For a terminal: lines and tabs stay, nothing else acts.
pub fn terminal(text: &str) -> Cow<'_, str> {
    replaced(text, |letter| matches!(letter, '\n' | '\t'))
}

/// For a terminal, one line of it.
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |_| false)
}

/// For a terminal, with the colours that this program put in: `ESC [ digits and semicolons m`.
///
/// Only for text in which nothing else can hold such a sequence.
pub fn coloured(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    out.push_str(&terminal(parts.next().unwrap_or_default()));
    for part in parts {
        let colour = part.strip_prefix('[').and_then(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';')?;
            rest[end..].starts_with('m').then_some(end + 2)
        });
        let rest = match colour {
            Some(length) => {
                out.push('\u{1b}');
                out.push_str(&part[..length]);
                &part[length..]
            }
            None => {
                out.push(REPLACED);
                part
            }
        };
        out.push_str(&terminal(rest));
    }
    out
}

/// For HTML and XML, between tags and between quotes.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in terminal(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

/// For the inside of a script or a style of a page: JSON in which nothing ends the element or begins a comment.
pub fn json_in_page(json: &str) -> String {
    // Outside strings JSON has none of these, and inside an escape means the same.
    json.chars()
        .fold(String::with_capacity(json.len()), |mut out, letter| {
            match letter {
                '<' => out.push_str("\\u003c"),
                '>' => out.push_str("\\u003e"),
                '&' => out.push_str("\\u0026"),
                letter if is_hidden(letter) && !matches!(letter, '\n' | '\t' | '\r') => {
                    let mut units = [0; 2];
                    for unit in letter.encode_utf16(&mut units) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                letter => out.push(letter),
            }
            out
        })
}

/// For Markdown, as running text or in a table: nothing in it is marked up, linked or a tag.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, letter) in line(text).char_indices() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Bare addresses become links in many readers.
            ':' if text[at..].starts_with("://") => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            '.' if at >= 3 && text[..at].to_ascii_lowercase().ends_with("www") => {
                out.push_str("&#46;")
            }
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~'
            | '$' => {
                out.extend(['\\', letter]);
            }
            '+' | '-' | '=' if at == 0 => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

/// For Markdown, as code: in a fence that is longer than any run of backticks inside.
pub fn markdown_code(text: &str) -> String {
    let text = line(text);
    let mut longest = 0;
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    // A bar would end the cell of a table even inside code.
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// For a field of a table of comma-separated values: no formula, nothing hidden but line breaks. Numbers are what they are.
pub fn csv(field: &[u8]) -> Cow<'_, [u8]> {
    let plain = |byte: &u8| (b' '..=b'~').contains(byte);
    let starts = matches!(field.first(), Some(b'=' | b'+' | b'-' | b'@'));
    if !starts && field.iter().all(plain) {
        return Cow::Borrowed(field);
    }
    let text = String::from_utf8_lossy(field);
    let shown = replaced(&text, |letter| letter == '\n');
    let number = |text: &str| text.parse::<f64>().is_ok();
    if formula(shown.trim_start()).is_some() && !number(&shown) {
        return Cow::Owned(format!("'{shown}").into_bytes());
    }
    Cow::Owned(shown.into_owned().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_hidden_and_what_is_read_is_not() {
        for letter in "\0\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{200b}\u{200e}\u{202e}\u{2066}\u{feff}\u{ffff}\u{e0041}".chars() {
            assert!(is_hidden(letter), "{letter:?}");
        }
        for letter in "aZ09 ~!é\u{300}Ж漢👍\u{fffd}".chars() {
            assert!(!is_hidden(letter), "{letter:?}");
        }
    }

    #[test]
    fn names_fit_tables() {
        for name in [
            "a",
            "us-recon",
            "4ca7b2",
            "Ünï",
            "nanny",
            "none-of-them",
            "x=1",
        ] {
            assert_eq!(name_fault(name), None, "{name}");
        }
        for name in [
            "",
            " ",
            " a",
            "a ",
            "=1+1",
            "+x",
            "-x",
            "@x",
            "\u{ff1d}x",
            "NA",
            "null",
            "NaN",
            "None",
            "n/a",
            "a\tb",
            "a\u{202e}b",
        ] {
            assert!(name_fault(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn colours_pass_and_nothing_else_does() {
        assert_eq!(
            coloured("\u{1b}[1;31merror\u{1b}[0m"),
            "\u{1b}[1;31merror\u{1b}[0m"
        );
        for bad in [
            "\u{1b}]8;;http://x\u{7}",
            "\u{1b}[2J",
            "\u{1b}",
            "\u{1b}[",
            "\u{9b}31m",
        ] {
            assert!(!coloured(bad).chars().any(is_hidden), "{bad:?}");
        }
    }

    #[test]
    fn markdown_shows_what_was_typed() {
        assert_eq!(markdown("a*b <i>"), "a\\*b &lt;i&gt;");
        assert_eq!(markdown("[x](http://y)"), "\\[x\\]\\(http&#58;//y\\)");
        assert_eq!(markdown_code("a`b|c"), "`` a`b\\|c ``");
        assert_eq!(markdown_code("leaked"), "`leaked`");
    }

    #[test]
    fn numbers_stay_numbers_and_formulas_become_text() {
        for number in ["-1", "-1.5e-3", "0", "NaN", "-inf", ""] {
            assert_eq!(&*csv(number.as_bytes()), number.as_bytes());
        }
        for (formula, text) in [
            ("=1+1", "'=1+1"),
            ("-x", "'-x"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1+2", "'+1+2"),
        ] {
            assert_eq!(&*csv(formula.as_bytes()), text.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_harmless_everywhere(text in any::<String>()) {
            let quiet = |text: &str, kept: &str| !text.chars().any(|c| is_hidden(c) && !kept.contains(c));
            prop_assert!(quiet(&terminal(&text), "\n\t"));
            prop_assert!(quiet(&line(&text), ""));
            let marked = markup(&text);
            prop_assert!(quiet(&marked, "\n\t") && !marked.contains(['<', '>', '"', '\'']));
            let down = markdown(&text);
            prop_assert!(quiet(&down, "") && !down.contains(['<', '>']));
            prop_assert!(!down.contains("://") && !down.contains("]("));
            let json = serde_json::to_string(&text).unwrap();
            let page = json_in_page(&json);
            prop_assert!(quiet(&page, "") && !page.contains(['<', '>', '&']));
            prop_assert_eq!(serde_json::from_str::<String>(&page).unwrap(), text.clone());
            let field = csv(text.as_bytes()).into_owned();
            let field = String::from_utf8(field).unwrap();
            prop_assert!(quiet(&field, "\n"));
            prop_assert!(formula(field.trim_start()).is_none() || field.parse::<f64>().is_ok());
        }

        #[test]
        fn a_good_name_is_the_same_everywhere(name in "[a-zA-Z0-9 ._/-]{1,20}") {
            prop_assume!(name_fault(&name).is_none());
            prop_assert_eq!(&*terminal(&name), name.as_str());
            prop_assert_eq!(&*csv(name.as_bytes()), name.as_bytes());
            prop_assert_eq!(markup(&name), name.clone());
        }
    }
}
