//! What targets that speak HTTP share: a client with rustls, and answers as faults.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Response, StatusCode, Url, header, redirect};

use crate::fault::{Fault, FaultKind};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);

/// Chooses what TLS computes with.
pub(crate) fn prepare() {
    // Another part of the program may have done so; whatever it chose will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Makes a client. `ca` is a PEM file with certificates to trust beside the system's.
pub(crate) fn client(ca: Option<&Path>) -> Result<Client, Fault> {
    prepare();
    let mut builder = Client::builder()
        .user_agent(concat!("filmwire/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        // Whoever is sent elsewhere must know, and a password goes nowhere else.
        .redirect(redirect::Policy::none());
    if let Some(path) = ca {
        let pem = std::fs::read(path).map_err(|cause| Fault::io("read", path, &cause))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|_| {
            Fault::permanent(format!("{} holds no certificate in PEM", path.display()))
        })?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|cause| Fault::permanent(words(&cause)))
}

/// Checks an address a person wrote.
pub(crate) fn address(text: &str) -> Result<Url, Fault> {
    // Not repeated: it may hold a password, or something like it.
    let wrong = |why: &str| Err(Fault::permanent(format!("that is no address for us: {why}")));
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(cause) => return wrong(&cause.to_string()),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("it must begin with http:// or https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("it must not hold a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("it must hold neither ? nor #");
    }
    Ok(url)
}

/// A request that got no answer.
pub(crate) fn failed(what: &str, cause: &reqwest::Error) -> Fault {
    Fault::transient(format!("cannot {what}: {}", words(cause)))
}

/// An answer that is not what was wanted.
pub(crate) fn refused(what: &str, answer: &Response) -> Fault {
    let status = answer.status();
    let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    let (kind, cure) = judge(status, to);
    Fault { kind, reason: format!("cannot {what}: the server says {status}{cure}") }
}

/// Seen with Apache 2.4.71, which refuses what is larger than 1 GiB if nothing else is said.
const TOO_LARGE: &str = "; it takes no file of that size (LimitRequestBody in Apache, \
                         client_max_body_size in nginx)";

/// Whether trying again helps, and what does.
fn judge(status: StatusCode, to: Option<&str>) -> (FaultKind, String) {
    use FaultKind::{Full, Permanent, Transient};
    match (status, to) {
        (StatusCode::INSUFFICIENT_STORAGE, _) => (Full, String::new()),
        (StatusCode::UNAUTHORIZED, _) => (Transient, "; are user and password right?".to_owned()),
        (StatusCode::PAYLOAD_TOO_LARGE, _) => (Permanent, TOO_LARGE.to_owned()),
        (status, Some(to)) if status.is_redirection() => {
            (Permanent, format!("; it sends us to {:?}, so write that", text(to)))
        }
        (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS, _)
        // A folder that went, a lock that somebody holds.
        | (StatusCode::CONFLICT | StatusCode::LOCKED | StatusCode::NOT_FOUND, _) => {
            (Transient, String::new())
        }
        (StatusCode::NOT_IMPLEMENTED, _) => (Permanent, String::new()),
        (status, _) if status.is_client_error() => (Permanent, String::new()),
        _ => (Transient, String::new()),
    }
}

/// The causes of an error, without its address, which is named already.
fn words(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    match error.source() {
        Some(_) => text(&deepest.to_string()),
        None if error.is_timeout() => "it takes too long".to_owned(),
        None => "the connection failed".to_owned(),
    }
}

/// What a server says ends up on terminals and in logs.
fn text(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_no_secret_and_leads_to_the_web() {
        for (bad, why) in [
            ("cloud", "relative URL"),
            ("ftp://a/b", "must begin with http"),
            ("https://a/b?c", "neither ? nor #"),
        ] {
            let fault = address(bad).unwrap_err();
            assert!(fault.reason.contains(why), "{fault}");
        }
        for bad in
            ["https://anna:hunter2@a/b", "s3://a:hunter2@b", "https://a/?t=hunter2", "hunter2"]
        {
            let fault = address(bad).unwrap_err();
            assert!(!fault.reason.contains("hunter2"), "{fault}");
        }
        assert!(address("https://cloud.example/dav/Photos").is_ok());
    }

    #[test]
    fn answers_are_sorted() {
        for (status, kind) in [
            (507, FaultKind::Full),
            (401, FaultKind::Transient),
            (409, FaultKind::Transient),
            (423, FaultKind::Transient),
            (429, FaultKind::Transient),
            (503, FaultKind::Transient),
            (400, FaultKind::Permanent),
            (403, FaultKind::Permanent),
            (405, FaultKind::Permanent),
            (413, FaultKind::Permanent),
            (501, FaultKind::Permanent),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(judge(status, None).0, kind, "{status}");
        }
        assert!(judge(StatusCode::PAYLOAD_TOO_LARGE, None).1.contains("LimitRequestBody"));
        let (kind, cure) = judge(StatusCode::FOUND, Some("https://b/"));
        assert!(kind == FaultKind::Permanent && cure.contains("https://b/"));
    }
}
