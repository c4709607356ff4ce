//! `deconflict completions` and `deconflict man`: the command line, for shells and for `man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use deconflict::output::write_text;

use super::{Cli, Failure, print};

/// Arguments of `deconflict completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict completions bash > ~/.local/share/bash-completion/completions/deconflict
  deconflict completions zsh > ~/.zfunc/_deconflict
  deconflict completions fish > ~/.config/fish/completions/deconflict.fish")]
pub struct CompletionsArguments {
    /// For which shell.
    shell: Shell,
}

/// Runs the command.
pub fn completions(arguments: &CompletionsArguments) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Cli::command(),
        "deconflict",
        &mut text,
    );
    print(&String::from_utf8_lossy(&text))
}

/// Arguments of `deconflict man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deconflict man --out ~/.local/share/man/man1
      write deconflict.1 and a page for every command, such as deconflict-run.1
  deconflict man --out man --force
      replace those that are there")]
pub struct ManArguments {
    /// Folder of the pages; made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// Replace pages that are there.
    #[arg(long)]
    force: bool,
}

/// Runs the command.
pub fn man(arguments: &ManArguments) -> Result<(), Failure> {
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|error| {
        Failure::Machine(format!("error: cannot create {}: {error}", out.display()))
    })?;
    let mut whole = Cli::command();
    whole.build();
    let mut pages = vec![("deconflict".to_owned(), whole.clone())];
    for command in whole.get_subcommands() {
        let name = format!("deconflict-{}", command.get_name());
        pages.push((name.clone(), command.clone().name(name)));
    }
    let count = pages.len();
    for (name, command) in pages {
        let mut text = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut text)
            .map_err(|error| Failure::other(error, "cannot write a page"))?;
        let page = out.join(format!("{name}.1"));
        write_text(&page, arguments.force, &String::from_utf8_lossy(&text))?;
    }
    print(&format!("{count} pages written to {}.\n", out.display()))
}
