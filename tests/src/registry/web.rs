//! A web server that answers what a test wants, and remembers what it was asked.
//!
//! Plain HTTP on loopback: who is asked over it has a mirror in its configuration. One request a connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Headers of a request are no longer than this.
const HEAD: u64 = 64 * 1024;
/// How long a server that drips waits between two bytes.
const DRIP: Duration = Duration::from_millis(100);

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A header, if it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, headers, and all of the body.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The head of an answer, some bytes, then nothing while the connection stays open.
    Stalls(Vec<u8>),
    /// A byte now and then, without an end: a server that never stalls.
    Drips,
    /// Bytes without an end, announced as this many or as nothing.
    Endless(Option<u64>),
}

impl Reply {
    /// A body that is there.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(200, Vec::new(), body.into())
    }

    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self::Whole(status, Vec::new(), Vec::new())
    }

    /// To another address.
    pub fn redirect(to: String) -> Self {
        Self::Whole(307, vec![("Location", to)], Vec::new())
    }
}

/// The server. It listens until the test ends.
#[derive(Debug)]
pub struct Web {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    /// Starts one that answers so.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, memory) = (Arc::new(answer), Arc::clone(&asked));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (answer, memory) = (Arc::clone(&answer), Arc::clone(&memory));
                thread::spawn(move || {
                    let Some(request) = read(&connection) else { return };
                    let reply = answer(&request);
                    memory.lock().expect("no server panics").push(request);
                    // Who asked may have heard enough.
                    let _ = write(connection, reply);
                });
            }
        });
        Self { port, asked }
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Everything that was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("no server panics").clone()
    }
}

fn read(connection: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(connection.take(HEAD)).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    Some(Request {
        method,
        path,
        headers,
    })
}

fn write(mut connection: TcpStream, reply: Reply) -> std::io::Result<()> {
    let length = |length: u64| format!("Content-Length: {length}\r\n");
    match reply {
        Reply::Whole(status, headers, body) => {
            let headers: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            let length = length(body.len() as u64);
            write!(
                connection,
                "HTTP/1.1 {status} Said\r\n{headers}{length}Connection: close\r\n\r\n"
            )?;
            connection.write_all(&body)
        }
        Reply::Stalls(begun) => {
            write!(
                connection,
                "HTTP/1.1 200 OK\r\n{}\r\n",
                length(begun.len() as u64 + 1)
            )?;
            connection.write_all(&begun)?;
            // Until the other side has enough of waiting.
            connection.read(&mut [0]).map(drop)
        }
        Reply::Drips => {
            write!(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                connection.write_all(&[0])?;
                thread::sleep(DRIP);
            }
        }
        Reply::Endless(announced) => {
            let length = announced.map(length).unwrap_or_default();
            write!(connection, "HTTP/1.1 200 OK\r\n{length}Connection: close\r\n\r\n")?;
            let zeros = [0; 64 * 1024];
            let mut left = announced.unwrap_or(u64::MAX);
            while left > 0 {
                let now = zeros.len().min(usize::try_from(left).unwrap_or(zeros.len()));
                connection.write_all(&zeros[..now])?;
                left -= now as u64;
            }
            Ok(())
        }
    }
}
