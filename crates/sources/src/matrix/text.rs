//! Bytes of a text file as UTF-8, whichever Unicode they were saved in.

use std::{char, str};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text without its byte order mark. UTF-16, UTF-32 and Latin-1, as some programs save it, become UTF-8.
pub(super) fn decoded(bytes: Vec<u8>) -> Vec<u8> {
    match bytes[..] {
        // Before those of UTF-16, which begin as they do.
        [0xff, 0xfe, 0, 0, ..] => utf_32(&bytes[4..], u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, ..] => utf_32(&bytes[4..], u32::from_be_bytes),
        [0xff, 0xfe, ..] => utf_16(&bytes[2..], u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf_16(&bytes[2..], u16::from_be_bytes),
        // No table of numbers begins with a letter that is zero in UTF-8.
        [first, 0, ..] if first != 0 => utf_16(&bytes, u16::from_le_bytes),
        [0, second, ..] if second != 0 => utf_16(&bytes, u16::from_be_bytes),
        // Letters of Latin-1 would all become the same sign, and so would names of classes.
        _ if str::from_utf8(&bytes).is_err() => bytes.into_iter().map(char::from).collect::<String>().into_bytes(),
        _ => bytes.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(bytes),
    }
}

fn utf_32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Vec<u8> {
    let units = bytes.as_chunks::<4>().0.iter().map(|&four| unit(four));
    units.map(|letter| char::from_u32(letter).unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.as_chunks::<2>().0.iter().map(|&pair| unit(pair));
    char::decode_utf16(units)
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unicode_says_the_same() {
        let text = "α,b\n1,2\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(text.into()), text.as_bytes());
        assert_eq!(decoded([BYTE_ORDER_MARK, text.as_bytes()].concat()), text.as_bytes());
        assert_eq!(decoded([b"\xff\xfe", &little[..]].concat()), text.as_bytes());
        assert_eq!(decoded([b"\xfe\xff", &big[..]].concat()), text.as_bytes());
        let wide = |unit: fn(u32) -> [u8; 4]| -> Vec<u8> {
            format!("\u{feff}{text}").chars().flat_map(|letter| unit(u32::from(letter))).collect()
        };
        assert_eq!(decoded(wide(u32::to_le_bytes)), text.as_bytes());
        assert_eq!(decoded(wide(u32::to_be_bytes)), text.as_bytes());
        assert_eq!(decoded(b"\xe4,b\n".to_vec()), "ä,b\n".as_bytes());
        let plain: Vec<u8> = "1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decoded(plain), b"1,2\n");
    }
}
