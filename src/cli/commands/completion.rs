//! `sclone completion`

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::context::Ctx;
use crate::error::{Error, Result};

/// Write the completion script of a shell
///
/// Example: `sclone completion bash > ~/.local/share/bash-completion/completions/sclone`
///
/// With it a shell completes commands, flags, remotes, and paths on them. For a remote path it logs in as the command
/// itself would, but asks for nothing and gives up after a few seconds.
///
/// Exit codes: 0 written, 1 the file cannot be written, 2 wrong usage, 24 no space left.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// The shell
    pub shell: Shell,

    /// Write to this file instead of standard output (`-`)
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

/// A shell that programs can teach to complete their arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash, the script to be read by ~/.bashrc or put where bash-completion looks.
    Bash,
    /// Zsh, the script to be put into a folder of `fpath` as `_sclone`, or to be read by ~/.zshrc.
    Zsh,
    /// Fish, the script to be put into ~/.config/fish/completions as `sclone.fish`.
    Fish,
    /// PowerShell, the script to be read by the profile.
    #[value(name = "powershell")]
    PowerShell,
}

impl Shell {
    /// What the shell is to read.
    const fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("../complete/scripts/sclone.bash"),
            Self::Zsh => include_str!("../complete/scripts/sclone.zsh"),
            Self::Fish => include_str!("../complete/scripts/sclone.fish"),
            Self::PowerShell => include_str!("../complete/scripts/sclone.ps1"),
        }
    }
}

/// Writes the script.
///
/// # Errors
/// It cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let script = args.shell.script();
    if args.file.as_os_str() == "-" {
        return ctx.stdout.write(script);
    }
    if ctx.settings.dry_run {
        log::warn!("Skipped write of the completion script as --dry-run is set");
        return Ok(());
    }
    std::fs::write(&args.file, script).map_err(|error| {
        Error::from_io("write completion script", error).on(args.file.as_os_str().as_encoded_bytes())
    })
}
