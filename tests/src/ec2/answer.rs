//! Answers: the XML that AWS's services speak, made, read and changed.

use roxmltree::Node;
use uuid::Uuid;

use super::{
    call::Call,
    http::{Message, Response},
    plan::Refusal,
};

/// What moto gives every answer for a request id.
const MOTOS_ID: &str = "<requestId>request-id</requestId>";

/// An answer of this XML, with a request id of its own.
pub(super) fn response(status: u16, xml: &str) -> Response {
    let id = Uuid::new_v4();
    Message {
        start: status,
        headers: vec![
            ("Content-Type".to_owned(), "text/xml;charset=UTF-8".to_owned()),
            ("x-amzn-RequestId".to_owned(), id.to_string()),
        ],
        body: xml
            .replace(MOTOS_ID, &format!("<requestId>{id}</requestId>"))
            .into_bytes(),
    }
}

/// AWS's no, in the form of the call's service.
pub(super) fn refusal(call: &Call, refusal: &Refusal) -> Response {
    let Refusal {
        status,
        code,
        message,
    } = refusal;
    let message = message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let id = Uuid::new_v4();
    let error = format!("<Code>{code}</Code><Message>{message}</Message>");
    let xml = if call.service == "ec2" {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Response><Errors><Error>{error}</Error></Errors><RequestID>{id}</RequestID></Response>"
        )
    } else {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{id}</RequestId></ErrorResponse>"
        )
    };
    let mut answer = response(*status, &xml);
    answer.headers.retain(|(name, _)| name != "x-amzn-RequestId");
    answer
        .headers
        .push(("x-amzn-RequestId".to_owned(), id.to_string()));
    answer
}

/// The text of an element right below this one.
pub(super) fn child(node: Node<'_, '_>, name: &str) -> Option<String> {
    let found = node.children().find(|child| child.tag_name().name() == name)?;
    Some(found.text().unwrap_or_default().to_owned())
}

/// The texts of all elements of this name, in their order.
pub(super) fn texts(xml: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(begin.as_str())
        .skip(1)
        .filter_map(|rest| rest.split_once(end.as_str()))
        .map(|(text, _)| text.to_owned())
        .collect()
}

/// The same list of images, of which this one cannot be used yet.
pub(super) fn pending(xml: &str, image: &str) -> String {
    let id = format!("<imageId>{image}</imageId>");
    match xml.split_once(&id) {
        Some((before, after)) => {
            let after = after.replacen(
                "<imageState>available</imageState>",
                "<imageState>pending</imageState>",
                1,
            );
            format!("{before}{id}{after}")
        }
        None => xml.to_owned(),
    }
}

/// The same list of instances, all of which ended for this reason, such as `Code: Message`.
pub(super) fn ended(xml: &str, reason: &str) -> String {
    let code = reason.split(':').next().unwrap_or_default();
    xml.replace("Client.UserInitiatedShutdown: User initiated shutdown", reason)
        .replace("Client.UserInitiatedShutdown", code)
}
