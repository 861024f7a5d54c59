//! The functions of Packer's templates (`reference/packer.md` §2).
//!
//! gtmpl takes plain function pointers, which cannot carry a context. So the text being rendered stands on a stack of
//! this thread while it is rendered, see [`within`]; a function reads the topmost [`Frame`].

use std::cell::RefCell;

use gtmpl::{Func, FuncError};
use gtmpl_value::Value as GoValue;
use uuid::Uuid;

use crate::{
    PACKER_VERSION, RenderError, Renderer, layout,
    render::{Purpose, World},
};

type Answer = Result<GoValue, FuncError>;

/// Every function, by its name in a template.
pub(crate) const ALL: &[(&str, Func)] = &[
    ("user", user),
    ("env", env),
    ("isotime", isotime),
    ("strftime", strftime),
    ("timestamp", timestamp),
    ("build_name", build_name),
    ("build_type", build_type),
    ("build", build),
    ("template_dir", template_dir),
    ("pwd", pwd),
    ("uuid", uuid),
    ("upper", upper),
    ("lower", lower),
    ("split", split),
    ("replace", replace),
    ("replace_all", replace_all),
    ("packer_version", packer_version),
    ("clean_resource_name", clean_resource_name),
    ("clean_ami_name", clean_resource_name),
    ("clean_image_name", clean_resource_name),
    ("sed", sed),
    ("consul_key", elsewhere::<0>),
    ("vault", elsewhere::<1>),
    ("aws_secretsmanager", elsewhere::<2>),
    ("aws_secretsmanager_raw", elsewhere::<3>),
];

/// Their names, for suggestions.
pub(crate) const NAMES: &[&str] = &[
    "user",
    "env",
    "isotime",
    "strftime",
    "timestamp",
    "build_name",
    "build_type",
    "build",
    "template_dir",
    "pwd",
    "uuid",
    "upper",
    "lower",
    "split",
    "replace",
    "replace_all",
    "packer_version",
    "clean_resource_name",
    "printf",
    "print",
    "println",
    "index",
    "len",
];

const ELSEWHERE: [&str; 4] = [
    "consul_key",
    "vault",
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
];

/// Texts brought in by texts; deeper is a circle.
const MAX_DEPTH: usize = 16;

/// A text being rendered.
pub(crate) struct Frame {
    renderer: Renderer,
    dot: GoValue,
    depth: usize,
    told: Told,
}

/// What functions noticed on the way.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) sensitive: bool,
    pub(crate) deferred: bool,
    pub(crate) undefined: Vec<String>,
    /// The error behind gtmpl's, with its hint.
    pub(crate) error: Option<RenderError>,
}

impl Frame {
    pub(crate) fn new(renderer: Renderer, dot: GoValue, depth: usize) -> Self {
        Self {
            renderer,
            dot,
            depth,
            told: Told::default(),
        }
    }
}

thread_local! {
    static STACK: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
}

/// Runs `render` with `frame` on top of the stack. `render` does not unwind.
pub(crate) fn within<T>(frame: Frame, render: impl FnOnce() -> T) -> (T, Told) {
    STACK.with_borrow_mut(|stack| stack.push(frame));
    let outcome = render();
    let told = STACK.with_borrow_mut(|stack| stack.pop().map(|frame| frame.told).unwrap_or_default());
    (outcome, told)
}

fn with_frame<T>(read: impl FnOnce(&mut Frame) -> T) -> Result<T, FuncError> {
    STACK.with_borrow_mut(|stack| {
        stack
            .last_mut()
            .map(read)
            .ok_or_else(|| FuncError::Generic("no text is being rendered".to_owned()))
    })
}

fn with_world<T>(read: impl FnOnce(&World) -> Result<T, RenderError>) -> Result<T, FuncError> {
    with_frame(|frame| read(&frame.renderer.world))?.or_else(refuse)
}

/// Hands an error to whoever renders, and stops gtmpl.
fn refuse<T>(error: RenderError) -> Result<T, FuncError> {
    let message = error.message.clone();
    with_frame(|frame| frame.told.error = Some(error))?;
    Err(FuncError::Generic(message))
}

fn text(args: &[GoValue], at: usize, function: &str) -> Result<String, FuncError> {
    match args.get(at) {
        Some(GoValue::String(text)) => Ok(text.clone()),
        Some(other) => refuse(RenderError::new(format!(
            "`{function}` expected a string, got `{other}`"
        ))),
        None => refuse(RenderError::new(format!(
            "wrong number of args for {function}: want at least {}, got {}",
            at + 1,
            args.len()
        ))),
    }
}

