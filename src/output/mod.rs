//! Log lines, listing lines and progress.
