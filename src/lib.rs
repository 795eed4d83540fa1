//! `sclone`: lists, copies and synchronises files over SSH, and logs in with any certificate OpenSSH logs in with.
//!
//! # Map
//!
//! Arrows point one way: [`cli`] → [`output`] → [`transfer`] → [`filter`] → [`fs`] → [`sftp`] → [`ssh`] → [`config`] → the
//! leaves [`hash`], [`units`], [`questions`], [`pace`], [`cancel`], [`path`] and [`error`]. A room uses what stands to the right of
//! it, and a test holds it to that. Below [`cli`] nothing prints, prompts or knows clap.
//!
//! | room | what it knows |
//! | --- | --- |
//! | [`error`] | what failed, on which path, and whether trying again can help |
//! | [`path`] | names and relative paths as bytes; hostile names end here |
//! | [`pace`] | waits by the clock, and rates kept by waiting |
//! | [`cancel`] | one signal that stops every wait |
//! | [`questions`] | what the layers below may ask a person |
//! | [`units`] | rclone's grammars for sizes and durations |
//! | [`filter`] | rclone's patterns and rules: which files a command sees |
//! | [`hash`] | hash functions, computed here or by a script on the server |
//! | [`config`] | `rclone.conf`, remotes and their options, the environment |
//! | [`ssh`] | the session factory: dialling, host keys, certificates, login |
//! | [`sftp`] | the SFTP protocol over any byte stream, many requests in flight |
//! | [`fs`] | one small trait over local and SFTP trees |
//! | [`transfer`] | walking, comparing, planning and copying |
//! | [`output`] | log lines, listing lines and progress |
//! | [`cli`] | the command tree, settings, exit codes |
//! | [`fuzzing`] | what must hold for any input, for tests and fuzz targets |
//!
//! # Glossary
//!
//! *Remote*: a section of `rclone.conf`, or anything that can stand before the colon of `remote:path`.
//! *Certificate*: an OpenSSH certificate (PROTOCOL.certkeys), never X.509. *Principal*: a user or host name a
//! certificate is valid for. *CA*: the key that signed a certificate. *Handle*: an open file or folder on an SFTP
//! server. *Partial*: the file a transfer writes before it is renamed to its final name.

pub mod cancel;
pub mod cli;
pub mod config;
pub mod error;
pub mod filter;
pub mod fs;
pub mod fuzzing;
pub mod hash;
pub mod output;
pub mod pace;
pub mod path;
pub mod questions;
pub mod sftp;
pub mod ssh;
pub mod transfer;
pub mod units;
