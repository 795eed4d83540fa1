//! `sclone help`

use clap::Command;

use crate::cli::context::Ctx;
use crate::cli::help::page::{arrange, flags};
use crate::cli::parse::command_tree;
use crate::error::{Error, Kind, Result};

/// Show the help of a command, or the flags of all commands
///
/// Example: `sclone help lsf`, `sclone help flags timeout`
///
/// The help of a command shows its own flags and those others that are of use to it. `flags` shows the flags that every
/// command takes, or those of them that a word is found in.
///
/// Exit codes: 0 shown, 2 there is no such command.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The command: `lsf`, `config show`; or `flags`
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Shows.
///
/// # Errors
/// There is no such command, or standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let mut command = match args.command.as_slice() {
        [topic, words @ ..] if topic == "flags" => flags(&command_tree(), &words.join(" ")),
        words => find(words)?,
    };
    let help = command.render_long_help();
    ctx.stdout.write(if ctx.stdout.is_terminal() { help.ansi().to_string() } else { help.to_string() })
}

/// The command that the words name, with the whole name in its usage.
fn find(words: &[String]) -> Result<Command> {
    let mut command = arrange(command_tree());
    command.build();
    for word in words {
        command = command.find_subcommand(word).cloned().ok_or_else(|| {
            Error::new(Kind::Usage, "show help", format!("there is no command \"{}\"", words.join(" ")))
                .advice("sclone help lists the commands")
        })?;
    }
    Ok(command)
}
