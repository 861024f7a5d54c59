//! What comes before a command, or beside it: handshakes, logins, banners, channels and requests that nobody asked for.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use kilnbox_engine::{Communicator, Exit};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};

use super::{
    bed::{Bed, connect, run, told, within},
    server::{Behaviour, Login, Silence},
};

/// What a server says that does not speak SSH, or not to the end, to a client that gives it two seconds; and how long
/// the last connection stood afterwards.
async fn raw(say: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> (String, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, mut told_end) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let say = std::sync::Arc::new(say);
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (say, tell) = (say.clone(), tell.clone());
            tokio::spawn(async move {
                let (mut read, mut write) = stream.into_split();
                let writing = async {
                    for turn in 0.. {
                        let bytes = say(turn);
                        if bytes.is_empty() || write.write_all(&bytes).await.is_err() {
                            break;
                        }
                    }
                    std::future::pending::<()>().await;
                };
                let mut buffer = vec![0; 64 * 1024];
                let reading = async { while matches!(read.read(&mut buffer).await, Ok(1..)) {} };
                tokio::select! {
                    () = writing => {}
                    () = reading => {}
                }
                let _ = tell.send(());
            });
        }
    });
    let error = within(connect(port, json!({ "ssh_timeout": "2s" })))
        .await
        .unwrap_err();
    let begun = Instant::now();
    within(told_end.recv()).await.unwrap();
    (told(&error), begun.elapsed())
}

fn timed_out(port_and_user: &str, cause: &str) -> String {
    format!(
        "Timeout waiting for SSH. {port_and_user} did not let us in within 2s, 1 attempts were made, the last cause is: \
         {cause}"
    )
}

