//! A map as a page to walk about in: one HTML file that needs no network.
//!
//! plotly.js draws the points, by WebGL, and comes with the `plotly` crate. Ours are the words around them, the filters
//! and the images (`page.html`, `page.css`, `page.js`). Coordinates, classes and images stand in the page as base64,
//! which the browser reads many times faster than numbers as text.

use std::io::{self, Write};

use serde::Serialize;

use super::Map;
use crate::html::{escaped, json_in_html, write_base64};
use crate::palette::{self, css};
use crate::sprites::{Grid, Sprites};

/// Up to so many bytes of pixels are kept as they are. 70,000 grey images of 28x28 take 28 MB of PNG with all 256 levels and 13 MB
/// with 16, a third more in base64, and on a card of a few hundred pixels the difference is hard to see.
const EXACT: usize = 12_000_000;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the script has to know beside the numbers of points.
#[derive(Serialize)]
struct Facts {
    classes: Vec<Class>,
    /// Of points of no known class.
    colour: String,
    /// Whether the class of each point is known, and whether its prediction is.
    labelled: bool,
    predicted: bool,
    sprites: Option<Grid>,
}

#[derive(Serialize)]
struct Class {
    name: String,
    colour: String,
}

/// Writes the page.
///
/// One pans and zooms, sees the image under the pointer and what is known of it, hides and shows classes, and, where
/// predictions are known, looks at mistakes alone. 70,000 grey images of 28x28 make a file of about 23 MB.
///
/// # Errors
/// When `out` refuses.
pub fn write(map: &Map, mut out: impl Write) -> io::Result<()> {
    for part in TEMPLATE.split("{{") {
        let Some((slot, text)) = part.split_once("}}") else {
            out.write_all(part.as_bytes())?;
            continue;
        };
        match slot {
            "title" => out.write_all(escaped(map.title).as_bytes())?,
            "subtitle" => out.write_all(escaped(map.subtitle).as_bytes())?,
            "style" => out.write_all(STYLE.as_bytes())?,
            "plotly" => out.write_all(plotly(&plotly::Plot::offline_js_sources()).as_bytes())?,
            "script" => out.write_all(SCRIPT.as_bytes())?,
            "facts" => out.write_all(facts(map)?.as_bytes())?,
            "coordinates" => write_base64(&mut out, map.coordinates.iter().flatten().flat_map(|c| c.to_le_bytes()))?,
            "indices" => write_base64(&mut out, map.indices.iter().flat_map(|&index| (index as u32).to_le_bytes()))?,
            "labels" => write_base64(&mut out, map.labels.into_iter().flatten().copied())?,
            "predicted" => write_base64(&mut out, map.predicted.into_iter().flatten().copied())?,
            "sheets" => write_sheets(&mut out, map)?,
            _ => {}
        }
        out.write_all(text.as_bytes())?;
    }
    out.flush()
}

fn facts(map: &Map) -> io::Result<String> {
    let known = map.labels.into_iter().chain(map.predicted).flatten();
    let classes = known.max().map_or(0, |&last| usize::from(last) + 1);
    let class = |class: u8| Class { name: map.class_name(class), colour: css(palette::colour(Some(class))) };
    let facts = Facts {
        classes: (0..=u8::MAX).take(classes).map(class).collect(),
        colour: css(palette::colour(None)),
        labelled: map.labels.is_some(),
        predicted: map.predicted.is_some(),
        sprites: sprites(map).map(|sprites| sprites.grid()),
    };
    json_in_html(&facts)
}

fn sprites<'a>(map: &Map<'a>) -> Option<Sprites<'a>> {
    let images = map.images?;
    Sprites::new(images.shape, images.pixels, EXACT)
}

