//! The contract every tree of files keeps, whether on this machine or behind SFTP.
//!
//! Paths are relative to the root the tree was made with. Operations are futures so that many can be under way on one
//! thread; none of them blocks for longer than the file system it stands for. A dropped future may or may not have had
//! its effect.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::details::{Details, Owner, UserAttributes};
use crate::error::{Error, Result};
use crate::hash::{Digest, HashType};
use crate::path::{Name, RelPath};

/// An operation under way.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// More ways to a file being opened.
pub type WideningTask<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What was left half-way being ended.
pub type Settling<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link, not followed.
    Symlink,
    /// A FIFO, socket or device.
    Special,
}

/// What is known of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What the entry is.
    pub file_type: FileType,
    /// Bytes of content, for a file.
    pub size: u64,
    /// Last change of the content, in nanoseconds since 1970; what a server did not tell is `None`.
    pub modified: Option<i128>,
    /// Permission bits (`0o7777`), if known.
    pub mode: Option<u32>,
}

/// One entry of a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: Name,
    /// What it is. Where the tree follows symbolic links, one is described by its target unless that is missing.
    pub metadata: Metadata,
    /// Whether the name itself is a symbolic link.
    pub is_link: bool,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// Its entries, in the order they came.
    pub entries: Vec<Entry>,
    /// One error for each name that was left out because nobody may have it.
    pub refused: Vec<Error>,
}

/// Where the kinds of trees differ, as rclone's do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Whether everything that is no folder is listed as a file: links by what they lead to, FIFOs, devices.
    pub lists_everything: bool,
    /// Whether the size of a folder means anything.
    pub folder_sizes: bool,
    /// Whether content goes over a network.
    pub is_remote: bool,
    /// Whether files can have attributes that users make.
    pub user_attributes: bool,
    /// Whether pipes, sockets and devices are left out without a word.
    pub skips_specials: bool,
    /// Whether folders may be left out because something is mounted there.
    pub leaves_out_mounts: bool,
}

impl Features {
    /// Says that a pipe, socket or device is left out, unless nobody wants to know.
    pub fn tell_special(self, path: &RelPath) {
        if !self.skips_specials {
            log::warn!(object:% = path; "Can't transfer non file/directory");
        }
    }
}

/// Sizes of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// All of it.
    pub total: u64,
    /// What is taken.
    pub used: u64,
    /// What is left, on this machine of what this user may take.
    pub free: u64,
}

/// Times to set on a file: nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// Last change of the content.
    pub modified: i128,
    /// Last access; `None` for the same as the last change.
    pub accessed: Option<i128>,
}

/// A tree of files.
pub trait Fs: Send + Sync {
    /// What log lines call this tree: `Local file system at /x`, `sftp://user@host:22/x`.
    fn describe(&self) -> String;

    /// The system that holds the tree. Trees that name the same one are reached in the same way, and each can take files
    /// of the other by their full paths.
    fn system(&self) -> &str;

    /// Under which addresses the system is reached, each with the user who logs in; none where that is not known. Two
    /// systems that have one of these in common are one, whatever their names.
    fn addresses(&self) -> Task<'_, Vec<String>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// The path by which the system knows `path`, with links as they are.
    fn full_path(&self, path: &RelPath) -> Vec<u8>;

    /// The smallest difference of two modification times the tree can keep.
    fn precision(&self) -> Duration;

    /// How listings of the tree look.
    fn features(&self) -> Features;

    /// The hashes that [`hash`](Self::hash) is known to compute, for commands that compare whatever there is.
    fn hashes(&self) -> Vec<HashType>;

    /// Hashes files where they are, without carrying them here: one result for each path, in order.
    /// [`Kind::Unsupported`](crate::error::Kind) as a whole if the other side cannot compute this hash; without paths,
    /// if it knows so beforehand.
    fn hash<'a>(&'a self, paths: &'a [RelPath], hash: HashType) -> Task<'a, Vec<Result<Digest>>>;

    /// Hashes the first `length` bytes of a file where it is; errors as for [`hash`](Self::hash).
    fn hash_beginning<'a>(&'a self, path: &'a RelPath, length: u64, hash: HashType) -> Task<'a, Digest>;

    /// How full the file system is that holds the root.
    fn usage(&self) -> Task<'_, Usage>;

    /// Describes what `path` names, symbolic links followed.
    fn stat<'a>(&'a self, path: &'a RelPath) -> Task<'a, Metadata>;

    /// Describes what stands at `path` itself: a symbolic link is not followed.
    fn look_up<'a>(&'a self, path: &'a RelPath) -> Task<'a, Metadata>;

    /// Everything there is to know of what [`stat`](Self::stat) describes.
    fn details<'a>(&'a self, path: &'a RelPath) -> Task<'a, Details>;

    /// The path by which the tree's own system knows `path`, every link resolved, to tell whether two paths are one
    /// place. What is missing at its end is kept as it is.
    fn real_path<'a>(&'a self, path: &'a RelPath) -> Task<'a, Vec<u8>>;

    /// Reads one folder whole. A missing folder is [`Kind::DirectoryNotFound`](crate::error::Kind).
    fn list<'a>(&'a self, path: &'a RelPath) -> Task<'a, Listing>;

    /// Opens a file to read it.
    fn open<'a>(&'a self, path: &'a RelPath) -> Task<'a, Box<dyn ReadFile>>;

