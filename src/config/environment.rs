//! What the process was started with: variables, home folder and user, captured once and passed on as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

/// The surroundings of a run.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    home: Option<PathBuf>,
    user: Option<String>,
    account_home: Option<PathBuf>,
    /// The accounts of this machine, as `passwd(5)` has them.
    accounts: Arc<str>,
}

impl Environment {
    /// Captures the variables, the home folder (`$HOME`, else the account's) and the user of this process.
    pub fn of_process() -> Self {
        let accounts = std::fs::read("/etc/passwd").unwrap_or_default();
        let variables: BTreeMap<_, _> = std::env::vars_os().collect();
        let accounts = String::from_utf8_lossy(&accounts);
        Self { home: dirs::home_dir(), ..Self::new(variables).with_accounts(&accounts) }
    }

    /// Surroundings made of variables alone: `HOME`, `USER` and `LOGNAME` among them have their meaning.
    pub fn new(variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>) -> Self {
        let variables: BTreeMap<OsString, OsString> =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let home = variables.get(OsStr::new("HOME")).map(PathBuf::from);
        Self { variables, home, ..Self::default() }
    }

    /// The same surroundings with accounts in the form of `passwd(5)`, one of them maybe that of this process.
    #[must_use]
    pub fn with_accounts(self, accounts: &str) -> Self {
        let uid = rustix::process::getuid().as_raw().to_string();
        let (user, account_home) = account(accounts, 2, &uid).unzip();
        Self { user, account_home, accounts: accounts.into(), ..self }
    }

    /// The same surroundings with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The value of a variable; `None` if it is unset, as it is if it is empty.
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.raw(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable, which may be empty.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The text of a variable; `None` if it is unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str)
    }

    /// The names of all variables that are UTF-8, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().filter_map(|name| name.to_str())
    }

    /// The home folder, if there is one.
    pub fn home(&self) -> Option<&PathBuf> {
        self.home.as_ref().filter(|home| !home.as_os_str().is_empty())
    }

    /// The home folder, if it is another than the account's: programs that ignore `$HOME` do not find it.
    pub fn moved_home(&self) -> Option<&PathBuf> {
        self.home().filter(|home| self.account_home.as_ref().is_some_and(|account| account != *home))
    }

    /// The home folder of another user of this machine; `None` if there is no such user.
    pub fn home_of(&self, user: &str) -> Option<PathBuf> {
        account(&self.accounts, 0, user).map(|(_, home)| home)
    }

    /// Where what can be lost is kept between runs: `$XDG_CACHE_HOME/sclone`, else `~/.cache/sclone`.
    pub fn cache_folder(&self) -> Option<PathBuf> {
        let named = self.os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        Some(named.or_else(|| Some(self.home()?.join(".cache")))?.join("sclone"))
    }

    /// The name of the current user: the account's, else `$USER`, else `$LOGNAME`.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref().or_else(|| self.text("USER")).or_else(|| self.text("LOGNAME"))
    }
}

/// Name and home of the first account whose field of this number, counted from 0, is `value`.
fn account(accounts: &str, number: usize, value: &str) -> Option<(String, PathBuf)> {
    accounts.lines().find_map(|line| {
        let fields: Vec<_> = line.split(':').collect();
        let (name, home) = (fields.first()?, fields.get(5)?);
        (fields.get(number) == Some(&value)).then(|| ((*name).to_owned(), PathBuf::from(home)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_the_account_before_the_variables() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nbroken\nann:x:1000:1000::/home/ann:/bin/sh\n";
        assert_eq!(account(accounts, 2, "1000"), Some(("ann".into(), "/home/ann".into())));
        assert_eq!(account(accounts, 2, "7"), None);
        let known = Environment::default().with_accounts(accounts);
        assert_eq!(known.home_of("ann"), Some("/home/ann".into()));
        assert_eq!((known.home_of("broken"), known.home_of("")), (None, None));
        let mut environment = Environment::new([("LOGNAME", "log"), ("USER", "")]);
        assert_eq!(environment.user(), Some("log"));
        environment.user = Some("ann".into());
        assert_eq!(environment.user(), Some("ann"));
    }

    #[test]
    fn a_home_of_its_own_is_seen() {
        let mut environment = Environment::new([("HOME", "/tmp/home")]);
        assert_eq!(environment.moved_home(), None);
        environment.account_home = Some("/home/ann".into());
        assert_eq!(environment.moved_home(), Some(&PathBuf::from("/tmp/home")));
    }
}
