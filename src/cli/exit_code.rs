//! What the process ends with. Scripts rely on these numbers: 0 to 10 are rclone's
//! (<https://rclone.org/docs/#exit-code>), 20 and up are ours.

use crate::error::Kind;

/// Why the process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything was done.
    Success = 0,
    /// A failure that has no number of its own.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A folder is missing.
    DirectoryNotFound = 3,
    /// A file is missing.
    FileNotFound = 4,
    /// Running again may help.
    Retryable = 5,
    /// A file that may not change has changed.
    Immutable = 6,
    /// The whole run was refused or given up.
    Refused = 7,
    /// As many bytes as allowed were transferred.
    TransferLimit = 8,
    /// There was nothing to transfer, and that was to be told.
    NothingTransferred = 9,
    /// The run took as long as allowed.
    TimeLimit = 10,
    /// The server refused the login.
    LoginRefused = 20,
    /// The certificate is known to be unusable.
    CertificateUnusable = 21,
    /// The host key of the server is unknown, changed or revoked.
    HostKey = 22,
    /// No connection could be made, or it was lost.
    Connection = 23,
    /// There is no space left.
    NoSpace = 24,
    /// Another run of the same job holds its lock.
    Locked = 25,
    /// A signal ended the run: SIGHUP.
    HungUp = 129,
    /// A signal ended the run: SIGINT.
    Interrupted = 130,
    /// A signal ended the run: SIGTERM.
    Terminated = 143,
}

/// After several failures, the first of these that is among them decides: what ends every run comes before what
/// concerns one file.
const ORDER: [ExitCode; 17] = [
    ExitCode::Interrupted,
    ExitCode::Locked,
    ExitCode::CertificateUnusable,
    ExitCode::LoginRefused,
    ExitCode::HostKey,
    ExitCode::NoSpace,
    ExitCode::Connection,
    ExitCode::Refused,
    ExitCode::TransferLimit,
    ExitCode::TimeLimit,
    ExitCode::Usage,
    ExitCode::DirectoryNotFound,
    ExitCode::FileNotFound,
    ExitCode::Retryable,
    ExitCode::Immutable,
    ExitCode::Failure,
    ExitCode::NothingTransferred,
];

impl ExitCode {
    /// The code for one failure.
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::DirectoryNotFound => Self::DirectoryNotFound,
            Kind::NotFound => Self::FileNotFound,
            Kind::Corrupted | Kind::SourceChanged => Self::Retryable,
            Kind::Usage => Self::Usage,
            Kind::LoginRefused => Self::LoginRefused,
            Kind::CertificateUnusable => Self::CertificateUnusable,
            Kind::HostKey => Self::HostKey,
            Kind::Connect | Kind::Busy | Kind::ConnectionLost | Kind::TimedOut => Self::Connection,
            Kind::NoSpace => Self::NoSpace,
            Kind::Locked => Self::Locked,
            Kind::Cancelled => Self::Interrupted,
            Kind::Refused => Self::Refused,
            Kind::Immutable => Self::Immutable,
            Kind::TransferLimit => Self::TransferLimit,
            Kind::TimeLimit => Self::TimeLimit,
            Kind::NothingTransferred => Self::NothingTransferred,
            Kind::Quit => Self::Success,
            Kind::PermissionDenied
            | Kind::AlreadyExists
            | Kind::NotEmpty
            | Kind::IsADirectory
            | Kind::NotADirectory
            | Kind::Unsupported
            | Kind::Failure
            | Kind::InvalidName
            | Kind::OutOfRange
            | Kind::Protocol
            | Kind::Config
            | Kind::Io => Self::Failure,
        }
    }

    /// The code for several failures; [`ExitCode::Success`] for none.
    pub fn of_all(kinds: &[Kind]) -> Self {
        ORDER
            .into_iter()
            .find(|code| kinds.iter().any(|kind| Self::of(*kind) == *code))
            .unwrap_or(Self::Success)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_code() {
        for (kind, code) in [
            (Kind::Io, 1),
            (Kind::Config, 1),
            (Kind::PermissionDenied, 1),
            (Kind::Usage, 2),
            (Kind::DirectoryNotFound, 3),
            (Kind::NotFound, 4),
            (Kind::Corrupted, 5),
            (Kind::Immutable, 6),
            (Kind::Refused, 7),
            (Kind::TransferLimit, 8),
            (Kind::NothingTransferred, 9),
            (Kind::TimeLimit, 10),
            (Kind::SourceChanged, 5),
            (Kind::LoginRefused, 20),
            (Kind::CertificateUnusable, 21),
            (Kind::HostKey, 22),
            (Kind::Connect, 23),
            (Kind::ConnectionLost, 23),
            (Kind::TimedOut, 23),
            (Kind::NoSpace, 24),
            (Kind::Locked, 25),
            (Kind::Cancelled, 130),
        ] {
            assert_eq!(ExitCode::of(kind) as u8, code, "{kind:?}");
        }
    }

    #[test]
    fn several_failures_are_judged_by_the_gravest() {
        assert_eq!(ExitCode::of_all(&[]), ExitCode::Success);
        assert_eq!(ExitCode::of_all(&[Kind::Io]), ExitCode::Failure);
        assert_eq!(ExitCode::of_all(&[Kind::Io, Kind::NotFound]), ExitCode::FileNotFound);
        assert_eq!(ExitCode::of_all(&[Kind::NotFound, Kind::NoSpace, Kind::Io]), ExitCode::NoSpace);
        assert_eq!(ExitCode::of_all(&[Kind::ConnectionLost, Kind::HostKey]), ExitCode::HostKey);
    }
}
