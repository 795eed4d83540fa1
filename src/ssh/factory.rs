//! The session factory: from the options of a remote to logged-in connections that are ready for SFTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ssh2::Session;
use zeroize::Zeroizing;

use super::algorithms::AlgorithmSettings;
use super::dial::http::HttpProxy;
use super::dial::socks::SocksProxy;
use super::dial::{Route, Target};
use super::execute::execute;
use super::host_key::policy::GLOBAL_FILES;
use super::host_key::{HostKeySettings, Pins};
use super::login::Login;
use super::session::{Connected, SessionSettings, connect};
use super::socket::Socket;
use super::{Channels, External, Service, Streams, auth, external_execute};
use crate::cancel::Cancel;
use crate::config::secret::Secret;
use crate::config::sftp_options::{HostKeyPolicy, KnownHosts, SftpOptions};
use crate::error::{Error, Result};
use crate::questions::Questions;

/// What a connection depends on beside the options of its remote.
#[derive(Clone)]
pub struct Surroundings {
    /// The user's home folder, for `~/.ssh`.
    pub home: Option<PathBuf>,
    /// The socket of the agent (`SSH_AUTH_SOCK`).
    pub agent_socket: Option<PathBuf>,
    /// The bound for dialling and the key exchange.
    pub connect_timeout: Duration,
    /// The bound for every later answer.
    pub timeout: Duration,
    /// Who is asked for passwords, passphrases and about unknown host keys.
    pub questions: Arc<dyn Questions>,
    /// What ends the attempt to connect.
    pub cancel: Cancel,
}

/// Makes connections to one remote.
pub struct Factory {
    name: String,
    options: SftpOptions,
    surroundings: Surroundings,
    target: Target,
    settings: SessionSettings,
    login: Login,
}

impl Factory {
    /// Checks the options of the remote `name`. Nothing is opened and no connection made yet.
    ///
    /// # Errors
    /// An option has a value that makes no sense, or that nothing acts upon.
    pub fn new(name: &str, options: SftpOptions, surroundings: Surroundings) -> Result<Self> {
        options.refuse_not_yet()?;
        let target = Target { host: options.host.clone(), port: options.port, user: options.user.clone() };
        let settings = SessionSettings {
            route: route(&options)?,
            host_keys: host_keys(&options, &surroundings)?,
            algorithms: AlgorithmSettings {
                ciphers: options.ciphers.clone(),
                key_exchange: options.key_exchange.clone(),
                macs: options.macs.clone(),
                use_insecure_cipher: options.use_insecure_cipher,
            },
            connect_timeout: surroundings.connect_timeout,
            timeout: surroundings.timeout,
        };
        let login = login(&options, &surroundings, &target);
        Ok(Self { name: name.to_owned(), options, surroundings, target, settings, login })
    }

    /// What log lines call the server, in rclone's form: `sftp://user@host:port/`.
    pub fn address(&self) -> String {
        if self.options.ssh.is_empty() {
            format!("sftp://{}@{}/", self.target.user, self.target.address())
        } else {
            format!("sftp://{}/", self.name)
        }
    }

    /// Connects, logs in and starts SFTP at the other end. Blocks until that is done or has failed.
    ///
    /// # Errors
    /// Whatever stands in the way of a connection; every error names the server or the file.
    pub fn connect(&self) -> Result<Box<dyn Streams>> {
        if !self.options.ssh.is_empty() {
            return Ok(Box::new(External::spawn(&self.command_line())?));
        }
        let (session, socket) = self.log_in()?;
        match Channels::open(session, socket.clone(), self.service(), self.options.set_env.clone()) {
            Ok(channels) => Ok(Box::new(channels)),
            Err(error) => {
                socket.shut_down();
                Err(self.name_server(error))
            }
        }
    }

