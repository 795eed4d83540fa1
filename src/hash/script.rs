//! The shell script that hashes many files on a server through one channel.
//!
//! It goes to the standard input of `sh`. Each file is opened by redirection, so that its name is never an argument,
//! and each answer carries the number of its file, so that neither a name nor what a login shell prints can pass for
//! one. The command is chosen on the spot: the first that hashes nothing to the known value.

use super::{Digest, HashType, Hasher};

/// What every line of the answer begins with.
const MARK: &str = "sclone-hash ";
/// What the line begins with that names a command.
const CHOICE: &str = "sclone-command ";

/// A script under construction.
#[derive(Clone)]
pub struct Script {
    text: Vec<u8>,
    files: usize,
}

impl Script {
    /// A script for no files yet. `command` is the one to use; without it those rclone knows are tried.
    pub fn new(hash: HashType, command: Option<&str>) -> Self {
        let mut text = choose(hash, command);
        text += &format!(
            "if [ -z \"$h\" ]; then echo '{MARK}none'; exit 0; fi\n\
             f() {{ if [ -f \"$2\" ]; then r=$(eval \"${{3:+head -c $3 |}} $h\" <\"$2\" 2>/dev/null); \
             else r=; fi; \
             echo \"{MARK}$1 ${{r%%[!0-9a-fA-F]*}}\"; }}\n"
        );
        Self { text: text.into_bytes(), files: 0 }
    }

    /// Adds a file by the path that the shell knows it by. Files are numbered from zero.
    pub fn file(&mut self, path: &[u8]) {
        self.add(path, None);
    }

    /// Adds the first `length` bytes of a file.
    pub fn beginning(&mut self, path: &[u8], length: u64) {
        self.add(path, Some(length));
    }

    fn add(&mut self, path: &[u8], length: Option<u64>) {
        self.text.extend_from_slice(format!("f {} ", self.files).as_bytes());
        // A path that begins with a dash would be an option of the test.
        let path = if path.starts_with(b"/") { path.to_vec() } else { [b"./", path].concat() };
        self.text.extend(quote(&path));
        if let Some(length) = length {
            self.text.extend_from_slice(format!(" {length}").as_bytes());
        }
        self.text.push(b'\n');
        self.files = self.files.saturating_add(1);
    }

    /// The script as `sh` reads it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text
    }
}

/// Shell commands that set `h` to the command that makes a hash, or to nothing.
fn choose(hash: HashType, command: Option<&str>) -> String {
    let empty = Hasher::hash(hash, b"");
    let own = [
        format!("{hash}sum"),
        format!("{hash} -r"),
        format!("rclone {hash}sum"),
        format!("rclone hashsum {hash}"),
    ];
    let candidates = match command {
        Some(command) => vec![command.to_owned()],
        None => own.to_vec(),
    };
    let mut text = String::from("h=\n");
    for candidate in &candidates {
        text += &format!(
            "if [ -z \"$h\" ]; then case $({candidate} </dev/null 2>/dev/null) in {empty}*) h={};; esac; fi\n",
            String::from_utf8_lossy(&quote(candidate.as_bytes()))
        );
    }
    text
}

/// A script that hashes nothing and says which command it would use for this hash.
pub fn choice(hash: HashType, command: Option<&str>) -> String {
    choose(hash, command) + &format!("echo \"{CHOICE}{hash} $h\"\n")
}

/// The command that a [`choice`] printed; `None` if there is none.
pub fn chosen(output: &[u8], hash: HashType) -> Option<String> {
    let mark = format!("{CHOICE}{hash} ");
    let line = output.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(mark.as_bytes()))?;
    (!line.is_empty()).then(|| String::from_utf8_lossy(line).into_owned())
}

