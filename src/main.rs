//! The `sclone` binary: parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    sclone::cli::main()
}
