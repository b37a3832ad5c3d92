//! Sums that stand in the way of a fuzzer, put right: what damage can be is shown by what gets past them.

use std::collections::BTreeMap;

use modiste_files::Fingerprint;
use safetensors::SafeTensors;

/// The text of a tensor file that holds its checksum.
const CHECKSUM: &str = "checksum";
/// Bytes of a tar archive's header.
const BLOCK: usize = 512;

/// A tensor file of a header, which ends at the first zero byte, and the values behind it, with the length and the checksum
/// that they should have.
pub fn tensor_file(bytes: &[u8]) -> Vec<u8> {
    let header = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let values = bytes.get(header + 1..).unwrap_or_default();
    let mut file = [&(header as u64).to_le_bytes(), &bytes[..header], values].concat();
    if let Some((old, new)) = checksums(&file)
        && let Some(at) = file.windows(old.len()).position(|window| window == old.as_bytes())
        && old.len() == new.len()
    {
        file[at..][..new.len()].copy_from_slice(new.as_bytes());
    }
    file
}

/// The checksum that a tensor file has, and the one that it should have.
fn checksums(file: &[u8]) -> Option<(String, String)> {
    let (length, header) = SafeTensors::read_metadata(file).ok()?;
    let mut texts: BTreeMap<_, _> = header.metadata().clone()?.into_iter().collect();
    let old = texts.remove(CHECKSUM)?;
    let mut sum = Fingerprint::new();
    for (key, text) in &texts {
        sum.field(key.as_bytes()).field(text.as_bytes());
    }
    let mut tensors: Vec<_> = header.tensors().into_iter().collect();
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    for (name, info) in tensors {
        let shape: Vec<u8> = info.shape.iter().flat_map(|&size| (size as u64).to_le_bytes()).collect();
        let (start, end) = info.data_offsets;
        sum.field(name.as_bytes()).field(&shape).field(&file[8 + length..][start..end]);
    }
    Some((old, sum.digits()))
}

/// A tar archive, in which each header has the sum that it should have.
pub fn tar_with_sums(bytes: &[u8]) -> Vec<u8> {
    let mut archive = bytes.to_vec();
    for header in archive.chunks_exact_mut(BLOCK).filter(|header| &header[257..262] == b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().copied().map(u32::from).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    archive
}
