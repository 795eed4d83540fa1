//! Closing a local file with its result, which the standard library throws away.
#![expect(unsafe_code, reason = "close(2) takes a raw descriptor")]

use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd as _;

/// Closes `file` and reports delayed write errors, which quotas and network file systems tell only here.
pub(super) fn close(file: File) -> io::Result<()> {
    // SAFETY: `into_raw_fd` gives up ownership, so the descriptor is open and nobody else closes it. It is not used
    // again, whatever the result: on Linux the descriptor is gone even after an error.
    match unsafe { libc::close(file.into_raw_fd()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
