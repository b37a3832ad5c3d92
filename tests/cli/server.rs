//! A server of a test: started on a port that is free, asked over plain sockets, ended with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::runner::World;

pub struct Server {
    process: Child,
    /// `127.0.0.1:12345`
    pub address: String,
    /// What it wrote to standard output first.
    pub said: Value,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Server {
    /// `modiste serve` with these words, once it is ready.
    pub fn start(world: &World, words: &str) -> Self {
        let mut command = world.command();
        command.args(["serve", "--addr", "127.0.0.1:0", "--json"]).args(words.split_whitespace());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let Ok(said) = serde_json::from_str::<Value>(&line) else {
            let output = process.wait_with_output().unwrap();
            panic!("no server: {}", String::from_utf8_lossy(&output.stderr));
        };
        let address = said["address"].as_str().unwrap().split_once("://").unwrap().1.to_owned();
        Self { process, address, said }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], &[])
    }

    /// With these lines of the head, and a length.
    pub fn ask(&self, method: &str, path: &str, head: &[&str], body: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let lines: String = head.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n{lines}\r\n"
        );
        // Who refuses a body may not read it.
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
        Reply::read(&mut stream).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    pub fn json(&self, path: &str, document: &Value) -> Reply {
        self.ask("POST", path, &["Content-Type: application/json"], document.to_string().as_bytes())
    }

    pub fn signal(&self, name: &str) {
        // The shell's own `kill`, since not every system has another.
        Command::new("sh").args(["-c", &format!("kill -{name} {}", self.process.id())]).status().unwrap();
    }

    /// The status and the lines of its log, once it has ended.
    pub fn ended(mut self) -> (Option<i32>, Vec<Value>) {
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        let status = self.process.wait().unwrap();
        (status.code(), log.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Reply {
    /// Until the end of the stream; `None` where it ends without an answer.
    pub fn read(stream: &mut impl Read) -> Option<Self> {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Some(Self { status, headers: lines.map(header).collect(), body: bytes[end + 4..].to_vec() })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The document of a request that was answered.
    #[track_caller]
    pub fn document(&self) -> Value {
        assert_eq!((self.status, self.header("content-type")), (200, Some("application/json")), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The sentence of a request that was not, and nothing else.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!((self.status, self.header("content-type")), (status, Some("application/json")), "{self:?}");
        let document: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document.as_object().unwrap().len(), 1, "{document}");
        document["error"].as_str().unwrap().to_owned()
    }
}
