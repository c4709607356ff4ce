//! `deconflict rules`: the coordination rules, from the one list of them.

use std::fmt::Write as _;

use clap::Args;
use comfy_table::{Table, presets};
use deconflict::coordination::{RULES, RulePage};
use deconflict::scenario::keys::{Key, parameters};
use serde_json::{Value as Json, json};

use super::options::AsJson;
use super::{Failure, did_you_mean};

/// Arguments of `deconflict rules`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict rules
  deconflict rules R6
  deconflict rules flight_plan_notice")]
pub struct RulesArguments {
    /// Number (R6) or key (flight_plan_notice) of the rule to explain.
    rule: Option<String>,
    #[command(flatten)]
    form: AsJson,
}

/// Runs the command.
pub fn rules(arguments: &RulesArguments) -> Result<(), Failure> {
    match &arguments.rule {
        None => arguments.form.print(list, || {
            Ok(json!({ "rules": RULES.iter().map(|page| as_json(page)).collect::<Vec<_>>() }))
        }),
        Some(name) => {
            let page = find(name)?;
            arguments.form.print(|| explain(page), || Ok(as_json(page)))
        }
    }
}

fn as_json(page: &RulePage) -> Json {
    let parameters = parameters(page.key).into_iter().map(|one| {
        json!({
            "key": one.path,
            "meaning": one.meaning,
            "unit": one.unit,
            "range": one.takes,
            "default": one.default,
        })
    });
    json!({
        "id": page.id,
        "key": page.key,
        "title": page.title,
        "page": page.page,
        "parameters": parameters.collect::<Vec<Json>>(),
        "reasons": page.reasons,
    })
}

fn find(name: &str) -> Result<&'static RulePage, Failure> {
    let found = RULES
        .iter()
        .find(|page| page.id.eq_ignore_ascii_case(name) || page.key == name);
    found.copied().ok_or_else(|| {
        let near = did_you_mean(name, RULES.iter().flat_map(|page| [page.id, page.key]));
        Failure::bad_input(format!(
            "no rule {name:?}{near}; `deconflict rules` lists them"
        ))
    })
}

fn list() -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["", "key under [rules]", "what it does", "parameters"]);
    for page in RULES {
        let parameters = parameters(page.key);
        let direct = parameters.iter().filter(|key| !key.path.contains('['));
        let parameters: Vec<&str> = direct.map(Key::name).collect();
        table.add_row([page.id, page.key, page.title, &parameters.join(", ")]);
    }
    format!(
        "{}\n\nA rule that a scenario does not name is off; [rules_of.SIDE] has rules of one side's sites in their place. \
         `deconflict rules R1` explains one.\n",
        table.trim_fmt()
    )
}

/// The page of a rule: what it does, its parameters, its reasons.
pub fn explain(page: &RulePage) -> String {
    let mut text = format!("{} {}\n\n{}\n\n", page.id, page.title, page.page);
    let mut line = |words: String| writeln!(text, "{words}").expect("writing to a string");
    let parameters = parameters(page.key);
    for parameter in &parameters {
        let takes = match parameter.takes.as_str() {
            "" => "as its parts say",
            takes => takes,
        };
        let default = match &parameter.default {
            Some(default) => format!("default {default}"),
            None => "no default".to_owned(),
        };
        line(format!(
            "  {}: {} ({takes}; {default})",
            parameter.path, parameter.meaning
        ));
    }
    let reasons = if page.reasons.is_empty() {
        "none of its own".to_owned()
    } else {
        page.reasons.join(", ")
    };
    line(format!("\nReason codes: {reasons}"));
    let told = parameters
        .iter()
        .find_map(|one| Some((&one.path, one.default.as_ref()?)));
    if let Some((path, default)) = told {
        line(format!(
            "Try: deconflict run SCENARIO --set {path}={default}"
        ));
    }
    text
}
