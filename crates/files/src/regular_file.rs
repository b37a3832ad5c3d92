//! Reading what is really a file: the kind is looked at first, since opening a named pipe would wait for somebody to
//! write to it.

use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Opens a file to read it. With it comes how many bytes it has.
///
/// # Errors
/// When the system refuses, [`ErrorKind::IsADirectory`] when there, or where a link there leads to, is a directory, and
/// [`ErrorKind::InvalidInput`] when it is something else than a file.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    check(fs::metadata(path)?.file_type())?;
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// All bytes of a file.
///
/// # Errors
/// As [`open`], and [`ErrorKind::OutOfMemory`] when they do not fit into memory.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.0.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of a file, which is text.
///
/// # Errors
/// As [`read`], and [`ErrorKind::InvalidData`] when it is no UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.0.read_to_string(&mut text)?;
    Ok(text)
}

/// Refuses what is no file.
pub(crate) fn check(found: FileType) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let (kind, what) = if found.is_dir() {
        (ErrorKind::IsADirectory, "a directory")
    } else if found.is_symlink() {
        (ErrorKind::InvalidInput, "a link")
    } else {
        (ErrorKind::InvalidInput, special(found))
    };
    Err(io::Error::new(kind, format!("it is {what}, not a file")))
}

/// What only Unix tells apart.
#[cfg(unix)]
fn special(found: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if found.is_fifo() {
        "a named pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "something else"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        fs::write(&path, "text").unwrap();
        assert_eq!((open(&path).unwrap().1, read(&path).unwrap()), (4, b"text".to_vec()));
        assert_eq!(read_to_string(&path).unwrap(), "text");
        assert_eq!(open(&directory.path().join("b")).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn nothing_else_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let [socket, pipe] = ["socket", "pipe"].map(|name| directory.path().join(name));
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let device = Path::new("/dev/null").to_owned();
        let directory = directory.path().to_owned();
        for (path, what) in
            [(directory, "a directory"), (socket, "a socket"), (pipe, "a named pipe"), (device, "a device")]
        {
            let problem = read(&path).unwrap_err();
            let is_directory = what == "a directory";
            assert_eq!(problem.kind(), if is_directory { ErrorKind::IsADirectory } else { ErrorKind::InvalidInput });
            assert_eq!(problem.to_string(), format!("it is {what}, not a file"));
        }
    }
}
