//! A TCP relay that makes a server seem far away: every byte arrives half a round trip later, at full bandwidth.
//!
//! What is on its way is kept in memory; the two ends talk to the relay without delay, so TCP's own windows do not
//! limit the bandwidth and only what the programs wait for is delayed. The relay acknowledges at once: a server that
//! waits for that before it sends more would wait for this machine's delay otherwise, and not for the network's.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::{Duration, Instant},
};

/// Bytes read at once.
const CHUNK: usize = 128 * 1024;
/// Chunks on their way at most: 256 MiB in the largest case, far more than any program keeps in flight.
const IN_FLIGHT: usize = 2048;

/// Listens until the program ends, and returns its port. `server` is a port of this machine.
pub fn relay(server: u16, round_trip: Duration) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("a bound port").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || connect(client, server, round_trip));
        }
    });
    port
}

fn connect(client: TcpStream, server: u16, round_trip: Duration) {
    // The handshake of TCP is a round trip too.
    thread::sleep(round_trip);
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
    }
    let both = |stream: &TcpStream| stream.try_clone().expect("a socket can be shared");
    let (from_client, from_server) = (both(&client), both(&server));
    thread::spawn(move || pass(from_client, server, round_trip / 2));
    pass(from_server, client, round_trip / 2);
}

fn pass(from: TcpStream, to: TcpStream, delay: Duration) {
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    thread::spawn(move || write(&receiver, to));
    read(from, &sender, delay);
}

fn read(mut from: TcpStream, sender: &SyncSender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        // The kernel forgets it after a while. It is about time alone: where it fails, everything works.
        let _ = rustix::net::sockopt::set_tcp_quickack(&from, true);
        if sender
            .send((Instant::now() + delay, chunk[..length].to_vec()))
            .is_err()
        {
            return;
        }
    }
}

fn write(receiver: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    while let Ok((due, chunk)) = receiver.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&chunk).is_err() {
            return;
        }
    }
    // The other end reads the end of the stream; it may have closed already.
    let _ = to.shutdown(Shutdown::Write);
}
