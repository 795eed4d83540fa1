//! `sclone tree`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use futures_executor::block_on;
use jiff::{Timestamp, tz::TimeZone};

use crate::cli::context::Ctx;
use crate::cli::open::{Place, open};
use crate::cli::report_file::ReportFile;
use crate::cli::visit::{Depth, Found, Walk};
use crate::error::Result;
use crate::fs::Metadata;
use crate::output::tree::{Node, Order, Style};
use crate::path::RelPath;

/// Draw the files and folders below a path as a tree
///
/// Example: `sclone tree -s --level 2 web1:/srv`
///
/// The whole tree is held in memory. Names that begin with a dot are left out unless -a is given.
///
/// Exit codes: 0 drawn, 1 some folder cannot be read, 2 wrong usage, 3 folder not found, 20 login refused,
/// 21 certificate unusable, 22 host key not trusted, 23 no connection.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to draw: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    pub path: OsString,

    /// Also names that begin with a dot
    #[arg(short, long)]
    pub all: bool,

    /// Only folders
    #[arg(short, long)]
    pub dirs_only: bool,

    /// Folders before files
    #[arg(long)]
    pub dirsfirst: bool,

    /// The whole path of each entry
    #[arg(long)]
    pub full_path: bool,

    /// Go down no more than N levels
    #[arg(long, value_name = "N")]
    pub level: Option<usize>,

    /// Draw no lines
    #[arg(long)]
    pub noindent: bool,

    /// Leave out the count at the end
    #[arg(long)]
    pub noreport: bool,

    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Show the permissions of files
    #[arg(short, long)]
    pub protections: bool,

    /// Put names in quotes
    #[arg(short = 'Q', long)]
    pub quote: bool,

    /// Show sizes, as --human-readable does in a scaled form
    #[arg(short, long)]
    pub size: bool,

    /// Show the times of files
    #[arg(short = 'D', long)]
    pub modtime: bool,

    /// What to sort by
    #[arg(long, value_enum, default_value = "name")]
    pub sort: Sort,

    /// Sort by time
    #[arg(short = 't', long)]
    pub sort_modtime: bool,

    /// Sort by time as well: remotes keep no other than that of the last change
    #[arg(long)]
    pub sort_ctime: bool,

    /// Sort by name, with numbers in it by their value
    #[arg(long)]
    pub version: bool,

    /// Sort nothing, and put no folders first
    #[arg(short = 'U', long)]
    pub unsorted: bool,

    /// Sort the other way round
    #[arg(short = 'r', long)]
    pub sort_reverse: bool,
}

/// What entries are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Their names.
    Name,
    /// Their names, with numbers in them by their value.
    Version,
    /// Their sizes.
    Size,
    /// The times of their last change.
    Mtime,
    /// The same, as in rclone: its remotes do not tell when the mode or the owner of a file was changed.
    Ctime,
}

/// Draws.
///
/// # Errors
/// The tree cannot be opened, or the output cannot be written.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let place = open(ctx, &args.path)?;
    let mut root = block_on(ctx.cancel.or_stop(read(ctx, args, &place)))?;
    let order = match args.sort {
        _ if args.unsorted => Order::Unsorted,
        _ if args.version => Order::Version,
        Sort::Mtime | Sort::Ctime => Order::Time,
        _ if args.sort_modtime || args.sort_ctime => Order::Time,
        Sort::Version => Order::Version,
        Sort::Size => Order::Size,
        Sort::Name => Order::Name,
    };
    root.sort(order, args.sort_reverse, args.dirsfirst);
    let mut text = root.draw(&style(ctx, args));
    if !args.noreport {
        let (dirs, files) = root.count();
        let files = if args.dirs_only { String::new() } else { format!(", {files} files") };
        text.extend(format!("\n{dirs} directories{files}\n").into_bytes());
    }
    match &args.output {
        None => ctx.stdout.write(text),
        Some(path) => {
            let file = ReportFile::create(path)?;
            file.write(&ctx.stdout, &text)?;
            file.flush()
        }
    }
}

fn style(ctx: &Ctx, args: &Args) -> Style {
    let is_human = ctx.settings.human_readable;
    Style {
        sizes: (args.size || is_human).then(|| ctx.settings.size_style()),
        times: args.modtime,
        permissions: args.protections,
        quote: args.quote,
        full_path: args.full_path,
        no_lines: args.noindent,
        now: Timestamp::now(),
        zone: TimeZone::system(),
    }
}

/// Reads the whole tree. The walk comes by the folders in order, so a stack of open folders is enough.
async fn read(ctx: &Ctx, args: &Args, place: &Place) -> Result<Node> {
    let depth = args.level.map_or(Depth::All, Depth::Levels);
    let mut walk = Walk::new(ctx, place, depth);
    let folder_sizes = place.tree.features().folder_sizes;
    let mut open = vec![(RelPath::root(), folder(Vec::new()))];
    while let Some(found) = walk.next().await? {
        while open.len() > 1 && open.last().is_some_and(|(path, _)| !path.contains(&found.path)) {
            close(&mut open);
        }
        let is_hidden =
            !args.all && found.path.as_bytes().split(|&byte| byte == b'/').any(|name| name.starts_with(b"."));
        if is_hidden || args.dirs_only && !found.is_dir() {
            continue;
        }
        let node = node(ctx, &found, folder_sizes);
        if found.is_dir() {
            open.push((found.path, node));
        } else if let Some((_, parent)) = open.last_mut() {
            parent.size = parent.size.saturating_add(node.size);
            parent.children.push(node);
        }
    }
    while open.len() > 1 {
        close(&mut open);
    }
    Ok(open.pop().map_or_else(|| folder(Vec::new()), |(_, root)| root))
}

fn close(open: &mut Vec<(RelPath, Node)>) {
    if let Some((_, done)) = open.pop()
        && let Some((_, parent)) = open.last_mut()
    {
        parent.size = parent.size.saturating_add(done.size);
        parent.children.push(done);
    }
}

fn folder(name: Vec<u8>) -> Node {
    Node { name, is_dir: true, size: 0, own_size: 0, mode: None, modified: None, children: Vec::new() }
}

fn node(ctx: &Ctx, found: &Found, folder_sizes: bool) -> Node {
    let name = found.path.file_name();
    let name = name.map(|name| ctx.stdout.name(name.as_bytes()).into_owned()).unwrap_or_default();
    let Metadata { size, modified, mode, .. } = found.metadata;
    if found.is_dir() {
        return Node { own_size: if folder_sizes { size } else { 0 }, modified, ..folder(name) };
    }
    Node { name, is_dir: false, size, own_size: size, mode, modified, children: Vec::new() }
}