    /// Runs one command on a connection of its own and returns what it wrote to its standard output. Blocks meanwhile.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); the server runs no commands, or the connection ends.
    pub fn execute(&self, command: &str, input: &[u8]) -> Result<Vec<u8>> {
        let cancel = &self.surroundings.cancel;
        if !self.options.ssh.is_empty() {
            let line = [self.options.ssh.as_slice(), &[command.to_owned()]].concat();
            return external_execute::execute(&line, input, cancel);
        }
        let (session, socket) = self.log_in()?;
        let done =
            execute(&session, &socket, command, input, cancel).map_err(|error| self.name_server(error));
        // Dropping a session waits for the server unless the socket is gone.
        socket.shut_down();
        done
    }

    fn log_in(&self) -> Result<(Session, Socket)> {
        let questions = &*self.surroundings.questions;
        // Before anything is sent: what is known to fail here is not tried there.
        let plan = self.login.plan(questions, Timestamp::now())?;
        let Connected { session, socket, .. } =
            connect(&self.target, &self.settings, questions, &self.surroundings.cancel)?;
        match auth::log_in(&session, &self.login, plan, questions) {
            Ok(()) => {
                log::debug!("logged in to {}", self.target.address());
                Ok((session, socket))
            }
            Err(error) => {
                socket.shut_down();
                Err(error)
            }
        }
    }

    /// The options that say how a shell on the server may be used.
    pub const fn options(&self) -> &SftpOptions {
        &self.options
    }

    fn service(&self) -> Service {
        match &self.options.server_command {
            Some(command) => Service::Command(command.clone()),
            None => Service::Subsystem(self.options.subsystem.clone()),
        }
    }

    /// The external program with what rclone appends to it.
    fn command_line(&self) -> Vec<String> {
        let mut line = self.options.ssh.clone();
        match &self.options.server_command {
            Some(command) => line.push(command.clone()),
            None => line.extend(["-s".to_owned(), self.options.subsystem.clone()]),
        }
        line
    }

    fn name_server(&self, error: Error) -> Error {
        if error.path().is_some() { error } else { error.on(self.target.address()) }
    }
}

fn route(options: &SftpOptions) -> Result<Route> {
    Ok(if let Some(proxy) = &options.socks_proxy {
        Route::Socks(SocksProxy::parse(proxy.expose())?)
    } else if let Some(proxy) = &options.http_proxy {
        Route::Http(HttpProxy::parse(proxy.expose())?)
    } else if let Some(command) = &options.proxy_command {
        Route::Command(command.clone())
    } else if let Some(hosts) = &options.proxy_jump {
        Route::Jump { hosts: hosts.clone(), ssh_config: options.ssh_config.clone() }
    } else {
        Route::Direct
    })
}

fn host_keys(options: &SftpOptions, surroundings: &Surroundings) -> Result<HostKeySettings> {
    let user_files = match &options.known_hosts_file {
        KnownHosts::Default => surroundings.home.iter().map(|home| home.join(".ssh/known_hosts")).collect(),
        KnownHosts::File(path) => vec![path.clone()],
        KnownHosts::Off => Vec::new(),
    };
    let policy = if options.known_hosts_file == KnownHosts::Off {
        HostKeyPolicy::Off
    } else {
        options.host_key_policy
    };
    let pins = if options.host_keys.is_empty() {
        None
    } else {
        Some(Pins::parse(options.host_keys.iter().map(String::as_str), options.pin_host_key)?)
    };
    Ok(HostKeySettings {
        policy,
        user_files,
        global_files: GLOBAL_FILES.map(PathBuf::from).to_vec(),
        alias: None,
        pins,
        algorithms: options.host_key_algorithms.clone(),
    })
}

fn login(options: &SftpOptions, surroundings: &Surroundings, target: &Target) -> Login {
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|it| Zeroizing::new(it.expose().to_owned()));
    Login {
        server: target.address(),
        user: options.user.clone(),
        key_file: options.key_file.clone(),
        pubkey_file: options.pubkey_file.clone(),
        pubkey: options.pubkey.clone(),
        key_pem: secret(&options.key_pem),
        key_file_pass: secret(&options.key_file_pass),
        pass: secret(&options.pass),
        key_use_agent: options.key_use_agent,
        ask_password: options.ask_password,
        agent_socket: surroundings.agent_socket.clone(),
        ..Login::default()
    }
}