/// Each sheet is an element of its own, whose text the browser need not look at before an image on it is wanted.
fn write_sheets(out: &mut impl Write, map: &Map) -> io::Result<()> {
    let Some(sprites) = sprites(map) else { return Ok(()) };
    for sheet in 0..sprites.sheets() {
        write!(out, "<script type=\"image/png;base64\" id=\"sheet-{sheet}\">")?;
        write_base64(out, sprites.sheet(sheet).map_err(io::Error::other)?)?;
        out.write_all(b"</script>\n")?;
    }
    Ok(())
}

/// The element with plotly.js among those the crate offers; the other one sets formulas, of which there are none.
fn plotly(sources: &str) -> &str {
    let end = "</script>";
    sources.find(end).map_or(sources, |start| &sources[..start + end.len()])
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::super::testing::{Drawn, GREY};
    use super::*;

    fn page(map: Map) -> String {
        let mut bytes = Vec::new();
        write(&map, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// What stands between the tags of the element of this id.
    fn element<'a>(page: &'a str, id: &str) -> &'a str {
        let start = page.find(&format!("id=\"{id}\"")).unwrap();
        let start = start + page[start..].find('>').unwrap() + 1;
        &page[start..start + page[start..].find("</script>").unwrap()]
    }

    #[test]
    fn the_page_holds_the_map() {
        let drawn = Drawn::new(1500, 3, GREY);
        let page = drawn.with_map(page);
        let bytes = |id: &str| STANDARD.decode(element(&page, id)).unwrap();
        let floats: Vec<u8> = drawn.coordinates.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(bytes("coordinates"), floats);
        assert_eq!(bytes("indices")[4..8], [3, 0, 0, 0]);
        assert_eq!((bytes("labels"), bytes("predicted")), (drawn.labels.clone(), drawn.predicted.clone()));
        let facts: serde_json::Value = serde_json::from_str(element(&page, "facts")).unwrap();
        assert_eq!(facts["classes"][2]["name"], "class 2");
        assert_eq!(facts["sprites"]["images"], 1024);
        assert_eq!(bytes("sheet-1"), drawn.with_map(|map| sprites(&map).unwrap().sheet(1).unwrap()));
        let plotly = plotly(&plotly::Plot::offline_js_sources()).to_owned();
        assert!(plotly.contains("plotly.js v3") && !plotly.contains("MathJax=") && page.contains(&plotly));
        assert!(!page.replace(&plotly, "").contains("{{"));
    }

    #[test]
    fn names_and_titles_cannot_break_out() {
        let mut drawn = Drawn::new(4, 2, GREY);
        drawn.class_names[1] = "</script><script>alert('\u{e9}\\\")</script>".into();
        let evil = "<img src=x onerror=\"alert(1)\"> & {{facts}}";
        let page = drawn.with_map(|map| page(Map { title: evil, subtitle: evil, ..map }));
        assert!(!page.contains("<img") && !page.contains("<script>alert"));
        let facts: serde_json::Value = serde_json::from_str(element(&page, "facts")).unwrap();
        assert_eq!(facts["classes"][1]["name"], drawn.class_names[1].as_str());
        assert!(page.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; {{facts}}"));
    }

    #[test]
    fn nothing_is_fetched() {
        let page = Drawn::new(3, 2, GREY).with_map(page);
        // plotly.js holds addresses, of tiles for maps of the earth, which the policy keeps it from using.
        let ours = page.replace(plotly(&plotly::Plot::offline_js_sources()), "");
        for address in ["http:", "https:", "src=", "href=", "@import", "url("] {
            assert!(!ours.contains(address), "{address}");
        }
        assert!(page.contains("default-src 'none'"));
        assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
    }

    #[test]
    fn maps_of_little_have_a_page_too() {
        let drawn = Drawn::new(1, 1, GREY);
        let bare = drawn.with_map(|map| page(Map { labels: None, predicted: None, images: None, ..map }));
        assert!(!bare.contains("id=\"sheet-0\""));
        Drawn::new(0, 1, GREY).with_map(page);
    }
}
