//! A provisioner that tries what no step may do. The suite `evil` runs it, one act at a time.
//!
//! An act says what it tried and what came of it; the suite compares that with what should have come of it. Acts that
//! want to see nothing but the host's patience go on for ever.

mod memory;
mod paths;
mod remote;
mod talk;
mod wasi;

use kilnbox_guest::{
    AssetPath, Diagnostic, Error, Instance, Job, JsonSchema, OutputPath, OutputTemplate, Provisioner,
    RuntimeTemplate,
};
use serde::Deserialize;

/// What to do, and with what.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// The one thing.
    act: Act,
    /// Words to say, a path to ask for, a command to run.
    #[serde(default)]
    text: Vec<String>,
    /// A local file or folder to read. The default is one that no user wrote.
    #[serde(default = "not_the_users")]
    asset: AssetPath,
    /// A local file or folder to write. The default is one that no user wrote.
    #[serde(default = "not_the_users_output")]
    output: OutputPath,
    /// The same, to be rendered.
    #[serde(default = "not_the_users_template")]
    rendered_output: OutputTemplate,
    /// Asks for what the step was not told.
    #[serde(default = "curious")]
    template: RuntimeTemplate,
}

fn not_the_users() -> AssetPath {
    "not-the-users.txt".into()
}

fn not_the_users_output() -> OutputPath {
    "made-by-default.txt".into()
}

fn not_the_users_template() -> OutputTemplate {
    "made-by-{{.Name}}.txt".into()
}

fn curious() -> RuntimeTemplate {
    "{{user `secret`}}".into()
}

/// What can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    // ---- talk
    /// Says `text` in every way there is.
    Say,
    /// Ends with `text` as its error.
    Fail,
    /// Panics with `text`.
    Panic,
    /// Finds `text` wrong with its options.
    Complain,
    /// Writes megabytes to its standard output without ending a line.
    Print,
    /// Progress, again and again.
    Progress,
    /// Records with as many empty fields as one call carries.
    Fields,
    /// A million calls that do nothing.
    Calls,
    // ---- wait
    /// Waits on the host.
    Sleep,
    /// Waits on WASI's clock.
    Nap,
    /// Waits for a reboot that nobody asked for.
    Reconnect,
    // ---- memory
    /// Archives with long names.
    Archives,
    /// Outputs below outputs, with long names.
    Children,
    /// Outputs with long rendered names.
    Rendered,
    /// Commands with long lines, variables and accounts.
    Commands,
    /// Temporary files with long names.
    Temporaries,
    /// Files begun in the folder `text` on the instance and never finished.
    Writers,
    /// Captured output, kept.
    Captures,
    // ---- paths
    /// Opens each of `text` as an asset and as an output.
    Open,
    /// Reads `asset` and says what is in it.
    Read,
    /// Writes `output`.
    Write,
    /// Writes below `output`, by each name of `text`.
    Below,
    /// Renders the path of an output with each of `text`.
    Render,
    /// Fills `output` from what the commands of `text` make on the instance.
    Fetch,
    /// Locks `output` below itself, by each name of `text`.
    Lock,
    /// Copies `asset` to the instance and says what arrived.
    Send,
    // ---- what it was not told
    /// Everything WASI has.
    Wasi,
    /// The template's variables, by rendering.
    Ask,
    /// The build's values.
    Generated,
    // ---- the instance
    /// Runs each of `text` and says how it ended.
    Run,
    /// Starts the first of `text` and never lets go, again and again.
    Spawn,
    /// Paths below the folder `text` on the instance that are none.
    Remote,
}

/// The provisioner.
#[derive(Debug)]
pub struct Evil;

impl Provisioner for Evil {
    type Options = Options;
    const NAME: &'static str = "evil";

    fn validate(options: &Options) -> Vec<Diagnostic> {
        if options.act != Act::Complain {
            return Vec::new();
        }
        let complain = |text: &String| Diagnostic::error("/text", text.as_str()).hint(text.as_str());
        options.text.iter().map(complain).collect()
    }

    #[expect(clippy::panic, reason = "a guest that crashes is one of the acts")]
    fn run(options: Options, on: &Instance, job: &Job) -> Result<(), Error> {
        match options.act {
            Act::Say => talk::say(&options.text),
            Act::Fail => return Err(Error::new(options.text.join(""))),
            Act::Panic => std::panic::panic_any(talk::shout(&options.text)),
            Act::Complain => {}
            Act::Print => talk::print(),
            Act::Progress => talk::progress(),
            Act::Fields => talk::fields(),
            Act::Calls => talk::calls(job),
            Act::Sleep => job.sleep(u64::MAX)?,
            Act::Nap => wasi::nap(),
            Act::Reconnect => kilnbox_guest::reconnect::wait(on, u64::MAX)?,
            Act::Archives => memory::archives(&options.output)?,
            Act::Children => memory::children(&options.output)?,
            Act::Rendered => memory::rendered()?,
            Act::Commands => memory::commands()?,
            Act::Temporaries => memory::temporaries(on),
            Act::Writers => memory::writers(on, &options.text.concat())?,
            Act::Captures => memory::captures(on)?,
            Act::Open => paths::open(&options.text),
            Act::Read => paths::read(&options.asset)?,
            Act::Write => paths::write(&options.output),
            Act::Below => paths::below(&options.output, &options.text)?,
            Act::Render => paths::render(&options.rendered_output, &options.text),
            Act::Fetch => paths::fetch(on, &options.output, &options.text)?,
            Act::Lock => paths::lock(&options.output, &options.text)?,
            Act::Send => paths::send(on, &options.asset)?,
            Act::Wasi => wasi::everything(),
            Act::Ask => talk::ask(&options.template),
            Act::Generated => talk::generated(job),
            Act::Run => remote::run(on, &options.text),
            Act::Spawn => remote::spawn(on, &options.text)?,
            Act::Remote => remote::paths(on, &options.text.concat()),
        }
        Ok(())
    }
}

kilnbox_guest::provisioner!(Evil);
