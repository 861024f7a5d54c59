//! A port that answers one client as EC2, keeps what it asked, and lets go wrong what a plan says.

use std::{
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use serde_json::{Value as Json, json};

use super::{
    Account, Call, Fault, Plan, Refusal, SOURCE_AMI,
    account::Unknown,
    answer::{ended, pending, refusal, response, texts},
    aws,
    http::{Connection, Request, Response},
};
use crate::processes;

/// Where it tells a client the address it comes from, as checkip.amazonaws.com does.
const CHECKIP: &str = "/checkip";

/// A client says who it is right after its start.
const INTRODUCTION: Duration = Duration::from_secs(60);

/// A call that has these parameters asks for something new, or for the same once more.
const ASKED_WITH: &[&str] = &["ClientToken", "GroupName", "LaunchTemplateName", "Name"];

/// What each action makes: the element that names it, and how AWS says that there is no such thing.
const MADE: &[(&str, &str, &str)] = &[
    ("RunInstances", "instanceId", "InvalidInstanceID.NotFound"),
    ("CreateKeyPair", "keyName", "InvalidKeyPair.NotFound"),
    ("ImportKeyPair", "keyName", "InvalidKeyPair.NotFound"),
    ("CreateSecurityGroup", "groupId", "InvalidGroup.NotFound"),
    ("CreateImage", "imageId", "InvalidAMIID.NotFound"),
    ("CopyImage", "imageId", "InvalidAMIID.NotFound"),
    ("CreateVolume", "volumeId", "InvalidVolume.NotFound"),
    ("CreateSnapshot", "snapshotId", "InvalidSnapshot.NotFound"),
    (
        "CreateLaunchTemplate",
        "launchTemplateId",
        "InvalidLaunchTemplateId.NotFound",
    ),
    ("CreateInstanceProfile", "InstanceProfileName", "NoSuchEntity"),
    ("CreateRole", "RoleName", "NoSuchEntity"),
];

/// Where one client reaches its account. It stops listening when dropped.
#[derive(Debug)]
pub struct Endpoint {
    state: Arc<State>,
    port: u16,
}

#[derive(Debug)]
struct State {
    account: Account,
    inner: Mutex<Inner>,
    introduced: Condvar,
    over: AtomicBool,
}

/// What AWS says to a call about what it does not know yet.
enum NotThere {
    /// That there is no such thing.
    Refused(Refusal),
    /// A list without it: what this call finds.
    Filtered(Call),
}

#[derive(Debug)]
struct Inner {
    plan: Plan,
    client: Option<u32>,
    calls: Vec<Call>,
    /// Calls so far that do not poll.
    effects: usize,
    /// Images that cannot be used until then.
    pending: Vec<(String, Instant)>,
}

impl Endpoint {
    pub(super) fn new(account: Account, plan: Plan) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let state = Arc::new(State {
            account,
            inner: Mutex::new(Inner {
                plan,
                client: None,
                calls: Vec::new(),
                effects: 0,
                pending: Vec::new(),
            }),
            introduced: Condvar::new(),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.over.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&shared);
                thread::spawn(move || {
                    // What goes wrong with a connection is its client's to tell.
                    let _ = serve(client, &state);
                });
            }
        });
        Self { state, port }
    }

    /// Its address, for `custom_endpoint_ec2` or `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What a client needs in its environment: the endpoint for all services, and credentials.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("KILNBOX_CHECKIP_URL", self.url() + CHECKIP),
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_ACCESS_KEY_ID", "AKIAKILNBOXTESTBED00".to_owned()),
            (
                "AWS_SECRET_ACCESS_KEY",
                "bed/secret/access+key/of/forty+letters00".to_owned(),
            ),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// A builder `amazon-ebs` whose instance is the cloud's machine, with as much as it needs to be complete.
    pub fn builder(&self, region: &str, image: &str) -> Json {
        let machine = &self.state.account.shared.machine;
        json!({
            "type": "amazon-ebs",
            "region": region,
            "source_ami": SOURCE_AMI,
            "instance_type": "m3.medium",
            "ami_name": image,
            "ssh_host": "127.0.0.1",
            "ssh_port": machine.port(),
            "ssh_username": machine.builder()["ssh_username"],
            "custom_endpoint_ec2": self.url(),
        })
    }

    /// Says which process, with all below it, is the client, for the faults that are signals.
    pub fn client(&self, id: u32) {
        self.inner().client = Some(id);
        self.state.introduced.notify_all();
    }

    /// Every call so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.state.inner.lock().expect("no holder panics")
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
        // It wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn serve(client: TcpStream, state: &State) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut connection = Connection::new(client);
    while let Some(request) = connection.read()? {
        let Some(response) = state.answer(&request)? else {
            break;
        };
        connection.write(&response)?;
    }
    Ok(())
}

impl State {
    /// What the client gets, none where the connection is cut.
    fn answer(&self, request: &Request) -> io::Result<Option<Response>> {
        if request.start.path == CHECKIP {
            return Ok(Some(response(200, "127.0.0.1\n")));
        }
        let (call, index, faults) = self.arrived(request);
        let answer = self.answer_with(request, &call, &faults)?;
        if let Some(answer) = &answer {
            let mut inner = self.inner.lock().expect("no holder panics");
            inner.calls[index].status = Some(answer.start);
            inner.calls[index].answer = answer.text();
        }
        Ok(answer)
    }

    /// Writes the call down, and finds what befalls it.
    fn arrived(&self, request: &Request) -> (Call, usize, Vec<Fault>) {
        let mut call = Call::read(request);
        let mut inner = self.inner.lock().expect("no holder panics");
        if !call.polls() {
            call.number = Some(inner.effects);
            inner.effects += 1;
        }
        let index = inner.calls.len();
        inner.calls.push(call.clone());
        let faults = inner.plan.befalls(&call, index + 1);
        (call, index, faults)
    }

