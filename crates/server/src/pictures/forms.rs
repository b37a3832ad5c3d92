//! The pictures of a request: its body, parts of it, or texts in JSON.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::body::{self, Kind};
use crate::problem::Problem;
use crate::shared::Shared;
use std::sync::Arc;

/// What `predict` calls a picture that has no name, too.
const UNNAMED: &str = "-";

/// A picture that has not been looked at.
pub(crate) struct Picture {
    /// What the answer calls it.
    pub(crate) input: String,
    pub(crate) bytes: Vec<u8>,
}

/// What a request holds.
pub(crate) struct Pictures {
    pub(crate) pictures: Vec<Picture>,
    /// Whether it is one by the form of the request, whose answer is no list.
    pub(crate) is_single: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default, alias = "image")]
    picture: Option<Encoded>,
    #[serde(default, alias = "images")]
    pictures: Option<Vec<Encoded>>,
}

/// Base64, with or without a name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Encoded {
    Plain(String),
    Named { name: Option<String>, data: String },
}

/// Reads them all.
pub(crate) async fn pictures(shared: &Arc<Shared>, request: Request) -> Result<Pictures, Problem> {
    let (head, body) = request.into_parts();
    let taken = [Kind::Picture, Kind::Bytes, Kind::Parts, Kind::Json, Kind::Form, Kind::Unsaid];
    let kind = body::check_kind(&head.headers, &taken)?;
    let body = body::read(&shared.limits, &shared.held, &head.headers, body).await?;
    let pictures = match kind {
        Kind::Json => body::at_length(body.bytes().len(), || json(body.bytes()))?,
        Kind::Parts => {
            let whole = Body::from(body.bytes().to_vec());
            Pictures {
                pictures: parts(Request::from_parts(head, whole), shared.limits.pictures).await?,
                is_single: false,
            }
        }
        _ => Pictures {
            pictures: vec![Picture { input: UNNAMED.to_owned(), bytes: body.bytes().to_vec() }],
            is_single: true,
        },
    };
    let (count, most) = (pictures.pictures.len(), shared.limits.pictures);
    match count {
        0 => Err(Problem::malformed("the request holds no picture: send one or several")),
        _ if count > most => Err(too_many(most)),
        _ => Ok(pictures),
    }
}

fn too_many(most: usize) -> Problem {
    Problem::too_large(format!("a request has at most {most} pictures: send fewer at a time"))
}

async fn parts(request: Request, most: usize) -> Result<Vec<Picture>, Problem> {
    let malformed = |text: String| Problem::malformed(format!("the parts of the body cannot be read: {text}"));
    let mut parts = Multipart::from_request(request, &()).await.map_err(|error| malformed(error.body_text()))?;
    let mut pictures = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|error| malformed(error.body_text()))? {
        if pictures.len() == most {
            return Err(too_many(most));
        }
        let input = part.file_name().or(part.name()).unwrap_or(UNNAMED).to_owned();
        let bytes = part.bytes().await.map_err(|error| malformed(error.body_text()))?.to_vec();
        pictures.push(Picture { input, bytes });
    }
    Ok(pictures)
}

fn json(bytes: &[u8]) -> Result<Pictures, Problem> {
    let wrong = |what: String| {
        Problem::malformed(format!("the body is not {{\"pictures\": [base64, …]}} or {{\"picture\": base64}}: {what}"))
    };
    let Document { picture, pictures } = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
    let (encoded, is_single) = match (picture, pictures) {
        (Some(picture), None) => (vec![picture], true),
        (None, Some(pictures)) => (pictures, false),
        _ => return Err(wrong("it has both or neither".to_owned())),
    };
    let decoded = |(index, encoded): (usize, Encoded)| {
        let (name, data) = match encoded {
            Encoded::Plain(data) => (None, data),
            Encoded::Named { name, data } => (name, data),
        };
        // As pages have it: data:image/png;base64,…
        let text = match data.split_once("base64,") {
            Some((head, text)) if head.starts_with("data:") => text,
            _ => &data,
        };
        let input = name.unwrap_or_else(|| if is_single { UNNAMED.to_owned() } else { index.to_string() });
        match STANDARD.decode(text.trim()) {
            Ok(bytes) => Ok(Picture { input, bytes }),
            Err(error) => Err(Problem::malformed(format!("{input} is no base64: {error}"))),
        }
    };
    let pictures = encoded.into_iter().enumerate().map(decoded).collect::<Result<_, _>>()?;
    Ok(Pictures { pictures, is_single })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures with their names, and whether there is but one.
    type Found = (Vec<(String, Vec<u8>)>, bool);

    fn names(text: &str) -> Result<Found, String> {
        let found = json(text.as_bytes()).map_err(|problem| problem.text.into_owned())?;
        let pictures = found.pictures.into_iter().map(|picture| (picture.input, picture.bytes)).collect();
        Ok((pictures, found.is_single))
    }

    #[test]
    fn pictures_in_json_have_names_or_numbers() {
        let (pictures, is_single) =
            names(r#"{"pictures": ["YQ==", {"name": "b.png", "data": "data:image/png;base64,Yg=="}]}"#).unwrap();
        assert_eq!((pictures, is_single), (vec![("0".into(), b"a".to_vec()), ("b.png".into(), b"b".to_vec())], false));
        assert_eq!(names(r#"{"picture": "YQ=="}"#).unwrap(), (vec![("-".into(), b"a".to_vec())], true));
    }

    #[test]
    fn other_documents_are_refused() {
        for text in
            ["", "{}", "[]", r#"{"pictures": "YQ=="}"#, r#"{"picture": "Y"}"#, r#"{"picture": "YQ==", "pictures": []}"#]
        {
            assert!(names(text).is_err(), "{text}");
        }
    }
}
