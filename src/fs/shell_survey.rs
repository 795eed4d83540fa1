//! What the shell of a server can be used for, found out by one command that changes nothing.

use jiff::Timestamp;

use super::shell::Shell;
use crate::error::Result;
use crate::hash::{HashType, choice, chosen};

/// What a line begins with that shows that a shell ran the script.
const RUNS: &[u8] = b"sclone-shell";
/// What the line begins with that tells the time.
const TIME: &[u8] = b"sclone-time ";

/// What a shell turned out to be good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellSurvey {
    /// By how many seconds the server's clock is ahead of this one, to about a second; `None` if it does not tell.
    pub clock_ahead: Option<i64>,
    /// The command that makes each of the hashes to consider, `None` where there is none.
    pub commands: Vec<(HashType, Option<String>)>,
}

impl Shell {
    /// Asks the shell; `None` if what answers is no Unix shell.
    ///
    /// # Errors
    /// The server runs no commands, or the connection fails.
    pub async fn survey(&self) -> Result<Option<ShellSurvey>> {
        let hashes: Vec<_> =
            self.hashes().into_iter().filter(|hash| self.command(*hash) != Some("none")).collect();
        let mut script = "echo sclone-shell\n".to_owned();
        for hash in &hashes {
            script += &choice(*hash, self.command(*hash));
        }
        // The clock comes last: its answer arrives as soon as it is given.
        script += "echo \"sclone-time $(date +%s)\"\n";
        let output = self.run("sh", script.into_bytes()).await?;
        Ok(read(&output, &hashes, Timestamp::now().as_second()))
    }
}

/// Reads what the script printed by `now`, in seconds since 1970.
fn read(output: &[u8], hashes: &[HashType], now: i64) -> Option<ShellSurvey> {
    let mut lines = output.split(|&byte| byte == b'\n');
    lines.find(|line| *line == RUNS)?;
    let time = lines.find_map(|line| std::str::from_utf8(line.strip_prefix(TIME)?).ok()?.trim().parse().ok());
    Some(ShellSurvey {
        clock_ahead: time.map(|time: i64| time.saturating_sub(now)),
        commands: hashes.iter().map(|hash| (*hash, chosen(output, *hash))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::Arc;

    use futures_executor::block_on;

    use super::*;
    use crate::fs::ShellSettings;

    #[test]
    fn a_shell_tells_its_time_and_its_commands() {
        let here = |command: &str, input: &[u8]| {
            let script = String::from_utf8(input.to_vec()).unwrap();
            Ok(Command::new(command).args(["-c", &script]).output().unwrap().stdout)
        };
        let settings = ShellSettings {
            hashes: vec![HashType::Md5, HashType::Sha1, HashType::Sha256],
            commands: vec![(HashType::Sha1, "none".into()), (HashType::Sha256, "/no/such/command".into())],
            ..ShellSettings::default()
        };
        let survey = block_on(Shell::new(Arc::new(here), settings).survey()).unwrap().unwrap();
        assert!(survey.clock_ahead.is_some_and(|ahead| ahead.abs() < 60), "{survey:?}");
        assert_eq!(survey.commands, [(HashType::Md5, Some("md5sum".into())), (HashType::Sha256, None)]);
    }

    #[test]
    fn what_is_no_shell_tells_nothing() {
        assert_eq!(read(b"This service allows sftp connections only.\n", &[], 0), None);
        let survey = read(b"welcome\nsclone-shell\nsclone-time %s\n", &[HashType::Md5], 0).unwrap();
        assert_eq!(survey, ShellSurvey { clock_ahead: None, commands: vec![(HashType::Md5, None)] });
        assert_eq!(read(b"sclone-shell\nsclone-time 100\n", &[], 90).unwrap().clock_ahead, Some(10));
    }
}
