//! The clean-up of every step that makes one thing.

use kilnbox_engine::StepError;

use crate::{
    access::Place,
    remove::remove,
    resource::{Kind, Recorded},
};

/// Removes what was made and strikes it from the journal; does nothing where nothing was. What cannot be removed stays
/// in `made` and in the journal, for `kilnbox gc`.
pub(super) async fn undo(kind: Kind, place: &Place, made: &mut Option<Recorded>) -> Result<(), StepError> {
    let Some(recorded) = made else { return Ok(()) };
    let resource = recorded.resource();
    remove(kind, place, resource, recorded.settled())
        .await
        .map_err(|reason| {
            let name = resource.id.as_deref().unwrap_or(&resource.name);
            StepError::new(format!("the {} {name} stays: {reason}", kind.words()))
                .hint("`kilnbox gc` removes it")
        })?;
    made.take().map_or(Ok(()), Recorded::strike)
}
