//! What a kept set was made of: if any of it differs, the pictures are decoded anew.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::options::LoadOptions;
use crate::tree::FileTree;
use crate::tree::listing::Listing;

/// Rises when what is kept, or how it lies in its file, changes.
const VERSION: u32 = 2;
/// A file that was changed so shortly ago may change again without another time of change.
const RACY: Duration = Duration::from_secs(2);

/// Which set this is and how it is read: in hexadecimal digits, those of the file that keeps it.
pub(super) fn of_set(path: &Path, options: &LoadOptions) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let mut hash = Hash::default();
    hash.field(&VERSION.to_le_bytes());
    // Another version may decode another way.
    hash.field(env!("CARGO_PKG_VERSION").as_bytes());
    hash.field(path.as_os_str().as_encoded_bytes());
    hash.field(format!("{options:?}").as_bytes());
    Some(hash.digits())
}

/// What lies there as of `now`, in hexadecimal digits. None where a change could go unseen: times of change are not known,
/// or are those of the moment.
pub(super) fn of_content(tree: &dyn FileTree, now: SystemTime) -> Option<String> {
    let mut hash = Hash::default();
    let Listing { files, empty_folders, notes } = tree.listing();
    let whole = fs::metadata(tree.place()).ok()?;
    // What is in an archive changes only with the archive.
    let is_archive = !whole.is_dir();
    if is_archive {
        hash.field(&whole.len().to_le_bytes()).field(&settled(whole.modified().ok()?, now)?);
    }
    for file in files {
        hash.field(file.path.as_bytes()).field(&file.size.to_le_bytes());
        if !is_archive {
            hash.field(&settled(file.modified?, now)?);
        }
    }
    for text in empty_folders.iter().chain(notes) {
        hash.field(text.as_bytes());
    }
    Some(hash.digits())
}

/// The bytes of a time of change that is long enough ago.
fn settled(modified: SystemTime, now: SystemTime) -> Option<[u8; 16]> {
    if now.duration_since(modified).ok()? <= RACY {
        return None;
    }
    let nanoseconds = match modified.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).ok()?,
        Err(before) => -i128::try_from(before.duration().as_nanos()).ok()?,
    };
    Some(nanoseconds.to_le_bytes())
}

#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    /// Adds a field. Its length counts, so that `ab`, `c` differs from `a`, `bc`.
    fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    fn digits(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
