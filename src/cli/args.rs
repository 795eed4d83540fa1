//! The root of the command tree.

use clap::{Parser, Subcommand};

use super::commands::{
    about, cat, cert, check, checksum, cleanup, complete, completion, config, copy, copyto, delete,
    deletefile, doctor, hashsum, help, listremotes, ls, lsd, lsf, lsjson, lsl, man, md5sum, mkdir,
    move_files, moveto, obscure, purge, rcat, reveal, rmdir, rmdirs, sha1sum, size, sync, touch, tree, trust,
    version,
};
use super::filter_args::FilterArgs;
use super::global::GlobalArgs;
use super::job_args::JobArgs;

/// rclone for SSH, with SSH certificates done right.
#[derive(Parser, Clone, Debug)]
#[command(name = "sclone", version, propagate_version = false, infer_long_args = false)]
#[command(arg_required_else_help = true, subcommand_required = true, disable_help_subcommand = true)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// Flags of whatever moves files.
    #[command(flatten)]
    pub job: JobArgs,
    /// Flags that choose files, of every command.
    #[command(flatten)]
    pub filter: FilterArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do. The help of a command stands at its arguments.
#[expect(missing_docs, reason = "documentation of a variant would replace the help of its command")]
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    Ls(ls::Args),
    Lsl(lsl::Args),
    Lsd(lsd::Args),
    Lsf(lsf::Args),
    Lsjson(lsjson::Args),
    Tree(tree::Args),
    Size(size::Args),
    About(about::Args),
    Cat(cat::Args),
    Check(check::Args),
    Checksum(checksum::Args),
    Md5sum(md5sum::Args),
    Sha1sum(sha1sum::Args),
    Hashsum(hashsum::Args),
    Copy(copy::Args),
    Rcat(rcat::Args),
    Touch(touch::Args),
    Mkdir(mkdir::Args),
    Delete(delete::Args),
    Deletefile(deletefile::Args),
    Purge(purge::Args),
    Rmdir(rmdir::Args),
    Rmdirs(rmdirs::Args),
    Cleanup(cleanup::Args),
    Copyto(copyto::Args),
    Move(move_files::Args),
    Moveto(moveto::Args),
    Sync(sync::Args),
    Cert(cert::Args),
    Doctor(doctor::Args),
    Listremotes(listremotes::Args),
    Config(config::Args),
    Obscure(obscure::Args),
    #[command(hide = true)]
    Reveal(reveal::Args),
    Trust(trust::Args),
    Version(version::Args),
    Completion(completion::Args),
    #[command(hide = true)]
    Complete(complete::Args),
    Help(help::Args),
    #[command(hide = true)]
    Man(man::Args),
}
