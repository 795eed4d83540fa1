//! `rclone.conf`, the remotes it holds and what the environment adds to them.