fn number(args: &[GoValue], at: usize, function: &str) -> Result<i64, FuncError> {
    match args.get(at) {
        Some(GoValue::Number(number)) if number.as_i64().is_some() => Ok(number.as_i64().unwrap_or_default()),
        other => refuse(RenderError::new(format!(
            "`{function}` expected a whole number, got `{}`",
            other.unwrap_or(&GoValue::NoValue)
        ))),
    }
}

fn exactly(args: &[GoValue], count: usize, function: &str) -> Result<(), FuncError> {
    if args.len() == count {
        return Ok(());
    }
    refuse(RenderError::new(format!(
        "wrong number of args for {function}: want {count}, got {}",
        args.len()
    )))
}

fn user(args: &[GoValue]) -> Answer {
    exactly(args, 1, "user")?;
    let name = text(args, 0, "user")?;
    let (renderer, dot, depth) =
        with_frame(|frame| (frame.renderer.clone(), frame.dot.clone(), frame.depth + 1))?;
    match &renderer.world.purpose {
        Purpose::Variables(pending) => pending.render(&name).map(GoValue::from).or_else(refuse),
        Purpose::Options { variables, sensitive } => {
            let Some(value) = variables.get(&name) else {
                with_frame(|frame| frame.told.undefined.push(name))?;
                return Ok(GoValue::from(""));
            };
            if depth > MAX_DEPTH {
                return refuse(RenderError::new(format!("variable `{name}` brings in itself")));
            }
            let rendered = renderer.render_frame(value, dot, depth).or_else(refuse)?;
            with_frame(|frame| {
                frame.told.sensitive |= rendered.marks.sensitive || sensitive.contains(&name);
                frame.told.deferred |= rendered.marks.deferred;
                frame.told.undefined.extend(rendered.undefined);
            })?;
            Ok(GoValue::from(rendered.text))
        }
    }
}

fn env(args: &[GoValue]) -> Answer {
    exactly(args, 1, "env")?;
    let name = text(args, 0, "env")?;
    with_world(|world| match &world.purpose {
        Purpose::Variables(_) => Ok(GoValue::from((world.inputs.env)(&name).unwrap_or_default())),
        Purpose::Options { .. } => Err(RenderError::new("env vars are not allowed here").hint(format!(
            "declare a variable with the default \"{{{{env `{name}`}}}}\" and use `{{{{user}}}}` here"
        ))),
    })
}

fn isotime(args: &[GoValue]) -> Answer {
    if args.len() > 1 {
        return refuse(RenderError::new(format!(
            "too many values, 1 needed: {}",
            listed(args)
        )));
    }
    let layout = if args.is_empty() {
        "2006-01-02T15:04:05Z07:00".to_owned()
    } else {
        text(args, 0, "isotime")?
    };
    with_world(|world| Ok(GoValue::from(layout::format(&layout, world.inputs.now))))
}

fn listed(args: &[GoValue]) -> String {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    format!("[{}]", args.join(" "))
}

fn strftime(args: &[GoValue]) -> Answer {
    exactly(args, 1, "strftime")?;
    let format = text(args, 0, "strftime")?;
    with_world(|world| {
        let now = jiff::ZonedDateTime::new(world.inputs.now, jiff::tz::TimeZone::UTC);
        jiff::fmt::strtime::format(&format, &now)
            .map(GoValue::from)
            .map_err(|error| RenderError::new(format!("`strftime`: {error}")))
    })
}

fn timestamp(args: &[GoValue]) -> Answer {
    exactly(args, 0, "timestamp")?;
    with_world(|world| Ok(GoValue::from(world.inputs.now.as_second().to_string())))
}

fn build_name(args: &[GoValue]) -> Answer {
    exactly(args, 0, "build_name")?;
    with_world(|world| match &world.build {
        Some(build) => Ok(GoValue::from(build.name.clone())),
        None => Err(RenderError::new("build_name not available")),
    })
}

fn build_type(args: &[GoValue]) -> Answer {
    exactly(args, 0, "build_type")?;
    with_world(|world| match &world.build {
        Some(build) => Ok(GoValue::from(build.kind.clone())),
        None => Err(RenderError::new("build_type not available")),
    })
}

fn build(args: &[GoValue]) -> Answer {
    exactly(args, 1, "build")?;
    let key = text(args, 0, "build")?;
    let known = with_world(|world| match (&world.generated, &world.purpose) {
        (Some(generated), _) => generated.get(&key).cloned().map(Some).ok_or_else(|| {
            let known: Vec<&str> = generated.keys().map(String::as_str).collect();
            RenderError::new(format!("loaded data, but couldnt find {key} in it."))
                .hint(format!("this build knows: {}", known.join(", ")))
        }),
        (None, Purpose::Options { .. }) if world.build.is_some() => Ok(None),
        (None, _) => Err(
            RenderError::new(format!("`build` knows `{key}` only while a build runs"))
                .hint("use it in options of provisioners and post-processors"),
        ),
    })?;
    match known {
        Some(value) => Ok(GoValue::from(value)),
        None => {
            with_frame(|frame| frame.told.deferred = true)?;
            Ok(GoValue::from(""))
        }
    }
}

