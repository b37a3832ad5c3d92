//! A gzip file: members one behind the other, and perhaps zeros behind the last, with which some copies are filled up.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// What a gzip stream begins with.
pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Unpacks all members of a file; what else follows them is an error of kind `InvalidData`.
pub(crate) struct Members<R> {
    /// None at the end.
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(stream: R) -> Self {
        Self { decoder: Some(GzDecoder::new(stream)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = self.decoder.as_mut().filter(|_| !bytes.is_empty()) {
            match decoder.read(bytes)? {
                0 => self.decoder = self.decoder.take().map(GzDecoder::into_inner).map(next).transpose()?.flatten(),
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

/// The member that follows, if one does.
fn next<R: BufRead>(mut stream: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        match stream.fill_buf()? {
            [] => return Ok(None),
            [first, ..] if *first == MAGIC[0] => return Ok(Some(GzDecoder::new(stream))),
            padding if padding.iter().all(|&byte| byte == 0) => {
                let length = padding.len();
                stream.consume(length);
            }
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "something else follows it")),
        }
    }
}
