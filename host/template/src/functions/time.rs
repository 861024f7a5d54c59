//! Functions of the start of the run: every call of one run sees the same time, as in Packer.

use uuid::Uuid;

use super::{Answer, Args};
use crate::{RenderError, layout, render::World, strftime as format, text_template::Value};

/// Packer's layout where none is given: RFC 3339 without a fraction.
const RFC_3339: &str = "2006-01-02T15:04:05Z07:00";

pub(super) fn isotime(world: &World, args: &Args<'_>) -> Answer {
    let layout = match args.list {
        [] => RFC_3339,
        [_] => args.text(0)?,
        many => {
            let shown: Vec<String> = many.iter().map(Value::show).collect();
            return Err(RenderError::new(format!(
                "too many values, 1 needed: [{}]",
                shown.join(" ")
            )));
        }
    };
    Ok(Value::text(layout::format(layout, world.inputs.now)))
}

pub(super) fn strftime(world: &World, args: &Args<'_>) -> Answer {
    let [format] = args.texts()?;
    Ok(Value::text(format::format(format, world.inputs.now)))
}

pub(super) fn timestamp(world: &World, args: &Args<'_>) -> Answer {
    args.none()?;
    Ok(Value::text(world.inputs.now.as_second().to_string()))
}

/// As Packer: four bytes of time, so that names sort, then twelve random ones.
pub(super) fn uuid(world: &World, args: &Args<'_>) -> Answer {
    args.none()?;
    let random = u128::from_be_bytes(*Uuid::new_v4().as_bytes());
    // Unix seconds fit 32 bits until 2106, and wrap then.
    let seconds = u128::from(world.inputs.now.as_second().unsigned_abs() & u64::from(u32::MAX));
    let ordered = (seconds << 96) | (random & (u128::MAX >> 32));
    Ok(Value::text(Uuid::from_u128(ordered).to_string()))
}
