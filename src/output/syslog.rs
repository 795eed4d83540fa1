//! The log as messages to the system's logger (`syslog(3)`, `--syslog`).

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use jiff::Zoned;
use log::Level;

use crate::error::{Error, Kind, Result};

/// Where systems listen.
const SOCKETS: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/// The facilities, in the order of their numbers; those without a name are the system's own.
const FACILITIES: [&str; 24] = [
    "KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON", "AUTHPRIV", "FTP", "",
    "", "", "", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5", "LOCAL6", "LOCAL7",
];

/// The part of the system that messages are said to come from (`--syslog-facility`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl std::str::FromStr for Facility {
    type Err = Error;

    /// # Errors
    /// [`Kind::Usage`] for an unknown name.
    fn from_str(text: &str) -> Result<Self> {
        let number = FACILITIES.iter().position(|name| !name.is_empty() && name.eq_ignore_ascii_case(text));
        number.and_then(|number| u8::try_from(number).ok()).map(Self).ok_or_else(|| {
            Error::new(Kind::Usage, "read syslog facility", "it is unknown")
                .on(text)
                .advice("take one of KERN, USER, MAIL, DAEMON, AUTH, CRON, LOCAL0 to LOCAL7 and the like")
        })
    }
}

/// A connection to the system's logger.
pub(super) struct Syslog {
    facility: Facility,
    path: PathBuf,
    socket: UnixDatagram,
}

impl Syslog {
    /// Finds the system's logger.
    ///
    /// # Errors
    /// None listens.
    pub(super) fn open(facility: Facility) -> Result<Self> {
        Self::at(&SOCKETS.map(Path::new), facility)
    }

    fn at(places: &[&Path], facility: Facility) -> Result<Self> {
        let found = places.iter().find_map(|path| Some((*path, connect(path)?)));
        let (path, socket) = found.ok_or_else(|| {
            Error::new(Kind::Config, "log to syslog", "no system logger listens")
                .advice("start one, or take --log-file")
        })?;
        Ok(Self { facility, path: path.to_owned(), socket })
    }

    /// Sends each line. A logger that was started again meanwhile is found again; there is nobody to tell if it was not.
    pub(super) fn write(&mut self, level: Level, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let message = self.message(level, line, &Zoned::now());
            if self.socket.send(message.as_bytes()).is_err()
                && let Some(socket) = connect(&self.path)
            {
                self.socket = socket;
                self.socket.send(message.as_bytes()).ok();
            }
        }
    }

    fn message(&self, level: Level, line: &str, now: &Zoned) -> String {
        let severity = match level {
            Level::Error => 3,
            Level::Warn => 5,
            Level::Info => 6,
            Level::Debug | Level::Trace => 7,
        };
        let priority = u32::from(self.facility.0).saturating_mul(8).saturating_add(severity);
        format!("<{priority}>{} sclone[{}]: {line}", now.strftime("%b %e %H:%M:%S"), std::process::id())
    }
}

fn connect(path: &Path) -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.connect(path).ok()?;
    Some(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(path: &Path) -> UnixDatagram {
        let listener = UnixDatagram::bind(path).unwrap();
        listener.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        listener
    }

    fn received(listener: &UnixDatagram) -> String {
        let mut buffer = [0; 1000];
        let length = listener.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn each_line_is_a_message_with_its_priority() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let missing = folder.path().join("missing");
        assert!(Syslog::at(&[&missing], "USER".parse().unwrap()).is_err());
        let listener = listen(&path);
        let mut syslog = Syslog::at(&[&missing, &path], "local7".parse().unwrap()).unwrap();
        syslog.write(Level::Error, "one\n\n two\n");
        let first = received(&listener);
        assert!(first.starts_with("<187>"), "{first}");
        assert!(first.ends_with(&format!(" sclone[{}]: one", std::process::id())), "{first}");
        assert!(received(&listener).ends_with(":  two"));
        let now: Zoned = "2026-11-07T19:00:00[UTC]".parse().unwrap();
        assert!(syslog.message(Level::Info, "x", &now).starts_with("<190>Nov  7 19:00:00 sclone["));
    }

    #[test]
    fn a_logger_that_was_started_again_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let first = listen(&path);
        let mut syslog = Syslog::at(&[&path], "DAEMON".parse().unwrap()).unwrap();
        drop(first);
        std::fs::remove_file(&path).unwrap();
        let second = listen(&path);
        syslog.write(Level::Warn, "again");
        assert!(received(&second).starts_with("<29>"));
    }

    #[test]
    fn unknown_facilities_are_refused() {
        for text in ["", "LOCAL8", "daemons"] {
            assert!(text.parse::<Facility>().is_err(), "{text}");
        }
    }
}
