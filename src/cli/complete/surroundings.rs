//! What a completion runs in: the settings the words ask for, but quiet, quick, and without any effect.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use clap::Command;

use crate::cancel::Cancel;
use crate::cli::backend_flags;
use crate::cli::bool_flags;
use crate::cli::context::Ctx;

/// How long a person waits for a list.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most time for a connection to be made or to answer.
const NETWORK: Duration = Duration::from_secs(3);

/// Options that would ask, start a program that may ask, or write a file.
const WITHOUT_EFFECT: [(&str, &str); 3] =
    [("host_key_policy", "strict"), ("cert_command", ""), ("ask_password", "false")];

/// The surroundings for what `words` say: `--config` and the options of remotes count.
pub fn quiet(ctx: &Ctx, tree: &Command, words: &[Vec<u8>]) -> Ctx {
    log::set_max_level(log::LevelFilter::Off);
    let mut settings = ctx.settings.clone();
    let arguments = words.iter().map(|word| OsString::from_vec(word.clone()));
    // The line is not finished, so that much of it may be wrong.
    let lenient = bool_flags::with_values(tree.clone()).ignore_errors(true);
    if let Ok(matches) = lenient.try_get_matches_from(arguments) {
        settings.backend_flags.extend(backend_flags::given(&matches));
        let config = matches.get_one::<OsString>("config").cloned();
        settings.config = config.or(settings.config);
    }
    let known = |name: &str| crate::config::option_table::OptionSpec::find(name).is_some();
    let fixed = WITHOUT_EFFECT.into_iter().filter(|(name, _)| known(name));
    settings.backend_flags.extend(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    (settings.ask_password, settings.dry_run) = (false, true);
    (settings.connect_timeout, settings.timeout) = (NETWORK, NETWORK);
    Ctx::new(settings, deadline())
}

/// Stops everything once nobody waits any more.
fn deadline() -> Cancel {
    let cancel = Cancel::new();
    let stop = cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        stop.cancel();
    });
    cancel
}
