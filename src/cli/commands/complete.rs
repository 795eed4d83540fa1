//! `sclone complete`, which the completion scripts call

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::cli::complete::candidates::{self, Style};
use crate::cli::complete::line::{Line, split};
use crate::cli::complete::{position, surroundings};
use crate::cli::context::Ctx;
use crate::cli::parse::command_tree;
use crate::error::Result;

/// Say what may stand at the end of a line
///
/// Example: `sclone complete -- ls web1:`
///
/// The first line of the answer is `words` or `paths`; each other line is a word, and after a tab what it means.
///
/// Exit codes: 0 said.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The line up to the cursor, as bash has it
    #[arg(long, allow_hyphen_values = true, conflicts_with = "words")]
    pub line: Option<OsString>,

    /// The characters at which bash breaks words
    #[arg(long, allow_hyphen_values = true, default_value = "")]
    pub breaks: OsString,

    /// The words up to the cursor, after the name of the program
    #[arg(last = true)]
    pub words: Vec<OsString>,
}

/// Says it.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let Line { words, kept } = line(args);
    let tree = command_tree();
    let ctx = surroundings::quiet(ctx, &tree, &words);
    let mut built = tree;
    built.build();
    let Some((word, before)) = words.get(1..).and_then(<[_]>::split_last) else { return Ok(()) };
    let wanted = position::find(&built, before, word);
    let answer = candidates::at(&ctx, &built, &wanted, word);
    ctx.stdout.line(if answer.style == Style::Paths { "paths" } else { "words" })?;
    for (value, help) in &answer.candidates {
        let value = value.get(kept..).unwrap_or_default();
        ctx.stdout.line([value, b"\t", help.as_bytes()].concat())?;
    }
    ctx.stdout.flush()
}

/// The words, the program's name first.
fn line(args: &Args) -> Line {
    if let Some(line) = &args.line {
        return split(line.as_bytes(), args.breaks.as_bytes());
    }
    let words = args.words.iter().map(|word| word.clone().into_vec());
    Line { words: std::iter::once(b"sclone".to_vec()).chain(words).collect(), kept: 0 }
}