fn template_dir(args: &[GoValue]) -> Answer {
    exactly(args, 0, "template_dir")?;
    with_world(|world| match &world.inputs.template_dir {
        Some(dir) => Ok(GoValue::from(dir.display().to_string())),
        None => {
            Err(RenderError::new("template path not available")
                .hint("the template was read from standard input"))
        }
    })
}

fn pwd(args: &[GoValue]) -> Answer {
    exactly(args, 0, "pwd")?;
    with_world(|world| Ok(GoValue::from(world.inputs.working_dir.display().to_string())))
}

/// As Packer: four bytes of time, so that names sort, then twelve random ones.
fn uuid(args: &[GoValue]) -> Answer {
    exactly(args, 0, "uuid")?;
    with_world(|world| {
        let random = u128::from_be_bytes(*Uuid::new_v4().as_bytes());
        // Unix seconds fit 32 bits until 2106, and wrap then.
        let seconds = u128::from(world.inputs.now.as_second().unsigned_abs() & u64::from(u32::MAX));
        let ordered = (seconds << 96) | (random & (u128::MAX >> 32));
        Ok(GoValue::from(Uuid::from_u128(ordered).to_string()))
    })
}

fn upper(args: &[GoValue]) -> Answer {
    exactly(args, 1, "upper")?;
    Ok(GoValue::from(text(args, 0, "upper")?.to_uppercase()))
}

fn lower(args: &[GoValue]) -> Answer {
    exactly(args, 1, "lower")?;
    Ok(GoValue::from(text(args, 0, "lower")?.to_lowercase()))
}

fn split(args: &[GoValue]) -> Answer {
    exactly(args, 3, "split")?;
    let whole = text(args, 0, "split")?;
    let separator = text(args, 1, "split")?;
    let index = number(args, 2, "split")?;
    // Go's `Split` by nothing yields the characters, without the empty ends that Rust adds.
    let parts: Vec<String> = if separator.is_empty() {
        whole.chars().map(String::from).collect()
    } else {
        whole.split(&separator).map(str::to_owned).collect()
    };
    match usize::try_from(index).ok().and_then(|index| parts.get(index)) {
        Some(part) => Ok(GoValue::from(part.clone())),
        None => refuse(RenderError::new(format!(
            "the substring {index} was unavailable using the separator value, {separator}, only {} values were found",
            parts.len()
        ))),
    }
}

fn replace(args: &[GoValue]) -> Answer {
    exactly(args, 4, "replace")?;
    let (old, new) = (text(args, 0, "replace")?, text(args, 1, "replace")?);
    let source = text(args, 3, "replace")?;
    Ok(GoValue::from(
        match usize::try_from(number(args, 2, "replace")?) {
            Ok(times) => source.replacen(&old, &new, times),
            Err(_) => source.replace(&old, &new),
        },
    ))
}

fn replace_all(args: &[GoValue]) -> Answer {
    exactly(args, 3, "replace_all")?;
    let (old, new) = (text(args, 0, "replace_all")?, text(args, 1, "replace_all")?);
    Ok(GoValue::from(text(args, 2, "replace_all")?.replace(&old, &new)))
}

fn packer_version(args: &[GoValue]) -> Answer {
    exactly(args, 0, "packer_version")?;
    Ok(GoValue::from(PACKER_VERSION))
}

fn clean_resource_name(args: &[GoValue]) -> Answer {
    exactly(args, 1, "clean_resource_name")?;
    let name = text(args, 0, "clean_resource_name")?;
    let clean = with_world(|world| match &world.build {
        Some(build) => Ok(build.clean.clone()),
        None => Err(RenderError::new(
            "`clean_resource_name` is not available outside a build",
        )),
    })?;
    Ok(GoValue::from(clean(&name)))
}

fn sed(_: &[GoValue]) -> Answer {
    refuse(
        RenderError::new("template function `sed` is deprecated use `replace` or `replace_all` instead")
            .hint("write `{{replace_all \"old\" \"new\" text}}`"),
    )
}

/// Secrets that live elsewhere: refused by name until they are fetched.
fn elsewhere<const WHICH: usize>(_: &[GoValue]) -> Answer {
    let name = ELSEWHERE.get(WHICH).copied().unwrap_or_default();
    refuse(
        RenderError::new(format!("template function `{name}` is not supported yet"))
            .hint("give the value with `-var` or `-var-file`, or through `{{env}}`"),
    )
}
