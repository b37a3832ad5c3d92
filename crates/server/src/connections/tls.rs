//! TLS, by rustls.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate and its key, which fit together.
#[derive(Clone)]
pub struct Tls(pub(crate) TlsAcceptor);

impl Tls {
    /// Of two PEM files: the certificate with those that vouch for it, and the private key.
    ///
    /// # Errors
    /// When one cannot be read or they do not fit; then the text says which and why.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, String> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("{} holds no certificate as PEM: {error}", certificate.display()))?;
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| format!("{} holds no private key as PEM: {error}", key.display()))?;
        let does_not_fit = |error: rustls::Error| {
            format!("{} and {} do not go together: {error}", certificate.display(), key.display())
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
            .map_err(does_not_fit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
