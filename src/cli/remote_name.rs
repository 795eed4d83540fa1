//! What a place is called where a program is told of it, as rclone calls it.

/// A remote and a path on it, without the options an argument may carry: those may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteName {
    /// The name with its colon; empty on this machine.
    remote: String,
    path: String,
    /// The type of the remote.
    pub kind: &'static str,
}

impl RemoteName {
    /// A path of this machine.
    pub fn local(path: &[u8]) -> Self {
        Self { remote: String::new(), path: shown_path(path), kind: "local" }
    }

    /// A path on a server.
    pub fn sftp(name: &str, path: &[u8]) -> Self {
        Self { remote: format!("{name}:"), path: shown_path(path), kind: "sftp" }
    }

    /// What rclone says of content that comes from standard input.
    pub fn standard_input() -> Self {
        Self { remote: "memory:".into(), path: String::new(), kind: "object.memoryFs" }
    }

    /// The folder that holds it.
    #[must_use]
    pub fn holder(&self) -> Self {
        let path = match self.path.rsplit_once('/') {
            Some(("", _)) => "/",
            Some((folder, _)) => folder,
            None if self.remote.is_empty() => ".",
            None => "",
        };
        Self { path: path.to_owned(), ..self.clone() }
    }

    /// `NAME:PATH`, or a path.
    pub fn shown(&self) -> String {
        format!("{}{}", self.remote, self.path)
    }
}

/// A path without slashes at its end, unless it is nothing else.
fn shown_path(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    match text.trim_end_matches('/') {
        "" if text.starts_with('/') => "/".to_owned(),
        bare => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rclones() {
        for (name, shown, holder) in [
            (RemoteName::local(b"src/"), "src", "."),
            (RemoteName::local(b"/a/b"), "/a/b", "/a"),
            (RemoteName::local(b"/a"), "/a", "/"),
            (RemoteName::local(b"//"), "/", "/"),
            (RemoteName::sftp("web1", b"a"), "web1:a", "web1:"),
            (RemoteName::sftp(":sftp", b"/a/b"), ":sftp:/a/b", ":sftp:/a"),
        ] {
            assert_eq!((name.shown().as_str(), name.holder().shown().as_str()), (shown, holder));
        }
    }
}
