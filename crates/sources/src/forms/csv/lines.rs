//! The lines of a table as they come, each of them fields, from a plain or gzipped file.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use ::csv::{ByteRecord, ReaderBuilder, Trim};
use modiste_files::regular_file;

use crate::credible::is_credible;
use crate::error::Error;
use crate::gzip::{self, Members};

/// What may separate the fields; where a line has several, the most frequent does.
const DELIMITERS: [u8; 3] = *b",;\t";
/// The most bytes of a line, which is read as a whole: a gzipped file may have lines that are far longer than itself.
const LONGEST_LINE: usize = 16 << 20;

pub(super) struct Lines {
    path: PathBuf,
    stream: Box<dyn BufRead>,
    /// Bytes of the file, and of what it is unpacked to so far.
    stored: u64,
    unpacked: u64,
    delimiter: Option<u8>,
    line: Vec<u8>,
    /// Of the line, from 1.
    number: usize,
    fields: ByteRecord,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::io("read", path, source);
        let (file, stored) = regular_file::open(path).map_err(failed)?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        let is_gzipped = file.fill_buf().map_err(failed)?.starts_with(&gzip::MAGIC);
        let stream: Box<dyn BufRead> = match is_gzipped {
            true => Box::new(BufReader::with_capacity(1 << 16, Members::new(file))),
            false => Box::new(file),
        };
        let (line, fields) = (Vec::new(), ByteRecord::new());
        Ok(Self { path: path.to_owned(), stream, stored, unpacked: 0, delimiter: None, line, number: 0, fields })
    }

    /// Reads the next line that is not empty; false at the end.
    pub(super) fn next(&mut self) -> Result<bool, Error> {
        self.fields.clear();
        loop {
            self.line.clear();
            let mut stream = self.stream.as_mut().take(LONGEST_LINE as u64 + 1);
            let read = stream.read_until(b'\n', &mut self.line).map_err(|source| self.broken(source))?;
            if read == 0 {
                return Ok(false);
            }
            self.number += 1;
            if read > LONGEST_LINE {
                let (number, most) = (self.number, LONGEST_LINE >> 20);
                let why =
                    format!("line {number} has more than {most} MB, which is no small image; put one on each line");
                return Err(Error::form(&self.path, why));
            }
            self.unpacked += read as u64;
            if !is_credible(self.unpacked.into(), self.stored) {
                let why = format!("it unpacks to absurdly much for {} bytes; unpack it yourself", self.stored);
                return Err(Error::form(&self.path, why));
            }
            if self.number == 1 {
                self.begin()?;
            }
            if !self.line.trim_ascii().is_empty() {
                return self.split();
            }
        }
    }

    /// Fields of the line; none at the end.
    pub(super) fn fields(&self) -> &ByteRecord {
        &self.fields
    }

    /// The number of the line, from 1.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Takes a byte order mark off the first line.
    fn begin(&mut self) -> Result<(), Error> {
        if self.line.starts_with(&[0xff, 0xfe]) || self.line.starts_with(&[0xfe, 0xff]) || self.line.contains(&0) {
            return Err(Error::form(&self.path, "it is UTF-16 or no text; save it as UTF-8"));
        }
        if self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        Ok(())
    }

    fn split(&mut self) -> Result<bool, Error> {
        let delimiter = *self.delimiter.get_or_insert_with(|| delimiter(&self.line));
        // A quote that is never closed would take in the lines that follow: each is read by itself.
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .trim(Trim::All)
            .buffer_capacity(self.line.len())
            .from_reader(self.line.as_slice());
        let path = &self.path;
        reader.read_byte_record(&mut self.fields).map_err(|error| Error::form(path, error.to_string()))
    }

    fn broken(&self, source: io::Error) -> Error {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match source.kind() {
            UnexpectedEof | InvalidInput | InvalidData => {
                Error::form(&self.path, format!("its gzip stream is damaged ({source}); fetch it anew"))
            }
            _ => Error::io("read", &self.path, source),
        }
    }
}

fn delimiter(line: &[u8]) -> u8 {
    let count = |delimiter: &u8| line.iter().filter(|byte| *byte == delimiter).count();
    // Of several maxima the last is taken.
    DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',')
}