/// The name of the instance in a text, which has a port that differs each time.
fn whom(text: &str) -> String {
    let begin = text.find("root@").unwrap();
    text[begin..].split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn servers_that_stop_before_the_login_are_left() {
    // Nothing at all; a name and no keys.
    for words in ["", "SSH-2.0-Silent\r\n"] {
        let (told, stood) = raw(move |turn| match turn {
            0 => words.as_bytes().to_vec(),
            _ => Vec::new(),
        })
        .await;
        assert_eq!(
            told,
            timed_out(&whom(&told), "the server did not end the key exchange")
        );
        assert!(
            stood < Duration::from_secs(10),
            "the connection stood for {stood:?}"
        );
    }
}

#[tokio::test]
async fn servers_that_talk_without_end_before_the_login_are_left() {
    let lines = |_: usize| b"Welcome \x1b[2J\r\n".repeat(1000);
    let (told, _) = raw(lines).await;
    assert!(told.contains("the last cause is: the SSH handshake: "), "{told}");
    let (told, _) = raw(|_| vec![b'x'; 64 * 1024]).await;
    assert!(told.contains("the last cause is: the SSH handshake: "), "{told}");
    // A packet of 4 GiB instead of keys.
    let (told, _) = raw(|turn| match turn {
        0 => b"SSH-2.0-Hostile\r\n".to_vec(),
        _ => vec![255; 64 * 1024],
    })
    .await;
    assert!(told.contains("the last cause is: the SSH handshake: "), "{told}");
    // Packets that are to be ignored (type 2), for ever.
    let ignored = [&[0, 0, 0, 12, 6, 2, 0, 0, 0, 0][..], &[0; 6]].concat();
    let (told, stood) = raw(move |turn| match turn {
        0 => b"SSH-2.0-Hostile\r\n".to_vec(),
        _ => ignored.repeat(1000),
    })
    .await;
    assert!(told.contains("the last cause is: "), "{told}");
    assert!(
        stood < Duration::from_secs(10),
        "the connection stood for {stood:?}"
    );
}

#[tokio::test]
async fn a_login_that_is_never_answered() {
    let bed = Bed::start(Behaviour {
        silent: Silence::AtLogin,
        ..Behaviour::default()
    })
    .await;
    let error = within(bed.try_connect(json!({ "ssh_timeout": "2s" })))
        .await
        .unwrap_err();
    let told = told(&error);
    assert_eq!(
        told,
        timed_out(&whom(&told), "the server did not answer the login")
    );
}

#[tokio::test]
async fn logins_that_are_never_enough() {
    for (login, cause) in [
        (
            Login::PartlyForEver,
            "the server would take password, keyboard-interactive, publickey",
        ),
        (
            Login::QuestionsForEver,
            "the server would take none, publickey, hostbased, keyboard-interactive",
        ),
    ] {
        let bed = Bed::start(Behaviour {
            login,
            ..Behaviour::default()
        })
        .await;
        let once = json!({ "ssh_handshake_attempts": 1 });
        let error = within(bed.try_connect(once)).await.unwrap_err();
        let told = told(&error);
        assert!(
            told.ends_with(&format!("tried: password, keyboard-interactive; {cause}")),
            "{told}"
        );
        bed.check();
    }
}

#[tokio::test]
async fn banners_are_nobodys_concern() {
    for banner in ["\u{1b}[2J\u{1b}]0;owned\u{7}".to_owned(), "x".repeat(200_000)] {
        let bed = Bed::start(Behaviour {
            banner: Some(banner),
            ..Behaviour::default()
        })
        .await;
        let (out, err, exit) = within(run(&bed.connect().await)).await.unwrap();
        assert!(out.is_empty() && err.is_empty());
        assert_eq!(exit, Exit::Code(0));
    }
    // Longer than any packet.
    let bed = Bed::start(Behaviour {
        banner: Some("\u{1b}c".repeat(512 * 1024)),
        ..Behaviour::default()
    })
    .await;
    let error = within(bed.try_connect(json!({ "ssh_timeout": "2s" })))
        .await
        .unwrap_err();
    told(&error);
    bed.check();
}

#[tokio::test]
async fn channels_that_nobody_asked_for() {
    let (tell, mut opened) = mpsc::unbounded_channel();
    let bed = Bed::start(Behaviour::default().exec(move |running| {
        let tell = tell.clone();
        async move {
            let session = running.session.clone();
            for _ in 0..100 {
                let results = [
                    session.channel_open_session().await.is_ok(),
                    session.channel_open_x11("x", 1).await.is_ok(),
                    session.channel_open_agent().await.is_ok(),
                    session.channel_open_forwarded_tcpip("x", 1, "y", 2).await.is_ok(),
                    session.channel_open_forwarded_streamlocal("/x").await.is_ok(),
                    session
                        .channel_open_direct_tcpip("127.0.0.1", 22, "y", 2)
                        .await
                        .is_ok(),
                    session.channel_open_direct_streamlocal("/x").await.is_ok(),
                ];
                tell.send(results).unwrap();
            }
            running.exit(0).await;
        }
    }))
    .await;
    let (_, _, exit) = within(run(&bed.connect().await)).await.unwrap();
    assert_eq!(exit, Exit::Code(0));
    for _ in 0..100 {
        assert_eq!(opened.recv().await.unwrap(), [false; 7]);
    }
    bed.check();
}

#[tokio::test]
async fn requests_that_nobody_asked_for() {
    let bed = Bed::start(Behaviour::default().exec(|running| async move {
        let asking = (0..5000).map(|port| {
            let session = running.session.clone();
            async move { session.forward_tcpip("\u{1b}[2J".to_owned(), port).await.is_ok() }
        });
        let granted = futures::future::join_all(asking).await;
        let code = u32::from(granted.into_iter().any(|granted| granted));
        running.exit(code).await;
    }))
    .await;
    let (_, _, exit) = within(run(&bed.connect().await)).await.unwrap();
    assert_eq!(exit, Exit::Code(0), "a request was granted");
    bed.check();
}

#[tokio::test]
async fn keys_are_exchanged_all_the_time() {
    let behaviour = Behaviour {
        rekey: Some(1024),
        ..Behaviour::default()
    };
    let bed = Bed::start(behaviour.exec(|running| async move {
        for _ in 0..50 {
            running.say(vec![b'x'; 1000]).await;
        }
        running.exit(0).await;
    }))
    .await;
    let (out, _, exit) = within(run(&bed.connect().await)).await.unwrap();
    assert_eq!((out.len(), exit), (50_000, Exit::Code(0)));
    bed.check();
}

#[tokio::test]
async fn another_host_key_after_a_reboot() {
    let bed = Bed::start(Behaviour::default()).await;
    let ssh = bed.connect().await;
    bed.server.change_key();
    let error = within(ssh.reconnect(Duration::from_secs(10))).await.unwrap_err();
    let told = told(&error);
    assert!(
        told.contains("somebody may be listening in, so nothing was sent"),
        "{told}"
    );
}

#[tokio::test]
async fn a_connection_that_is_closed_is_gone() {
    let bed = Bed::start(Behaviour::default()).await;
    let ssh = bed.connect().await;
    within(run(&ssh)).await.unwrap();
    within(ssh.close()).await;
    drop(ssh);
    let gone = async {
        while bed.server.connections.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        timeout(Duration::from_secs(10), gone).await.is_ok(),
        "a connection stands"
    );
}
