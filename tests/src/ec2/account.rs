//! An account of the cloud, in which one test builds.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{Census, Endpoint, Plan, call::Call, cloud::Shared};

/// An account. Nothing in it is seen from another.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) shared: Arc<Shared>,
    pub(super) id: String,
    /// What was answered to each idempotency token: by region, action and token, with the other parameters.
    pub(super) tokens: Arc<Mutex<BTreeMap<Token, Replay>>>,
    /// What is not known everywhere yet.
    pub(super) unknown: Arc<Mutex<Vec<Unknown>>>,
}

/// Something that was made a moment ago.
#[derive(Debug)]
pub(super) struct Unknown {
    /// Its identifier, its name, or the token it was asked for with.
    pub(super) name: String,
    /// How AWS says that there is no such thing.
    pub(super) code: &'static str,
    /// How often it still says so.
    pub(super) times: u32,
}

/// Region, action and token.
pub(super) type Token = (String, String, String);

/// What a token stands for, once a call with it came.
pub(super) type Replay = Arc<Mutex<Option<Replied>>>;

/// The parameters of the call that had an effect, and the XML it was answered with.
#[derive(Debug)]
pub(super) struct Replied {
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) answer: String,
}

impl Account {
    pub(super) fn new(shared: Arc<Shared>, id: String) -> Self {
        Self {
            shared,
            id,
            tokens: Arc::default(),
            unknown: Arc::default(),
        }
    }

    /// Its number, of twelve digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where one client reaches it, and where this goes wrong.
    pub fn endpoint(&self, plan: Plan) -> Endpoint {
        Endpoint::new(self.clone(), plan)
    }

    /// What it has in these regions.
    pub fn census(&self, regions: &[&str]) -> Census {
        Census::take(self, regions)
    }

    /// Asks moto past all faults, for a test's own questions. Gives the XML of the answer.
    pub fn ask(&self, region: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.shared.moto.call(&self.id, region, action, &parameters)
    }

    /// What this call's token stands for, where it has one.
    pub(super) fn token(&self, call: &Call) -> Option<Replay> {
        let token = call.parameter("ClientToken")?;
        let at = (call.region.clone(), call.action.clone(), token.to_owned());
        let mut tokens = self.tokens.lock().expect("no holder panics");
        Some(Arc::clone(tokens.entry(at).or_default()))
    }
}
