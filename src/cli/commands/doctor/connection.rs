//! From the server's name to the login.

use std::net::IpAddr;

use super::report::Report;
use super::step::Step;
use crate::config::sftp_options::HostKeyPolicy;
use crate::error::{Error, Result};
use crate::path::escape;
use crate::ssh::attempt::Attempt;
use crate::ssh::dial::Route;
use crate::ssh::host_key::Accepted;
use crate::ssh::host_key::check::named;
use crate::ssh::known_hosts::line::Marker;
use crate::ssh::login::Plan;
use crate::ssh::session::Connected;
use crate::ssh::socket::Socket;
use crate::ssh::{Approach, Entered};

/// Takes the steps until one fails.
pub(super) fn examine(
    approach: &mut Approach<'_>,
    plan: Result<Plan>,
    report: &mut Report<'_>,
) -> Option<Entered> {
    let Some(socket) = reach(approach, report) else {
        report.skip(Step::Banner..=Step::Login, "there is no connection");
        return None;
    };
    let connected = greet(approach, socket, report)?;
    log_in(approach, connected, plan, report)
}

fn reach(approach: &mut Approach<'_>, report: &mut Report<'_>) -> Option<Socket> {
    let way = match approach.route() {
        Route::Direct => return reach_directly(approach, report),
        Route::Socks(_) => "socks_proxy",
        Route::Http(_) => "http_proxy",
        Route::Command(_) => "proxy_command",
        Route::Jump { .. } => "proxy_jump",
    };
    report.skip(Step::Dns..=Step::Dns, &format!("left to {way}"));
    let socket = report.take(Step::Tcp, approach.dial())?;
    report.ok(Step::Tcp, format!("{} by way of {way}", approach.target().address()));
    Some(socket)
}

fn reach_directly(approach: &Approach<'_>, report: &mut Report<'_>) -> Option<Socket> {
    let Some(addresses) = report.take(Step::Dns, approach.addresses()) else {
        report.skip(Step::Tcp..=Step::Tcp, "there is no address to connect to");
        return None;
    };
    let host = approach.target().bare_host();
    if host.parse::<IpAddr>().is_ok() {
        report.ok(Step::Dns, format!("{host} is an address"));
    } else {
        let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
        report.ok(Step::Dns, format!("{}: {}", escape(host.as_bytes()), shown.join(", ")));
    }
    let reached = report.take(Step::Tcp, approach.reach(&addresses))?;
    let mut detail = format!("connected to {}", reached.address);
    for (address, error) in &reached.failures {
        detail += &format!("\n{address} was tried before: {error}");
    }
    if reached.failures.is_empty() {
        report.ok(Step::Tcp, detail);
    } else {
        report.warn(Step::Tcp, detail, "name the address that works in the option host");
    }
    Some(reached.socket)
}

/// The greeting and the host key. What has not begun is reported as skipped.
fn greet(approach: &Approach<'_>, socket: Socket, report: &mut Report<'_>) -> Option<Connected> {
    let check = match approach.host_key_check() {
        Ok(check) => check,
        Err(error) => {
            socket.shut_down();
            report.skip(Step::Banner..=Step::Banner, "what is recorded of the server must be read before");
            report.fail(Step::HostKey, &error);
            report.skip(Step::Login..=Step::Login, "the server may be another one");
            return None;
        }
    };
    let Some(greeted) = report.take(Step::Banner, approach.exchange_keys(socket, &check)) else {
        report.skip(Step::HostKey..=Step::Login, "no keys were exchanged");
        return None;
    };
    report.ok(Step::Banner, format!("{}; {}", greeted.identification(), greeted.algorithms().join(", ")));
    let Some(connected) = report.take(Step::HostKey, approach.decide(greeted, &check)) else {
        report.skip(Step::Login..=Step::Login, "the server may be another one");
        return None;
    };
    host_key(approach, &connected.host_key, report);
    Some(connected)
}

fn host_key(approach: &Approach<'_>, accepted: &Accepted, report: &mut Report<'_>) {
    let shown = accepted.key.as_ref().map_or_else(|| "a key of an unknown type".to_owned(), named);
    let settings = approach.host_keys();
    match &accepted.recorded {
        _ if settings.policy == HostKeyPolicy::Off => report.warn(
            Step::HostKey,
            format!("{shown}, not checked: whoever answers is believed"),
            format!(
                "unset host_key_policy and known_hosts_file = none, then run {}",
                settings.trust_command("")
            ),
        ),
        Some(entry) if entry.marker == Marker::CertAuthority => {
            report.ok(Step::HostKey, format!("{shown}, certified by the CA of {}", entry.place()));
        }
        Some(entry) => report.ok(Step::HostKey, format!("{shown}, recorded in {}", entry.place())),
        None if accepted.new_pin.is_some() => report.ok(Step::HostKey, format!("{shown}, to be pinned")),
        None if settings.pins.is_some() => report.ok(Step::HostKey, format!("{shown}, pinned in host_keys")),
        None => report.ok(Step::HostKey, format!("{shown}, new and trusted from now on")),
    }
}

fn log_in(
    approach: &Approach<'_>,
    connected: Connected,
    plan: Result<Plan>,
    report: &mut Report<'_>,
) -> Option<Entered> {
    let offered = report.take(Step::Login, approach.offered_methods(&connected))?;
    let methods = format!("\nthe server lets in by {}", escape(offered.join(", ").as_bytes()));
    let plan = match plan {
        Ok(plan) => plan,
        Err(error) => {
            connected.socket.shut_down();
            report.fail_with(Step::Login, &error, &methods);
            return None;
        }
    };
    let has_certificate = plan.attempts.iter().any(|attempt| attempt.certificate().is_some());
    let entered = approach
        .log_in(connected, plan, offered)
        .map_err(|error: Error| report.fail_with(Step::Login, &error, &methods))
        .ok()?;
    entrance(approach, &entered.accepted, has_certificate, report);
    Some(entered)
}

fn entrance(approach: &Approach<'_>, accepted: &[Attempt], has_certificate: bool, report: &mut Report<'_>) {
    let user = escape(approach.target().user.as_bytes());
    if accepted.is_empty() {
        let detail = format!("{user} is let in without any proof");
        return report.warn(Step::Login, detail, "the server trusts everybody: see that it is meant to");
    }
    let by: Vec<_> = accepted.iter().map(ToString::to_string).collect();
    let detail = format!("{user}, by {}", by.join(", then "));
    if has_certificate && accepted.iter().all(|attempt| attempt.certificate().is_none()) {
        let mend = "compare its CA with TrustedUserCAKeys or a cert-authority line of the server";
        return report.warn(Step::Login, format!("{detail}; the certificate was refused"), mend);
    }
    report.ok(Step::Login, detail);
}
