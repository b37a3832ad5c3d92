//! `serve`: trained networks over HTTP.

mod examples;
mod name;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use modiste_executors::Device;
use modiste_inference::Predictor;
use modiste_server::{End, Limits, ModelSource, Options, Server, Tls, Token};
use serde::Serialize;

use super::setup::{Outcome, device, ensure_memory};
use super::trained::Trained;
use crate::cli::ServeArgs;
use crate::output;

/// `--json`
#[derive(Serialize)]
struct Document {
    address: String,
    models: Vec<String>,
}

/// Serves until a signal ends it.
pub fn run(arguments: &ServeArgs) -> Result<Outcome> {
    let options = options(arguments)?;
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let sources = sources(arguments, &device(&arguments.compute)?)?;
    let models: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let server = Server::new(options, sources)?;
    let address = format!("{scheme}://{}", server.address()?);
    if arguments.output.json {
        output::print_json(&Document { address, models })?;
    } else {
        output::print(&format!("serving {} at {address}", models.join(", ")))?;
    }
    match server.run() {
        End::Whole => Ok(Outcome::Done),
        End::Cut => Ok(Outcome::Interrupted),
    }
}

/// What was typed, as the server takes it.
fn options(arguments: &ServeArgs) -> Result<Options> {
    let token = arguments.token_file.as_deref().map(token).transpose()?;
    let address = arguments.addr;
    if !address.ip().is_loopback() && token.is_none() {
        bail!("--addr {address} can be reached from elsewhere: name a secret by --token-file, or listen on 127.0.0.1");
    }
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::open(certificate, key).map_err(anyhow::Error::msg)?),
        _ => None,
    };
    let usual = Limits::default();
    let body = usize::try_from(arguments.max_body << 20).unwrap_or(usize::MAX);
    let limits = Limits {
        body,
        bodies: usual.bodies.max(body.saturating_mul(2)),
        waiting: arguments.max_waiting as usize,
        connections: arguments.max_connections as usize,
        header_time: arguments.header_time,
        idle_time: arguments.idle_time,
        body_time: arguments.body_time,
        ..usual
    };
    Ok(Options {
        address,
        token,
        tls,
        limits,
        max_delay: arguments.max_delay,
        grace: arguments.grace,
        tensor_views: arguments.views,
        picture_views: !arguments.single_view,
        quiet: arguments.output.quiet,
    })
}

/// The secret that lies in a file.
fn token(path: &Path) -> Result<Token> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {} of --token-file", path.display()))?;
    Token::new(&text).with_context(|| format!("{} of --token-file holds no token", path.display()))
}

/// The models, each with its name and the way to load it.
fn sources(arguments: &ServeArgs, device: &Device) -> Result<Vec<ModelSource>> {
    let paths = match arguments.models.as_slice() {
        [] => vec![Trained::locate(None)?],
        models => models.iter().map(|path| Trained::locate(Some(path))).collect::<Result<_>>()?,
    };
    if arguments.names.len() > paths.len() {
        bail!("there are more --name than models: give one for each");
    }
    let names: Vec<String> = paths
        .iter()
        .enumerate()
        .map(|(index, path)| arguments.names.get(index).cloned().unwrap_or_else(|| name::of(path)))
        .collect();
    let mut seen = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        bail!("two models are called {twice}: name each by --name");
    }
    let batch = arguments.max_batch as usize;
    let source = |(path, name): (PathBuf, String)| {
        let (place, device) = (path.clone(), *device);
        ModelSource {
            name,
            load: Box::new(move || load(&path, &device, batch).map_err(|error| output::sentence(&error))),
            examples: Box::new(move || examples::of(&place)),
        }
    };
    Ok(paths.into_iter().zip(names).map(source).collect())
}

/// A model, compiled for batches of up to so many images.
fn load(path: &Path, device: &Device, batch: usize) -> Result<Predictor> {
    let trained = Trained::find(Some(path))?;
    ensure_memory(device, &trained.model.network, batch)?;
    Ok(Predictor::new(&trained.model, device, batch))
}