    fn answer_with(&self, request: &Request, call: &Call, faults: &[Fault]) -> io::Result<Option<Response>> {
        for fault in faults {
            match fault {
                Fault::Delay(time) => thread::sleep(*time),
                Fault::Refuse(no) => return Ok(Some(refusal(call, no))),
                Fault::Cut => return Ok(None),
                Fault::Before(signal) => {
                    self.signal(*signal);
                    if *signal == Signal::SIGKILL {
                        return Ok(None);
                    }
                }
                Fault::Lose | Fault::Unknown(_) | Fault::After(_) => {}
            }
        }
        let answer = match self.not_there_yet(call) {
            Some(NotThere::Refused(no)) => return Ok(Some(refusal(call, &no))),
            Some(NotThere::Filtered(call)) => aws::perform(&self.account, &call, request)?,
            None => aws::perform(&self.account, call, request)?,
        };
        if answer.start == 200 {
            self.happened(call, &answer.text(), faults);
        }
        let answer = self.seen(call, answer);
        for fault in faults {
            match fault {
                Fault::Lose => return Ok(None),
                Fault::After(signal) => {
                    self.signal(*signal);
                    if *signal == Signal::SIGKILL {
                        return Ok(None);
                    }
                }
                _ => {}
            }
        }
        Ok(Some(answer))
    }

    /// Keeps in mind what a call made.
    fn happened(&self, call: &Call, answer: &str, faults: &[Fault]) {
        let mut inner = self.inner.lock().expect("no holder panics");
        for (_, element, code) in MADE.iter().filter(|(action, ..)| *action == call.action) {
            let made = texts(answer, element);
            for fault in faults {
                if let Fault::Unknown(times) = fault {
                    let names = ASKED_WITH
                        .iter()
                        .filter_map(|name| call.parameter(name).map(str::to_owned));
                    let mut unknown = self.account.unknown.lock().expect("no holder panics");
                    unknown.extend(made.iter().cloned().chain(names).map(|name| Unknown {
                        name,
                        code,
                        times: *times,
                    }));
                }
            }
            for name in made {
                if *element == "imageId" && !inner.plan.pending.is_zero() {
                    let until = Instant::now() + inner.plan.pending;
                    inner.pending.push((name.clone(), until));
                }
                if *element == "instanceId" && inner.plan.dies.is_some() {
                    let parameters = [("InstanceId.1", name.as_str())];
                    self.account.ask(&call.region, "TerminateInstances", &parameters);
                }
            }
        }
    }

    /// What AWS says to a call that names what it does not know yet. What ends things is not concerned.
    fn not_there_yet(&self, call: &Call) -> Option<NotThere> {
        if ["Delete", "Terminate", "Deregister"]
            .iter()
            .any(|begin| call.action.starts_with(begin))
        {
            return None;
        }
        let mut unknown = self.account.unknown.lock().expect("no holder panics");
        let found = unknown.iter_mut().find(|one| {
            one.times > 0
                && call
                    .parameters
                    .iter()
                    .any(|(name, value)| *value == one.name && !ASKED_WITH.contains(&name.as_str()))
        })?;
        found.times -= 1;
        let filtered = |name: &str| name.starts_with("Filter.");
        let named = call
            .parameters
            .iter()
            .any(|(name, value)| *value == found.name && !filtered(name));
        if named {
            let no = format!("The ID '{}' does not exist", found.name);
            let status = if found.code == "NoSuchEntity" { 404 } else { 400 };
            return Some(NotThere::Refused(Refusal::new(status, found.code, no)));
        }
        let mut call = call.clone();
        for value in call.parameters.values_mut().filter(|value| **value == found.name) {
            "not-there-yet".clone_into(value);
        }
        Some(NotThere::Filtered(call))
    }

    /// The answer as the client shall see it.
    fn seen(&self, call: &Call, mut answer: Response) -> Response {
        let inner = self.inner.lock().expect("no holder panics");
        let mut xml = answer.text();
        match call.action.as_str() {
            "DescribeImages" => {
                let now = Instant::now();
                for (image, _) in inner.pending.iter().filter(|(_, until)| *until > now) {
                    xml = pending(&xml, image);
                }
            }
            "DescribeInstances" => {
                if let Some(reason) = inner.plan.dies {
                    xml = ended(&xml, reason);
                }
            }
            "GetConsoleOutput" if answer.start == 200 => {
                let console = inner.plan.console.clone();
                let console = console.unwrap_or_else(|| self.account.shared.console());
                let text = BASE64_STANDARD.encode(console);
                let begin = xml.split_once("<output>").map(|(begin, _)| begin.to_owned());
                let end = xml.split_once("</output>").map(|(_, end)| end.to_owned());
                if let (Some(begin), Some(end)) = (begin, end) {
                    xml = format!("{begin}<output>{text}</output>{end}");
                }
            }
            _ => {}
        }
        answer.body = xml.into_bytes();
        answer
    }

    fn signal(&self, signal: Signal) {
        let inner = self.inner.lock().expect("no holder panics");
        let (inner, _) = self
            .introduced
            .wait_timeout_while(inner, INTRODUCTION, |inner| inner.client.is_none())
            .expect("no holder panics");
        let client = inner.client.expect("a client says who it is");
        // As a terminal does: Packer builds in processes below the one that was started.
        let mut clients = processes::descendants(client);
        clients.insert(0, client);
        for client in clients {
            // It may have ended by itself meanwhile.
            let _ = kill(Pid::from_raw(client.cast_signed()), signal);
        }
    }
}
