//! Where the password of an encrypted configuration comes from.

use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::questions::Questions;

use super::crypt;
use super::option_value as value;
use super::secret::Secret;

/// How often a person may mistype the password.
const TRIES: usize = 3;

/// The sources of the configuration password, the first that is there counts.
pub struct PasswordSources<'a> {
    /// `--password-command`: a program and its arguments, separated by blanks.
    pub command: Option<&'a str>,
    /// `SCLONE_CONFIG_PASS` or `RCLONE_CONFIG_PASS`.
    pub variable: Option<&'a str>,
    /// Whom to ask otherwise.
    pub questions: &'a dyn Questions,
}

impl PasswordSources<'_> {
    /// Decrypts the bytes of the file at `path`. Gives the plain text and the password that fits.
    ///
    /// # Errors
    /// [`Kind::Config`] if no password is to be had or it does not fit.
    pub fn unlock(&self, path: &Path, bytes: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Secret)> {
        let named = |error: Error| error.on(path.as_os_str().as_encoded_bytes());
        if let Some(command) = self.command.filter(|command| !command.is_empty()) {
            let password = run(command, Purpose::Open)?;
            let plain = crypt::decrypt(bytes, &password)
                .map_err(|error| named(error).advice("the password came from --password-command"))?;
            return Ok((plain, Secret::new(password)));
        }
        if let Some(password) = self.variable.filter(|password| !password.is_empty()) {
            let plain = crypt::decrypt(bytes, password).map_err(|error| {
                named(error).advice("the password came from the environment (RCLONE_CONFIG_PASS)")
            })?;
            return Ok((plain, Secret::new(password.to_owned())));
        }
        self.ask(path, bytes).map_err(named)
    }

    /// The password that a file is to be encrypted with from now on: from the command, which finds
    /// `RCLONE_PASSWORD_CHANGE=1` in its environment, else from a person, who types it twice.
    ///
    /// # Errors
    /// [`Kind::Config`] if no password is to be had.
    pub fn choose(&self) -> Result<Secret> {
        if let Some(command) = self.command.filter(|command| !command.is_empty()) {
            return run(command, Purpose::Change).map(Secret::new);
        }
        let ask = |prompt: &str| {
            let nobody = || {
                let reason = "it needs one, and there is nobody to ask";
                Error::new(Kind::Config, "choose a password", reason).advice("set --password-command")
            };
            self.questions.secret(prompt)?.ok_or_else(nobody)
        };
        for _ in 0..TRIES {
            let password = ask("Enter NEW configuration password:\npassword: ")?;
            if password.trim().is_empty() {
                log::error!("A password cannot be blank");
            } else if ask("Confirm NEW configuration password:\npassword: ")? == password {
                return Ok(Secret::new(password));
            } else {
                log::error!("Passwords do not match!");
            }
        }
        Err(Error::new(Kind::Config, "choose a password", "nothing usable was typed"))
    }

    fn ask(&self, path: &Path, bytes: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Secret)> {
        let shown = crate::path::escape(path.as_os_str().as_encoded_bytes());
        let mut tries = TRIES;
        loop {
            let Some(password) = self.questions.secret(&format!("Password of {shown}: "))? else {
                return Err(Error::new(
                    Kind::Config,
                    "decrypt configuration",
                    "it needs a password, and there is nobody to ask",
                )
                .advice("set RCLONE_CONFIG_PASS or --password-command"));
            };
            tries = tries.saturating_sub(1);
            match crypt::decrypt(bytes, &password) {
                Ok(plain) => return Ok((plain, Secret::new(password))),
                Err(error) if tries == 0 => return Err(error),
                Err(error) => log::error!("{error}"),
            }
        }
    }
}

/// What a password is wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To open the file.
    Open,
    /// To encrypt the file anew.
    Change,
}

