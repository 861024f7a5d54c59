//! What the standard library, and with it WASI, lets a step see and do.

use std::{
    collections::hash_map::RandomState,
    env, fs,
    hash::BuildHasher,
    io::{self, Read as _},
    net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket},
    thread,
    time::{Duration, Instant, SystemTime},
};

use kilnbox_guest::ui;

pub(crate) fn nap() {
    thread::sleep(Duration::from_secs(1_000_000));
}

fn outcome<T>(what: &str, done: io::Result<T>) {
    match done {
        Ok(_) => ui::say(&format!("{what}: done")),
        Err(error) => ui::say(&format!("{what}: {}", error.kind())),
    }
}

pub(crate) fn everything() {
    ui::say(&format!("environment: {:?}", env::vars().collect::<Vec<_>>()));
    ui::say(&format!("arguments: {:?}", env::args().collect::<Vec<_>>()));
    outcome("working directory", env::current_dir().and_then(fs::read_dir));

    for path in [
        "/",
        ".",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "kilnbox.toml",
        "../local",
    ] {
        outcome(&format!("reading {path}"), fs::read(path));
        outcome(&format!("listing {path}"), fs::read_dir(path));
    }
    for path in ["/tmp/evil", "evil", "kilnbox.toml"] {
        outcome(&format!("writing {path}"), fs::write(path, "hostile"));
        outcome(&format!("removing {path}"), fs::remove_file(path));
    }

    for address in ["127.0.0.1:22", "127.0.0.1:80", "[::1]:22", "169.254.169.254:80"] {
        outcome(&format!("connecting to {address}"), TcpStream::connect(address));
    }
    outcome("listening", TcpListener::bind("127.0.0.1:0"));
    let sent = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"hostile", "127.0.0.1:53"));
    outcome("sending a datagram", sent);
    outcome("looking up a name", "localhost:80".to_socket_addrs());

    let mut input = String::new();
    outcome("standard input", io::stdin().read_to_string(&mut input));
    ui::say(&format!("standard input holds {input:?}"));

    // Clocks and random numbers are not refused: they say nothing of the host.
    let begun = Instant::now();
    thread::sleep(Duration::from_millis(2));
    ui::say(&format!(
        "the clock goes: {}",
        begun.elapsed() >= Duration::from_millis(2)
    ));
    ui::say(&format!(
        "the year is known: {}",
        SystemTime::UNIX_EPOCH.elapsed().is_ok()
    ));
    let numbers: Vec<u64> = (0..2).map(|_| RandomState::new().hash_one(0)).collect();
    ui::say(&format!("numbers differ: {}", numbers.first() != numbers.last()));
}