/// A string that the shell takes as it is: in single quotes, those it contains as `'\''`.
pub fn quote(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for &byte in bytes {
        if byte == b'\'' {
            quoted.extend(b"'\\''");
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'\'');
    quoted
}

/// What a script printed, as one hash for each of `count` files; those that were not hashed are `None`. `None` for
/// everything if the server ran no script or knows no such hash.
pub fn answers(output: &[u8], hash: HashType, count: usize) -> Option<Vec<Option<Digest>>> {
    let mut found = vec![None; count];
    let mut is_run = false;
    for line in output.split(|&byte| byte == b'\n') {
        let Some(rest) = line.strip_prefix(MARK.as_bytes()) else { continue };
        if rest == b"none" {
            return None;
        }
        is_run = true;
        let mut words = rest.split(|&byte| byte == b' ');
        let number = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse::<usize>().ok());
        let digest = words.next().and_then(Digest::from_hex).filter(|digest| digest.size() == hash.size());
        if let Some(place) = number.and_then(|number| found.get_mut(number)) {
            *place = digest;
        }
    }
    (is_run || count == 0).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::io::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::{Command, Stdio};

    fn run(script: Script, folder: &std::path::Path) -> Vec<u8> {
        let mut shell = Command::new("sh")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        shell.stdin.take().unwrap().write_all(&script.into_bytes()).unwrap();
        shell.wait_with_output().unwrap().stdout
    }

    #[test]
    fn no_name_runs_anything_and_every_name_is_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let names: [&[u8]; 9] = [
            b"-rf",
            b"new\nline",
            b"back\\slash",
            b"q'uo\"te",
            b"$(touch x)",
            b"`touch x`",
            b"\xff",
            b" ",
            b"*",
        ];
        let mut script = Script::new(HashType::Md5, None);
        for name in names {
            std::fs::write(folder.path().join(OsStr::from_bytes(name)), name).unwrap();
            script.file(name);
        }
        script.file(b"missing");
        script.file(b".");
        let output = run(script, folder.path());
        let found = answers(&output, HashType::Md5, 11).unwrap();
        for (name, digest) in names.iter().zip(&found) {
            assert_eq!(digest, &Some(Hasher::hash(HashType::Md5, name)), "{}", name.escape_ascii());
        }
        assert_eq!(found[9..], [None, None]);
        assert!(!folder.path().join("x").exists());
    }

    #[test]
    fn the_beginning_of_a_file_is_hashed_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("it's"), "beginning and end").unwrap();
        let mut script = Script::new(HashType::Md5, None);
        script.beginning(b"it's", 9);
        script.beginning(b"missing", 9);
        let found = answers(&run(script, folder.path()), HashType::Md5, 2).unwrap();
        assert_eq!(found, [Some(Hasher::hash(HashType::Md5, b"beginning")), None]);
    }

    #[test]
    fn only_a_command_that_works_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let mut script = Script::new(HashType::Sha1, Some("echo d41d8cd9"));
        script.file(b"x");
        assert_eq!(answers(&run(script, folder.path()), HashType::Sha1, 1), None);
    }

    #[test]
    fn the_command_that_works_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (hash, command, expected) in [
            (HashType::Md5, None, Some("md5sum")),
            (HashType::Sha1, Some("echo d41d8cd9"), None),
            (HashType::Sha1, Some("LC_ALL=C sha1sum -b"), Some("LC_ALL=C sha1sum -b")),
        ] {
            let script = Script { text: choice(hash, command).into_bytes(), files: 0 };
            assert_eq!(chosen(&run(script, folder.path()), hash).as_deref(), expected);
        }
        assert_eq!(chosen(b"This service allows sftp connections only.\n", HashType::Md5), None);
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        assert_eq!(answers(b"This service allows sftp connections only.\n", HashType::Md5, 1), None);
        assert_eq!(answers(b"sclone-hash 0 abc\n", HashType::Md5, 1), Some(vec![None]));
        assert_eq!(answers(b"welcome\nsclone-hash 7 00\n", HashType::Md5, 1), Some(vec![None]));
    }
}
