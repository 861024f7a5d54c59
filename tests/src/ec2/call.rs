//! One call of a client, as it is recorded.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::http::Request;

/// A call of AWS's query protocol.
#[derive(Clone, Debug)]
pub struct Call {
    /// Such as `RunInstances`.
    pub action: String,
    /// Such as `ec2`, from the signature.
    pub service: String,
    /// From the signature.
    pub region: String,
    /// All but action and version.
    pub parameters: BTreeMap<String, String>,
    /// Its number among the calls of its endpoint that do not poll, from 0.
    pub number: Option<usize>,
    /// The status of the answer, none where the connection was cut.
    pub status: Option<u16>,
    /// The answer, empty where the connection was cut.
    pub answer: String,
}

impl Call {
    /// Reads a request.
    pub(super) fn read(request: &Request) -> Self {
        let mut parameters: BTreeMap<_, _> = request
            .text()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            })
            .collect();
        parameters.remove("Version");
        let scope = request.header("authorization").unwrap_or_default();
        // `AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, …`
        let mut scope = scope.split(['/', ',']).map(str::to_owned).skip(2);
        Self {
            action: parameters.remove("Action").unwrap_or_default(),
            region: scope.next().unwrap_or_default(),
            service: scope.next().unwrap_or_default(),
            parameters,
            number: None,
            status: None,
            answer: String::new(),
        }
    }

    /// Whether it changes nothing: it asks, or only asks whether it would be allowed.
    pub fn polls(&self) -> bool {
        ["Describe", "Get", "List"]
            .iter()
            .any(|begin| self.action.starts_with(begin))
            || self.parameter("DryRun") == Some("true")
    }

    /// A parameter, such as `InstanceId.1`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// The values of all parameters whose names begin so.
    pub fn values(&self, begin: &str) -> Vec<&str> {
        self.parameters
            .iter()
            .filter(|(name, _)| name.starts_with(begin))
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
