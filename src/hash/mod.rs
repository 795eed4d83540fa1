//! Hashes of file content: their names, how they are computed here, and the script that computes them on a server.

mod digest;
mod hash_type;
mod hasher;
mod script;
mod sum_file;

pub use digest::Digest;
pub use hash_type::HashType;
pub use hasher::Hasher;
pub use script::{Script, answers, choice, chosen, quote};
pub use sum_file::SumFile;
