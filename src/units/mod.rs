//! rclone's grammars for sizes and durations.
