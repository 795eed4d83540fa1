//! The keywords of the file (`ssh_config`(5)).

/// A keyword that is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keyword {
    /// Certificate to log in with; counts each time it is said.
    CertificateFile,
    /// Known host keys of all users, several files.
    GlobalKnownHostsFile,
    /// Name to look the host key up by.
    HostKeyAlias,
    /// Name or address to connect to.
    HostName,
    /// Whether the agent's other keys are left alone.
    IdentitiesOnly,
    /// Socket of the agent.
    IdentityAgent,
    /// Private key to log in with; counts each time it is said.
    IdentityFile,
    /// Port to connect to.
    Port,
    /// Command that carries the connection.
    ProxyCommand,
    /// Hosts to go through.
    ProxyJump,
    /// What to do with unknown host keys.
    StrictHostKeyChecking,
    /// What `Match tagged` is compared with.
    Tag,
    /// User to log in as.
    User,
    /// Known host keys of this user, several files.
    UserKnownHostsFile,
}

/// How the rest of a line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One argument; the first line counts.
    One,
    /// One argument; every line counts.
    Each,
    /// Several arguments; the first line counts.
    Several,
    /// The line as it stands; the first line counts.
    Text,
}

impl Keyword {
    const ALL: [(&'static str, Self, Shape); 14] = [
        ("certificatefile", Self::CertificateFile, Shape::Each),
        ("globalknownhostsfile", Self::GlobalKnownHostsFile, Shape::Several),
        ("hostkeyalias", Self::HostKeyAlias, Shape::One),
        ("hostname", Self::HostName, Shape::One),
        ("identitiesonly", Self::IdentitiesOnly, Shape::One),
        ("identityagent", Self::IdentityAgent, Shape::One),
        ("identityfile", Self::IdentityFile, Shape::Each),
        ("port", Self::Port, Shape::One),
        ("proxycommand", Self::ProxyCommand, Shape::Text),
        ("proxyjump", Self::ProxyJump, Shape::Text),
        ("stricthostkeychecking", Self::StrictHostKeyChecking, Shape::One),
        ("tag", Self::Tag, Shape::One),
        ("user", Self::User, Shape::One),
        ("userknownhostsfile", Self::UserKnownHostsFile, Shape::Several),
    ];

    /// The keyword of this name (in lower case) and how its line is read.
    pub fn find(name: &str) -> Option<(Self, Shape)> {
        let found = Self::ALL.iter().find(|(known, ..)| *known == name);
        found.map(|(_, keyword, shape)| (*keyword, *shape))
    }

    /// Its name in lower case, as `ssh -G` shows it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, keyword, _)| *keyword == self).map_or("", |(name, ..)| name)
    }
}

/// Whether `ssh` knows a keyword that is not acted upon here.
pub fn is_known_elsewhere(name: &str) -> bool {
    ELSEWHERE.contains(&name)
}

const ELSEWHERE: &[&str] = &[
    "addkeystoagent",
    "addressfamily",
    "afstokenpassing",
    "batchmode",
    "bindaddress",
    "bindinterface",
    "canonicaldomains",
    "canonicalizefallbacklocal",
    "canonicalizehostname",
    "canonicalizemaxdots",
    "canonicalizepermittedcnames",
    "casignaturealgorithms",
    "challengeresponseauthentication",
    "channeltimeout",
    "checkhostip",
    "cipher",
    "ciphers",
    "clearallforwardings",
    "compression",
    "compressionlevel",
    "connectionattempts",
    "connecttimeout",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dsaauthentication",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fallbacktorsh",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "globalknownhostsfile2",
    "gssapiauthentication",
    "gssapiclientidentity",
    "gssapidelegatecredentials",
    "gssapikeyexchange",
    "gssapirenewalforcesrekey",
    "gssapiserveridentity",
    "gssapitrustdns",
    "hashknownhosts",
    "hostbasedacceptedalgorithms",
    "hostbasedauthentication",
    "hostbasedkeytypes",
    "hostkeyalgorithms",
    "ipqos",
    "kbdinteractiveauthentication",
    "kbdinteractivedevices",
    "keepalive",
    "kexalgorithms",
    "knownhostscommand",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "macs",
    "nohostauthenticationforlocalhost",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "passwordauthentication",
    "permitlocalcommand",
    "permitremoteopen",
    "pkcs11provider",
    "preferredauthentications",
    "protocol",
    "proxyusefdpass",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyauthentication",
    "refuseconnection",
    "rekeylimit",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "requiredrsasize",
    "revokedhostkeys",
    "rhostsrsaauthentication",
    "rsaauthentication",
    "securitykeyprovider",
    "sendenv",
    "serveralivecountmax",
    "serveraliveinterval",
    "sessiontype",
    "setenv",
    "skeyauthentication",
    "smartcarddevice",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "tcpkeepalive",
    "tisauthentication",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "useblacklistedkeys",
    "usekeychain",
    "useprivilegedport",
    "userknownhostsfile2",
    "versionaddendum",
    "verifyhostkeydns",
    "visualhostkey",
    "warnweakcrypto",
    "xauthlocation",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_has_a_name_of_its_own() {
        for (name, keyword, shape) in Keyword::ALL {
            assert_eq!(Keyword::find(name), Some((keyword, shape)));
            assert_eq!(keyword.name(), name);
            assert!(!is_known_elsewhere(name), "{name}");
        }
        assert!(ELSEWHERE.iter().all(|name| !name.contains(char::is_uppercase)));
    }
}
