//! Records of an event file: the TFRecord format.
//!
//! ```text
//! length of the data    u64, little-endian
//! checksum of these 8 bytes    u32
//! data
//! checksum of the data    u32
//! ```

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C, as iSCSI has it.
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const MASK: u32 = 0xa282_ead8;
const LENGTH: usize = size_of::<u64>();
const SUM: usize = size_of::<u32>();

/// The format stores checksums turned and shifted, so that a checksum over data that holds checksums is not weak.
fn masked(data: &[u8]) -> u32 {
    CHECKSUM.checksum(data).rotate_right(15).wrapping_add(MASK)
}

/// Appends a record.
pub(crate) fn write(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked(data).to_le_bytes());
}

/// The data of each record, up to the first that is damaged or not all there: where the next begins is known from the one before.
pub(crate) fn read(mut file: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = file.split_at_checked(LENGTH + SUM)?;
        let (length, sum) = head.split_at(LENGTH);
        if masked(length).to_le_bytes() != sum {
            return None;
        }
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (data, rest) = rest.split_at_checked(length)?;
        let (sum, rest) = rest.split_at_checked(SUM)?;
        if masked(data).to_le_bytes() != sum {
            return None;
        }
        file = rest;
        Some(data)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_format() {
        // RFC 3720, B.4: 32 bytes of zeros.
        assert_eq!(CHECKSUM.checksum(&[0; 32]), 0x8a91_36aa);
        let mut file = Vec::new();
        write(&mut file, b"abc");
        assert_eq!(file.len(), 8 + 4 + 3 + 4);
        assert_eq!(u64::from_le_bytes(file[..8].try_into().unwrap()), 3);
    }

    #[test]
    fn records_are_read_up_to_the_first_that_is_damaged_or_torn() {
        let mut file = Vec::new();
        let records: [&[u8]; 3] = [b"first", b"", b"third"];
        records.iter().for_each(|record| write(&mut file, record));
        assert_eq!(read(&file).collect::<Vec<_>>(), records);
        let third = file.len() - 21;
        for length in third..file.len() {
            assert_eq!(read(&file[..length]).count(), 2, "{length} bytes");
        }
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 0x10;
            assert!(read(&damaged).count() < 3, "byte {place}");
        }
    }
}