    /// Creates a file that must not exist yet, with exactly these permission bits.
    fn create<'a>(&'a self, path: &'a RelPath, mode: u32) -> Task<'a, Box<dyn WriteFile>>;

    /// Opens a file that exists to write into it; what it holds stays.
    fn reopen<'a>(&'a self, path: &'a RelPath) -> Task<'a, Box<dyn WriteFile>>;

    /// Gives a file its final name in one step. Whatever file stood there is replaced; it is whole until then.
    fn replace<'a>(&'a self, from: &'a RelPath, to: &'a RelPath) -> Task<'a, ()>;

    /// Ends every [`replace`](Self::replace) and [`take`](Self::take) that was dropped half-way, where they take several
    /// steps: each name belongs to the new file or to the old one again.
    fn settle(&self) -> Settling<'_> {
        Box::pin(std::future::ready(()))
    }

    /// Moves a file or folder of the same system, named by its full path, to `to` in one step. A file or an empty folder
    /// that stood there is replaced.
    fn take<'a>(&'a self, origin: &'a [u8], to: &'a RelPath) -> Task<'a, ()>;

    /// Sets the modification time of a file or folder.
    fn set_modified<'a>(&'a self, path: &'a RelPath, dates: Dates) -> Task<'a, ()>;

    /// Gives a file or folder the owner, the permission bits (`0o777`), the times and, where it can have them, the user's
    /// attributes there are in `details`. Everything is tried; the error is of the first that failed.
    fn set_details<'a>(&'a self, path: &'a RelPath, details: Details) -> Task<'a, ()>;

    /// Removes a file or a symbolic link, never what a link points to.
    fn remove_file<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()>;

    /// Makes one folder whose parent exists; for the root, every folder on the way as well. A folder that is there
    /// already is fine, a symbolic link to one is not unless it is the root.
    fn make_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()>;

    /// Waits until the names in a folder are on the disk. A server that cannot do that for folders is no error.
    fn sync_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()>;

    /// Removes an empty folder. One that still has entries is [`Kind::NotEmpty`](crate::error::Kind).
    fn remove_dir<'a>(&'a self, path: &'a RelPath) -> Task<'a, ()>;
}

/// A file open for reading.
pub trait ReadFile: Send + Sync {
    /// Describes the open file as it is now.
    fn metadata(&self) -> Task<'_, Metadata>;

    /// Reads up to `length` bytes at `offset`. Fewer than asked for means the server is short, none means the end.
    fn read_at(&self, offset: u64, length: usize) -> Task<'_, Vec<u8>>;

    /// The most bytes one [`read_at`](Self::read_at) brings.
    fn chunk_size(&self) -> usize;

    /// The most reads worth having under way.
    fn depth(&self) -> usize;

    /// Gets up to `ways` ways to the file, so that one large transfer is not bound by one of them. Reads go on
    /// meanwhile. What cannot be had is no error.
    fn widen(&self, ways: usize) -> WideningTask<'_>;

    /// Whether [`widen`](Self::widen) has ever brought a further way.
    fn is_widened(&self) -> bool;
}

/// The most bytes a read or write may carry and still keep its place among other operations on the same file.
pub const SMALL: usize = 64 * 1024;

/// A new file open for writing. Dropping it without [`close`](Self::close) leaves an incomplete file behind.
///
/// Operations take effect in the order they were asked for, even while several are under way; only writes of more than
/// [`SMALL`] bytes may be overtaken.
pub trait WriteFile: Send + Sync {
    /// Describes the open file as it is now. Like every operation on one file, it happens after those asked for before.
    fn metadata(&self) -> Task<'_, Metadata>;

    /// Writes all of `data` at `offset`.
    fn write_at(&self, offset: u64, data: Vec<u8>) -> Task<'_, ()>;

    /// Cuts the file off at `size` bytes, or fills it up with zeros.
    fn set_size(&self, size: u64) -> Task<'_, ()>;

    /// Fills the file with the first `size` bytes of another file of the same system, named by its full path, without
    /// carrying them here. [`Kind::Unsupported`](crate::error::Kind), with nothing written, where that cannot be done.
    fn fill_from<'a>(&'a self, origin: &'a [u8], size: u64) -> Task<'a, ()>;

    /// Gives the file to a user and a group.
    fn set_owner(&self, owner: Owner) -> Task<'_, ()>;

    /// Gives the file attributes that users make. All are tried; the error is of the first that failed.
    fn set_user_attributes<'a>(&'a self, attributes: &'a UserAttributes) -> Task<'a, ()>;

    /// Sets the permission bits and the times.
    fn set_metadata(&self, mode: u32, dates: Option<Dates>) -> Task<'_, ()>;

    /// Waits until what went over further ways has arrived, so that what follows comes after it.
    fn settle(&self) -> Task<'_, ()>;

    /// Waits until what was written is on the disk. [`Kind::Unsupported`](crate::error::Kind) if the other side cannot
    /// promise that.
    fn sync(&self) -> Task<'_, ()>;

    /// Closes the file; no operation may follow. Everything written is known to have reached the other side only once
    /// this succeeded.
    fn close(&self) -> Task<'_, ()>;

    /// The most bytes one [`write_at`](Self::write_at) sends in one piece.
    fn chunk_size(&self) -> usize;

    /// The most writes worth having under way.
    fn depth(&self) -> usize;

    /// As [`ReadFile::widen`].
    fn widen(&self, ways: usize) -> WideningTask<'_>;

    /// As [`ReadFile::is_widened`].
    fn is_widened(&self) -> bool;
}
