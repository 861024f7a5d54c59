//! Words: too many, too long, or meant for the terminal rather than the person.

use kilnbox_guest::{Job, template, ui};

/// Empty fields that one call carries.
const FIELDS: usize = 50_000;

pub(crate) fn say(texts: &[String]) {
    for text in texts {
        ui::say(text);
        ui::message(text);
        ui::error(text);
        ui::log(ui::Level::Error, text, &[(text.clone(), text.clone())]);
        ui::progress(text, 1, Some(2));
        #[expect(clippy::print_stdout, clippy::print_stderr, reason = "what is tried here")]
        {
            println!("{text}");
            eprintln!("{text}");
        }
    }
}

/// What the panic carries; the text goes to standard error, as a panic's message does.
pub(crate) fn shout(texts: &[String]) -> String {
    let text = texts.join("");
    #[expect(clippy::print_stderr, reason = "what is tried here")]
    {
        eprintln!("{text}");
    }
    text
}

pub(crate) fn print() {
    let piece = "x".repeat(64 * 1024);
    for _ in 0..1024 {
        #[expect(clippy::print_stdout, reason = "what is tried here")]
        {
            print!("{piece}");
        }
    }
}

pub(crate) fn progress() {
    let what = "w".repeat(4096);
    for done in 0..=u64::MAX {
        ui::progress(&what, done, None);
    }
}

pub(crate) fn fields() {
    let fields = vec![(String::new(), String::new()); FIELDS];
    loop {
        ui::log(ui::Level::Error, "", &fields);
    }
}

pub(crate) fn calls(job: &Job) {
    let sum: u64 = (0..1_000_000).map(|_| u64::from(job.random(1))).sum();
    ui::say(&format!("a million calls gave {sum}"));
}

/// Renders the template it brought itself, options that are none of its templates, and data that looks like one.
pub(crate) fn ask(template: &str) {
    ui::say(&format!("the template is {template:?}"));
    let none: [(String, String); 0] = [];
    let hostile = [("Vars".to_owned(), "{{user `secret`}}{{env `HOME`}}".to_owned())];
    for at in [
        "/template",
        "/act",
        "",
        "/../variables/secret",
        "/builders/0/ssh_private_key_file",
    ] {
        for data in [&none[..], &hostile[..]] {
            match template::render(at, data) {
                Ok(text) => ui::say(&format!("{at:?} is {text:?}")),
                Err(error) => ui::say(&format!("{at:?}: {}", error.message)),
            }
        }
    }
}

pub(crate) fn generated(job: &Job) {
    for key in [
        "Password",
        "SSHPrivateKey",
        "SSHPublicKey",
        "WinRMPassword",
        "secret",
        "PATH",
        "",
    ] {
        ui::say(&format!("{key:?} is {:?}", job.generated(key)));
    }
    ui::say(&format!("its options are {}", job.options()));
}
