//! What a file is that begins otherwise than the one it should be.

/// `version https://git-lfs…`
const LFS_POINTER: &[u8] = b"version https://git-lfs";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A kind of file that people have in place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    Zip,
    Gzip,
    /// In another way than by gzip.
    Compressed,
    NumpyArray,
    /// A workbook of Excel before 2007.
    OldWorkbook,
    Hdf5,
    Parquet,
    LfsPointer,
    WebPage,
}

impl FileKind {
    /// Of these first bytes, of which four are enough.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
        Some(match start {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] | [0xfd, b'7', b'z', b'X', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                Self::Compressed
            }
            [0x93, b'N', b'U', b'M', ..] => Self::NumpyArray,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::OldWorkbook,
            [0x89, b'H', b'D', b'F', ..] => Self::Hdf5,
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            // A column of a table may be called `version`.
            _ if start.len() >= 4 && start.iter().zip(LFS_POINTER).all(|(one, other)| one == other) => Self::LfsPointer,
            // What is less than a number is no element of a page.
            [..] if text.starts_with(b"<") && !text.get(1).is_some_and(u8::is_ascii_digit) => Self::WebPage,
            _ => return None,
        })
    }

    /// As in "it is …".
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Zip => "a zip archive",
            Self::Gzip => "gzipped",
            Self::Compressed => "compressed in another way than by gzip",
            Self::NumpyArray => "a NumPy array",
            Self::OldWorkbook => "a workbook of Excel",
            Self::Hdf5 => "an HDF5 file",
            Self::Parquet => "a Parquet file",
            Self::LfsPointer => "a pointer to a file in Git LFS",
            Self::WebPage => "a web page",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns_are_no_other_kind_of_file() {
        for text in ["PK,a\n", "version,a\n", "vers", "BZhu,a\n", "PAR,1\n", "<5,1\n", "", "a"] {
            let expected = (text == "vers").then_some(FileKind::LfsPointer);
            assert_eq!(FileKind::of(text.as_bytes()), expected, "{text}");
        }
    }
}
