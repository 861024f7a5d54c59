//! As much of HTTP/1.1 as the AWS clients and moto speak: whole messages with a length, no chunks.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpStream},
};

use httparse::{EMPTY_HEADER, Status};

/// Header lines at most, far more than any client sends.
const HEADERS: usize = 64;
/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// A message: a request's first line is method and path, an answer's the status.
#[derive(Clone, Debug)]
pub(super) struct Message<Start> {
    pub(super) start: Start,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// A request's first line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) method: String,
    pub(super) path: String,
}

pub(super) type Request = Message<Line>;
pub(super) type Response = Message<u16>;

impl<Start> Message<Start> {
    /// A header's value, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Its body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn length(&self) -> io::Result<usize> {
        if self.header("transfer-encoding").is_some() {
            return Err(bad("a message in chunks"));
        }
        let length = self.header("content-length").unwrap_or("0");
        length
            .parse()
            .map_err(|_| bad("a content length that is no number"))
    }
}

/// A connection from a client.
pub(super) struct Connection {
    stream: TcpStream,
    /// Read, and not yet part of a message.
    rest: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            rest: Vec::new(),
        }
    }

    /// The next request, none where the client has closed the connection.
    pub(super) fn read(&mut self) -> io::Result<Option<Request>> {
        let (mut request, head) = loop {
            if let Some(found) = parse_request(&self.rest)? {
                break found;
            }
            if self.more()? == 0 {
                return Ok(None);
            }
        };
        self.rest.drain(..head);
        let length = request.length()?;
        while self.rest.len() < length {
            if self.more()? == 0 {
                return Err(bad("a request that ends in its middle"));
            }
        }
        request.body = self.rest.drain(..length).collect();
        Ok(Some(request))
    }

    pub(super) fn write(&mut self, response: &Response) -> io::Result<()> {
        let mut text = format!("HTTP/1.1 {} Answer\r\n", response.start).into_bytes();
        write_rest(&mut text, response);
        self.stream.write_all(&text)
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut chunk = [0; CHUNK];
        let read = self.stream.read(&mut chunk)?;
        self.rest.extend_from_slice(&chunk[..read]);
        Ok(read)
    }
}

/// Sends a request to a server of this machine that closes the connection after its answer.
pub(super) fn exchange(port: u16, request: &Request) -> io::Result<Response> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    let Line { method, path } = &request.start;
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n").into_bytes();
    write_rest(&mut text, request);
    stream.write_all(&text)?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    let (mut response, head) = parse_response(&all)?.ok_or_else(|| bad("an answer without an end"))?;
    response.body = all.split_off(head);
    Ok(response)
}

/// Headers and body. Those about the connection and the length are this module's own.
fn write_rest<Start>(text: &mut Vec<u8>, message: &Message<Start>) {
    for (name, value) in &message.headers {
        if !["connection", "content-length"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
        {
            text.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
    }
    text.extend_from_slice(format!("Content-Length: {}\r\n\r\n", message.body.len()).as_bytes());
    text.extend_from_slice(&message.body);
}

fn parse_request(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let Status::Complete(head) = parsed.parse(bytes).map_err(bad)? else {
        return Ok(None);
    };
    let start = Line {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
    };
    Ok(Some((message(start, parsed.headers), head)))
}

fn parse_response(bytes: &[u8]) -> io::Result<Option<(Response, usize)>> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let Status::Complete(head) = parsed.parse(bytes).map_err(bad)? else {
        return Ok(None);
    };
    Ok(Some((
        message(parsed.code.unwrap_or_default(), parsed.headers),
        head,
    )))
}

fn message<Start>(start: Start, headers: &[httparse::Header<'_>]) -> Message<Start> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Message {
        start,
        headers: headers
            .iter()
            .map(|header| (header.name.to_owned(), text(header.value)))
            .collect(),
        body: Vec::new(),
    }
}

fn bad(what: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_string())
}
