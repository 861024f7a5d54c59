//! What a step is compared with: the same commands, one after the other over one connection, from native code that uses
//! Kilnbox's own communicator. What is left of the difference is the sandbox and the guest's language.

use std::{env, path::PathBuf, sync::Arc};

use kilnbox_engine::{Command, Communicator as _, Exit, NoTemplates, Options, Output};
use kilnbox_ssh::{SshCommunicator, SshOptions};
use serde_json::json;

/// Takes the builder of a template and how many commands to run.
fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [builder, commands] = arguments.as_slice() else {
        panic!("takes a builder as JSON and a number");
    };
    let mut builder: serde_json::Value = serde_json::from_str(builder).expect("a builder is JSON");
    let builder = builder.as_object_mut().expect("a builder is an object");
    builder.remove("type");
    let options = SshOptions::prepare(&Options {
        json: json!(builder),
        build_name: "native".to_owned(),
        working_dir: PathBuf::from("."),
        template_dir: None,
        force: false,
        templates: Arc::new(NoTemplates),
    });
    let options = Arc::new(options.expect("the builder is one for SSH"));
    let commands: u32 = commands.parse().expect("a number of commands");
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    runtime.block_on(async {
        let on = SshCommunicator::connect("127.0.0.1", options)
            .await
            .expect("the server answers");
        for _ in 0..commands {
            let mut process = on.start(Command::line("true")).await.expect("a command starts");
            let exit = loop {
                if let Output::Exited(exit) = process.next().await.expect("a command goes on") {
                    break exit;
                }
            };
            assert_eq!(exit, Exit::Code(0));
        }
        on.close().await;
    });
}
