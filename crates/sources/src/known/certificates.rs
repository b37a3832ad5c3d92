//! The certificates that a server's is checked against.
//!
//! They are those that `$SSL_CERT_FILE` and `$SSL_CERT_DIR` name, else those of the system, to which companies add that of
//! their own proxy, else Mozilla's, which are built in.

use std::env;

use rustls_native_certs::load_native_certs;
use ureq::tls::{Certificate, RootCerts};

use crate::progress::{Event, Progress};

/// What OpenSSL and others read them from, too.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Reads them. A notice says where what the variables name holds none.
pub(super) fn trusted(progress: &dyn Progress) -> RootCerts {
    let found = load_native_certs();
    if !found.certs.is_empty() {
        return found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).into();
    }
    if let Some(variable) = VARIABLES.into_iter().find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
    {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        let notice =
            format!("no certificate can be read from where ${variable} says{why}; going on with those built in");
        progress.report(Event::Notice(&notice));
    }
    RootCerts::WebPki
}
