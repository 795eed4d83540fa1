//! `sclone config string`

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::config_store;
use crate::cli::context::Ctx;
use crate::config::option_table::OptionSpec;
use crate::config::remote::{Argument, Spec};
use crate::config::remote_type::RemoteType;
use crate::config::sources::Sources;
use crate::error::{Error, Kind, Result};

/// Show a remote as a connection string, which needs no configuration file
///
/// Example: `sclone config string web1:backup`
///
/// Options from flags and the environment are part of it; those that have their default are not. Obscured passwords
/// are shown. It is not quoted for a shell.
///
/// Exit codes: 0 shown, 1 the file cannot be read, 2 there is no such remote.
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// What to show: remote:path, or a local path
    #[arg(value_name = "REMOTE:PATH")]
    remote: OsString,
}

/// Shows the connection string.
///
/// # Errors
/// The remote is not known or of a type this program does not have.
pub fn run(ctx: &Ctx, args: &Args) -> Result<()> {
    let store = config_store::open(ctx)?;
    let (text, path) = match Argument::parse(args.remote.as_bytes())? {
        Argument::Local { path } => (":local:".to_owned(), path),
        Argument::Remote(spec) => (connection_string(&spec, &config_store::sources(ctx, &store))?, spec.path),
    };
    ctx.stdout.line([text.as_bytes(), &path].concat())
}

/// Everything up to and with the colon before the path; options sorted by name.
fn connection_string(spec: &Spec, sources: &Sources<'_>) -> Result<String> {
    let refuse = |reason| Err(Error::new(Kind::Usage, "show connection string", reason).on(&spec.name));
    let kind = if spec.on_the_fly { Some(spec.name.clone()) } else { sources.key(spec, "type")? };
    let Some(kind) = kind else { return refuse("didn't find section in config file") };
    let Some(remote_type) = RemoteType::find(&kind) else {
        return refuse("its type is not one this program has");
    };
    let mut options: Vec<&OptionSpec> = remote_type.options.iter().collect();
    options.sort_by_key(|option| option.name);
    let mut text = format!(":{kind}");
    for option in options {
        let value = match kind.as_str() {
            "sftp" => {
                let given = sources.option(spec, option.name)?;
                given.or_else(|| sources.default(option.name)).map(|(value, _)| value)
            }
            _ => sources.key(spec, option.name)?,
        };
        if let Some(value) = value.filter(|value| !value.is_empty() && !option.is_default(value)) {
            text.push_str(&parameter(option.name, &value));
        }
    }
    text.push(':');
    Ok(text)
}

/// `,key=value` as the grammar of connection strings has it.
fn parameter(key: &str, value: &str) -> String {
    match value {
        "true" => format!(",{key}"),
        _ if value.contains([',', ':', '\'', '"', '=']) => {
            format!(",{key}='{}'", value.replace('\'', "''"))
        }
        _ => format!(",{key}={value}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::document::Document;
    use crate::config::environment::Environment;
    use crate::config::store::Store;

    const FILE: &str = "[b]\ntype = sftp\nhost = h\nuser = it's\nkey_file = /a b/c=d\npass = \"q\"\n\
        ssh = ssh -o X=y, z\nuse_fstat = true\nset_modtime = false\nchunk_size = 64k\nidle_timeout = 2m\n\
        port = 22\ndescription = x:y\nhashes = md5,sha1\nsubsystem =\npubkey = a\"b\nodd = x\n\
        [c]\ntype = local\ndescription = zzz\n[d]\ntype = alias\nremote = b:x\n[e]\ntype = sftp\nhost = a b\nuser = true\n";

    /// The answers are rclone's own (1.75.2).
    #[test]
    fn connection_strings_are_rclones() {
        let long = ":sftp,chunk_size=64k,description='x:y',hashes='md5,sha1',host=h,idle_timeout=2m,\
            key_file='/a b/c=d',pass='\"q\"',pubkey='a\"b',set_modtime=false,ssh='ssh -o X=y, z',use_fstat,user='it''s':";
        let store = Store::in_memory(Document::parse(FILE.as_bytes()).unwrap());
        let (none, environment) = (BTreeMap::new(), Environment::new([("RCLONE_CONFIG_C_DESCRIPTION", "y")]));
        let sources = Sources { store: &store, environment: &environment, flags: &none, defaults: &none };
        for (argument, expected) in [
            ("b:", long.to_owned()),
            ("b,port=22,use_fstat=false:x", long.replace(",use_fstat", "")),
            ("c:", ":local,description=y:".to_owned()),
            ("d:", ":alias,remote='b:x':".to_owned()),
            ("e:", ":sftp,host=a b,user:".to_owned()),
            (":sftp,host=h,user=u:p", ":sftp,host=h,user=u:".to_owned()),
            (":local:x", ":local:".to_owned()),
        ] {
            let Ok(Argument::Remote(spec)) = Argument::parse(argument.as_bytes()) else {
                panic!("{argument}")
            };
            let text = connection_string(&spec, &sources).unwrap();
            assert_eq!(text, expected, "{argument}");
            let Ok(Argument::Remote(again)) = Argument::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(connection_string(&again, &sources).unwrap(), text);
        }
    }
}
