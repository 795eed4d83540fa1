//! The session factory: from the options of a remote to logged-in connections that are ready for SFTP.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::algorithms::AlgorithmSettings;
use super::approach::Entered;
use super::dial::http::HttpProxy;
use super::dial::jump::Jump;
use super::dial::socks::SocksProxy;
use super::dial::{Route, Target};
use super::execute::execute;
use super::host_key::policy::GLOBAL_FILES;
use super::host_key::survey::Survey;
use super::host_key::{Accepted, HostKeySettings, Identity, Pins};
use super::login::{Login, Plan};
use super::renewal::Renewal;
use super::session::{Connected, SessionSettings, connect};
use super::verifying_key::VerifyingKey;
use super::{Channels, External, Service, Streams, auth, external_execute};
use crate::cancel::Cancel;
use crate::config::secret::Secret;
use crate::config::sftp_options::{HostKeyPolicy, KnownHosts, SftpOptions};
use crate::config::ssh_config;
use crate::error::{Error, Kind, Result};
use crate::questions::Questions;

/// What a connection depends on beside the options of its remote.
#[derive(Clone)]
pub struct Surroundings {
    /// The user's home folder, for `~/.ssh`.
    pub home: Option<PathBuf>,
    /// The configuration file, where the command line names it: commands that messages advise name it too.
    pub config: Option<PathBuf>,
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

/// Keeps a host key that is to be pinned (`pin_host_key`), for the runs to come.
pub type SavePin = Box<dyn Fn(&VerifyingKey) -> Result<()> + Send + Sync>;

/// Makes connections to one remote.
pub struct Factory {
    pub(super) name: String,
    pub(super) options: SftpOptions,
    pub(super) surroundings: Surroundings,
    pub(super) target: Target,
    pub(super) settings: SessionSettings,
    pub(super) login: Login,
    pub(super) renewal: Option<Renewal>,
    identity: Identity,
    save_pin: Option<SavePin>,
    pinned: AtomicBool,
}

impl Factory {
    /// Checks the options of the remote `name`. Nothing is opened and no connection made yet.
    ///
    /// # Errors
    /// An option has a value that makes no sense, or that nothing acts upon.
    pub fn new(name: &str, options: SftpOptions, surroundings: Surroundings) -> Result<Self> {
        options.refuse_not_yet()?;
        let target = Target {
            host: options.host.clone(),
            port: options.port,
            user: options.user.clone(),
            alias: options.ssh_host.as_ref().map(|host| host.name.clone()),
        };
        let host_keys = host_keys(name, &options, &surroundings)?;
        let settings = SessionSettings {
            route: route(&options, &host_keys, &surroundings)?,
            host_keys,
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
        let renewal = (!options.cert_command.is_empty())
            .then(|| Renewal { command: options.cert_command.clone(), before: options.cert_renew_before });
        if options.host_key_policy == HostKeyPolicy::Off && options.known_hosts_file != KnownHosts::Off {
            log::warn!("{name}: the host key is not checked, as host_key_policy is off");
        }
        Ok(Self {
            name: name.to_owned(),
            options,
            surroundings,
            target,
            settings,
            login,
            renewal,
            identity: Identity::default(),
            save_pin: None,
            pinned: AtomicBool::new(false),
        })
    }

    /// Calls `save_pin` with a key that is to be pinned, once the login has succeeded.
    #[must_use]
    pub fn on_new_pin(mut self, save_pin: SavePin) -> Self {
        self.save_pin = Some(save_pin);
        self
    }

    /// What log lines call the server, in rclone's form: `sftp://user@host:port/`.
    pub fn address(&self) -> String {
        if self.options.ssh.is_empty() {
            format!("sftp://{}@{}/", self.target.user, self.target.address())
        } else {
            format!("sftp://{}/", self.name)
        }
    }

    /// The remote's name; with a leading colon for one that has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the user logs in.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// What the server shows as its identity, and what is recorded about it.
    ///
    /// # Errors
    /// The server cannot be reached, or its identity is not judged by this program.
    pub fn survey(&self) -> Result<Survey> {
        if !self.options.ssh.is_empty() {
            let reason = "the program in its option ssh checks host keys itself";
            return Err(Error::new(Kind::Config, "survey the host keys of", reason)
                .on(&self.name)
                .advice("run that program once"));
        }
        let Surroundings { questions, cancel, .. } = &self.surroundings;
        Survey::take(&self.target, &self.settings, &**questions, cancel)
    }

    /// Connects, logs in and starts SFTP at the other end. Blocks until that is done or has failed.
    ///
    /// # Errors
    /// Whatever stands in the way of a connection; every error names the server or the file.
    pub fn connect(&self) -> Result<Box<dyn Streams>> {
        if !self.options.ssh.is_empty() {
            let external = self.after_renewal(|| External::spawn(&self.command_line()))?;
            return Ok(Box::new(external));
        }
        self.serve(self.log_in()?)
    }

    /// Starts SFTP at the other end of a session that is logged in.
    pub(super) fn serve(&self, entered: Entered) -> Result<Box<dyn Streams>> {
        let Entered { session, socket, accepted } = entered;
        let suspicion = accepted.iter().find_map(|attempt| auth::forced_command(attempt, &self.login));
        match Channels::open(session, socket.clone(), self.service(), self.options.set_env.clone()) {
            Ok(channels) => Ok(Box::new(channels.suspecting(suspicion))),
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
            self.renew_if_due()?;
            let line = [self.options.ssh.as_slice(), &[command.to_owned()]].concat();
            return external_execute::execute(&line, input, cancel);
        }
        let Entered { session, socket, .. } = self.log_in()?;
        let done =
            execute(&session, &socket, command, input, cancel).map_err(|error| self.name_server(error));
        // Dropping a session waits for the server unless the socket is gone.
        socket.shut_down();
        done
    }

    fn log_in(&self) -> Result<Entered> {
        match self.log_in_once() {
            Err(error) if self.has_ended_meanwhile(&error) => self.log_in_once(),
            entered => entered,
        }
    }

    fn log_in_once(&self) -> Result<Entered> {
        let questions = &*self.surroundings.questions;
        // Before anything is sent: what is known to fail here is not tried there.
        let plan = self.after_renewal(|| self.login.plan(questions, Timestamp::now()))?;
        let connected = connect(&self.target, &self.settings, questions, &self.surroundings.cancel)?;
        let offered = self.offered_methods(&connected)?;
        self.enter(connected, plan, offered)
    }

    /// Asks how the server lets the user in, if it is the server that every connection goes to.
    pub(super) fn offered_methods(&self, connected: &Connected) -> Result<Vec<String>> {
        self.confirm(&connected.host_key)
            .and_then(|()| auth::offered(&connected.session, &self.login))
            .inspect_err(|_| connected.socket.shut_down())
    }

    /// Logs in, and tells by which attempts.
    pub(super) fn enter(&self, connected: Connected, plan: Plan, offered: Vec<String>) -> Result<Entered> {
        let Connected { session, socket, host_key } = connected;
        let accepted = auth::prove(&session, &self.login, plan, offered, &*self.surroundings.questions)
            .and_then(|accepted| self.pin(&host_key).map(|()| accepted))
            .inspect_err(|_| socket.shut_down())?;
        log::debug!("logged in to {}", self.target.address());
        Ok(Entered { session, socket, accepted })
    }

    /// Every connection goes to the server the run began with, unless nobody wants to know.
    fn confirm(&self, host_key: &Accepted) -> Result<()> {
        if self.settings.host_keys.policy == HostKeyPolicy::Off {
            return Ok(());
        }
        self.identity.confirm(host_key, &self.target.address())
    }

    /// Keeps a new pin, once: later connections have shown the same key.
    fn pin(&self, host_key: &Accepted) -> Result<()> {
        match (&host_key.new_pin, &self.save_pin) {
            (None, _) => Ok(()),
            (Some(_), _) if self.pinned.swap(true, Ordering::SeqCst) => Ok(()),
            (Some(key), Some(save)) => save(key),
            (Some(_), None) => {
                log::warn!(
                    "{}: the host key is not pinned: this remote is in no configuration file",
                    self.name
                );
                Ok(())
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

fn route(options: &SftpOptions, host_keys: &HostKeySettings, surroundings: &Surroundings) -> Result<Route> {
    Ok(if let Some(proxy) = &options.socks_proxy {
        Route::Socks(SocksProxy::parse(proxy.expose())?)
    } else if let Some(proxy) = &options.http_proxy {
        Route::Http(HttpProxy::parse(proxy.expose())?)
    } else if let Some(command) = &options.proxy_command {
        Route::Command(command.clone())
    } else if let Some(hosts) = &options.proxy_jump {
        // Pins, alias and algorithms are those of the last server.
        let own = HostKeySettings { alias: None, pins: None, algorithms: Vec::new(), ..host_keys.clone() };
        let mut jump = Jump::parse(hosts, own)?;
        jump.ssh_config.clone_from(&options.jump_config);
        jump.entries.clone_from(&options.jump_hosts);
        jump.has_own_files = options.ssh_host.is_some() && options.known_hosts_file == KnownHosts::Default;
        jump.asks = surroundings.questions.has_terminal();
        Route::Jump(Box::new(jump))
    } else {
        Route::Direct
    })
}

fn host_keys(name: &str, options: &SftpOptions, surroundings: &Surroundings) -> Result<HostKeySettings> {
    let ssh_host = options.ssh_host.as_ref();
    let user_files = match &options.known_hosts_file {
        KnownHosts::Default => match ssh_host.and_then(|host| host.user_known_hosts.clone()) {
            Some(files) => files,
            None => surroundings.home.iter().map(|home| home.join(".ssh/known_hosts")).collect(),
        },
        KnownHosts::File(path) => vec![path.clone()],
        KnownHosts::Off => Vec::new(),
    };
    let policy = if options.known_hosts_file == KnownHosts::Off {
        HostKeyPolicy::Off
    } else {
        options.host_key_policy
    };
    // As in rclone: where a file is named, it decides alone.
    let pinned = options.pin_host_key || !options.host_keys.is_empty();
    let pins = if pinned && options.known_hosts_file == KnownHosts::Default {
        Some(Pins::parse(options.host_keys.iter().map(String::as_str), options.pin_host_key)?)
    } else {
        None
    };
    let named = || if name.starts_with(':') { name.to_owned() } else { format!("{name}:") };
    Ok(HostKeySettings {
        remote: if options.server.is_empty() { named() } else { options.server.clone() },
        config: surroundings.config.clone(),
        policy,
        user_files,
        global_files: ssh_host
            .and_then(|host| host.global_known_hosts.clone())
            .unwrap_or_else(|| GLOBAL_FILES.map(PathBuf::from).to_vec()),
        alias: ssh_host.and_then(|host| host.host_key_alias.clone()),
        pins,
        algorithms: options.host_key_algorithms.clone(),
    })
}

fn login(options: &SftpOptions, surroundings: &Surroundings, target: &Target) -> Login {
    let ssh_host = options.ssh_host.as_ref();
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
        agent_socket: match ssh_host.map(|host| &host.agent) {
            Some(ssh_config::Agent::Off) => None,
            Some(ssh_config::Agent::Socket(path)) => Some(path.clone()),
            Some(ssh_config::Agent::Environment) | None => surroundings.agent_socket.clone(),
        },
        identity_files: ssh_host.map(|host| host.identity_files.clone()),
        certificate_files: ssh_host.map(|host| host.certificate_files.clone()).unwrap_or_default(),
        identities_only: ssh_host.is_some_and(|host| host.identities_only),
        ..Login::default()
    }
}
