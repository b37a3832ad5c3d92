//! Pictures as people have them, of any size and format, and how they become images of one shape.

pub(crate) mod arrays;
pub(crate) mod below;
#[cfg(feature = "pictures")]
pub(crate) mod decode;
pub(crate) mod fit;
pub(crate) mod photograph;
mod picture;
pub(crate) mod preparation;
pub(crate) mod prepare;
pub(crate) mod prepared;
mod scene;
mod survey;
mod transparency;

/// Refuses what only decoders can read.
#[cfg(not(feature = "pictures"))]
pub(crate) mod decode {
    use super::picture::Picture;

    const WITHOUT: &str = "this program is built without pictures; build it with the feature pictures";

    pub(crate) fn decode(_: &[u8]) -> Result<Picture, String> {
        Err(WITHOUT.to_owned())
    }

    pub(crate) fn declared_size(_: &[u8]) -> Result<(u32, u32), String> {
        Err(WITHOUT.to_owned())
    }
}
