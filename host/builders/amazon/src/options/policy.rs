//! The policy of the temporary instance profile.

use kilnbox_engine::Problem;
use serde_json::{Value as Json, json};

use super::given::Given;

/// The language of policies, where the template does not name one.
const VERSION: &str = "2012-10-17";

/// The document as IAM takes it.
pub(super) fn read(given: &Given<'_>, problems: &mut Vec<Problem>) -> Option<Json> {
    let given = given.object("temporary_iam_instance_profile_policy_document")?;
    let statements: Vec<Json> = given
        .objects("Statement")
        .iter()
        .map(|statement| {
            for name in ["Action", "Resource"] {
                if statement.list(name).is_empty() {
                    let message = format!("`{name}` of a statement must be set");
                    problems.push(Problem::error(statement.here(), message));
                }
            }
            let effect = statement.text("Effect").unwrap_or_default();
            if !matches!(effect.as_str(), "Allow" | "Deny") {
                let message = "`Effect` of a statement must be `Allow` or `Deny`";
                problems.push(Problem::error(statement.here(), message));
            }
            json!({ "Effect": effect, "Action": statement.list("Action"), "Resource": statement.list("Resource") })
        })
        .collect();
    if statements.is_empty() {
        problems.push(Problem::error(given.here(), "the policy needs a `Statement`"));
    }
    let version = given.text("Version").unwrap_or_else(|| VERSION.to_owned());
    Some(json!({ "Version": version, "Statement": statements }))
}