/// Runs a command and takes what it prints, without line breaks at the end, for the password.
fn run(command: &str, purpose: Purpose) -> Result<Zeroizing<String>> {
    let failed = |reason: String| Error::new(Kind::Config, "run --password-command", reason);
    let words =
        value::list(command, ' ').map_err(|accepted| failed(format!("its value is not {accepted}")))?;
    let (program, arguments) = words.split_first().ok_or_else(|| failed("it is empty".into()))?;
    let change = (purpose == Purpose::Change).then_some(("RCLONE_PASSWORD_CHANGE", "1"));
    let output = Command::new(program)
        .args(arguments)
        .envs(change)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Error::from_io("run --password-command", error).on(program))?;
    let text = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(format!("it failed, {}", output.status)).on(program));
    }
    let text =
        std::str::from_utf8(&text).map_err(|_| failed("what it printed is not UTF-8".into()).on(program))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(failed("it printed no password".into()).on(program)),
        password => Ok(Zeroizing::new(password.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::questions::Nobody;

    struct Typist(Mutex<Vec<&'static str>>);

    impl Questions for Typist {
        fn secret(&self, _prompt: &str) -> Result<Option<Zeroizing<String>>> {
            Ok(self.0.lock().unwrap().pop().map(|word| Zeroizing::new(word.to_owned())))
        }
        fn line(&self, _prompt: &str) -> Result<Option<String>> {
            Ok(None)
        }
        fn confirm(&self, _prompt: &str) -> Result<Option<bool>> {
            Ok(None)
        }
    }

    fn unlock(command: Option<&str>, variable: Option<&str>, questions: &dyn Questions) -> Result<String> {
        let sealed = crypt::encrypt(b"[a]\n", "right").unwrap();
        let sources = PasswordSources { command, variable, questions };
        let (plain, password) = sources.unlock(Path::new("/c"), &sealed)?;
        assert_eq!(&*plain, b"[a]\n");
        Ok(password.expose().to_owned())
    }

    #[test]
    fn command_then_variable_then_person() {
        assert_eq!(
            unlock(Some("printf 'right\\r\\n'"), None, &Nobody).ok(),
            None,
            "quotes are not a shell's"
        );
        assert_eq!(unlock(Some("echo right"), Some("wrong"), &Nobody).unwrap(), "right");
        assert_eq!(unlock(None, Some("right"), &Nobody).unwrap(), "right");
        let typist = |words: &[&'static str]| Typist(Mutex::new(words.iter().rev().copied().collect()));
        assert_eq!(unlock(None, None, &typist(&["wrong", "wrong", "right"])).unwrap(), "right");
        assert!(unlock(None, None, &typist(&["wrong", "wrong", "wrong", "right"])).is_err());
    }

    #[test]
    fn a_new_password_is_typed_twice_or_told_by_the_command() {
        let choose = |command, words: &[&'static str]| {
            let questions = &Typist(Mutex::new(words.iter().rev().copied().collect()));
            PasswordSources { command, variable: Some("old"), questions }.choose()
        };
        assert_eq!(choose(None, &["a", "b", " ", "new", "new"]).unwrap().expose(), "new");
        assert!(
            choose(None, &["a"]).is_err() && choose(None, &["a", "b", "c", "d", "e", "f", "g", "g"]).is_err()
        );
        assert_eq!(choose(Some("printenv RCLONE_PASSWORD_CHANGE"), &[]).unwrap().expose(), "1");
        assert!(unlock(Some("printenv RCLONE_PASSWORD_CHANGE"), None, &Nobody).is_err());
    }

    #[test]
    fn failures_name_their_source_and_keep_the_password() {
        for (command, variable, part) in [
            (None, None, "RCLONE_CONFIG_PASS or --password-command"),
            (None, Some("hunter3"), "from the environment"),
            (Some("echo hunter3"), None, "from --password-command"),
            (Some("false"), None, "exit status: 1"),
            (Some("true"), None, "it printed no password"),
            (Some("/nonexistent/x"), None, "/nonexistent/x: no such file"),
            (Some("\"a"), None, "its value is not a list"),
        ] {
            let message = unlock(command, variable, &Nobody).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
            assert!(!message.contains("hunter3"), "{message}");
        }
    }
}
