//! Commands that end twice or never, and say what no command says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use kilnbox_engine::{Command, Communicator, Exit, Output};
use russh::Sig;

use super::{
    bed::{Bed, run, within},
    server::{Behaviour, Running},
};

async fn running<F>(act: impl Fn(Running) -> F + Send + Sync + 'static) -> Bed
where
    F: Future<Output = ()> + Send + 'static,
{
    Bed::start(Behaviour::default().exec(act)).await
}

#[tokio::test]
async fn output_without_end_waits_for_its_reader() {
    let sent = Arc::new(AtomicU64::new(0));
    let count = sent.clone();
    let bed = running(move |running| {
        let count = count.clone();
        async move {
            // Not one line ends.
            while running.say(vec![b'x'; 32 * 1024]).await {
                count.fetch_add(32 * 1024, Ordering::SeqCst);
            }
        }
    })
    .await;
    let ssh = bed.connect().await;
    let mut process = ssh.start(Command::line("yes")).await.unwrap();
    let mut before = u64::MAX;
    // Until it takes no more.
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(before < 32 * 1024 * 1024, "{before} bytes that nobody reads");
    for _ in 0..1000 {
        match within(process.next()).await.unwrap() {
            Output::Stdout(bytes) => assert!(bytes.len() <= 64 * 1024),
            other => panic!("{other:?}"),
        }
    }
    drop(process);
    within(ssh.close()).await;
    bed.check();
}

#[tokio::test]
async fn no_exit_status() {
    let bed = running(|running| async move {
        running.say("out").await;
        let _ = running.channel.close().await;
    })
    .await;
    let (out, _, exit) = within(run(&bed.connect().await)).await.unwrap();
    assert_eq!((out.as_slice(), exit), (&b"out"[..], Exit::Lost));
}

#[tokio::test]
async fn two_exit_statuses() {
    let bed = running(|running| async move {
        let id = running.channel.id();
        let _ = running.session.exit_status_request(id, 7).await;
        let _ = running
            .session
            .exit_signal_request(id, Sig::KILL, false, String::new(), String::new())
            .await;
        running.exit(0).await;
    })
    .await;
    let (_, _, exit) = within(run(&bed.connect().await)).await.unwrap();
    assert_eq!(exit, Exit::Code(7));
}

#[tokio::test]
async fn signals_that_act_on_a_terminal() {
    for (name, shown) in [
        ("\u{1b}[2JEVIL", "2JEVIL"),
        ("\u{1b}\u{7}\u{202e}", "unknown"),
        (&*"A".repeat(10_000), "AAAAAAAAAAAAAAAA"),
    ] {
        let name = name.to_owned();
        let bed = running(move |running| {
            let signal = Sig::Custom(name.clone());
            async move {
                let text = "\u{1b}c".repeat(1000);
                let id = running.channel.id();
                let _ = running
                    .session
                    .exit_signal_request(id, signal, true, text, String::new())
                    .await;
                let _ = running.channel.close().await;
            }
        })
        .await;
        let (_, _, exit) = within(run(&bed.connect().await)).await.unwrap();
        assert_eq!(exit, Exit::Signal(shown.to_owned()));
    }
}

#[tokio::test]
async fn streams_that_there_are_not() {
    let bed = running(|running| async move {
        for kind in [0, 2, u32::MAX] {
            for _ in 0..100 {
                if running
                    .channel
                    .extended_data_bytes(kind, vec![b'x'; 30_000])
                    .await
                    .is_err()
                {
                    return;
                }
            }
        }
        running.say("out").await;
        running.exit(3).await;
    })
    .await;
    let (out, err, exit) = within(run(&bed.connect().await)).await.unwrap();
    assert_eq!(
        (out.as_slice(), err.as_slice(), exit),
        (&b"out"[..], &b""[..], Exit::Code(3))
    );
}

#[tokio::test]
async fn packets_larger_than_was_agreed_are_none() {
    let bed = running(|running| async move {
        running.say(vec![b'x'; 1024 * 1024]).await;
        running.exit(0).await;
    })
    .await;
    let ssh = bed.connect().await;
    let mut process = ssh.start(Command::line("big")).await.unwrap();
    let mut length = 0;
    loop {
        match within(process.next()).await.unwrap() {
            Output::Stdout(bytes) => {
                assert!(bytes.len() <= 64 * 1024);
                length += bytes.len();
            }
            Output::Exited(exit) => {
                assert_eq!(exit, Exit::Code(0));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(length, 1024 * 1024);
}
