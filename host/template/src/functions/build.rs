//! Functions of the build, the template and the machine.

use super::{Answer, Args, Frame};
use crate::{
    PACKER_VERSION, RenderError,
    render::{Purpose, World},
    text_template::Value,
};

pub(super) fn build_name(world: &World, args: &Args<'_>) -> Answer {
    args.none()?;
    match &world.build {
        Some(build) => Ok(Value::text(build.name.as_str())),
        None => Err(RenderError::new("build_name not available")
            .hint("a build's name is known in options of builders, provisioners and post-processors")),
    }
}

pub(super) fn build_type(world: &World, args: &Args<'_>) -> Answer {
    args.none()?;
    match &world.build {
        Some(build) => Ok(Value::text(build.kind.as_str())),
        None => Err(RenderError::new("build_type not available")
            .hint("a build's type is known in options of builders, provisioners and post-processors")),
    }
}

/// The folder of the template; that of standard input is the working directory, as in Packer.
pub(super) fn template_dir(world: &World, args: &Args<'_>) -> Answer {
    args.none()?;
    let folder = world
        .inputs
        .template_dir
        .as_ref()
        .unwrap_or(&world.inputs.working_dir);
    Ok(Value::text(folder.display().to_string()))
}

pub(super) fn pwd(world: &World, args: &Args<'_>) -> Answer {
    args.none()?;
    Ok(Value::text(world.inputs.working_dir.display().to_string()))
}

pub(super) fn packer_version(args: &Args<'_>) -> Answer {
    args.none()?;
    Ok(Value::text(PACKER_VERSION))
}

/// As the build's builder does it: each cloud has its own rules for names.
pub(super) fn clean_resource_name(world: &World, args: &Args<'_>) -> Answer {
    let [name] = args.texts()?;
    match &world.build {
        Some(build) => Ok(Value::text((build.clean)(name))),
        None => Err(
            RenderError::new(format!("`{}` is not available outside a build", args.name))
                .hint("use it in the builder's options"),
        ),
    }
}

impl Frame<'_> {
    /// A value of the running build. Before it runs, the whole text is left for later.
    pub(super) fn build(&mut self, args: &Args<'_>) -> Answer {
        let [key] = args.texts()?;
        let world = self.world();
        match (&world.generated, &world.purpose) {
            (Some(generated), _) => generated
                .get(key)
                .map(|value| Value::text(value.as_str()))
                .ok_or_else(|| {
                    let known: Vec<&str> = generated.keys().map(String::as_str).collect();
                    RenderError::new(format!("loaded data, but couldnt find {key} in it."))
                        .hint(format!("this build knows: {}", known.join(", ")))
                }),
            (None, Purpose::Options { .. }) if world.build.is_some() => {
                self.told.deferred = true;
                Ok(Value::text(""))
            }
            (None, _) => Err(
                RenderError::new(format!("`build` knows `{key}` only while a build runs"))
                    .hint("use it in options of provisioners and post-processors"),
            ),
        }
    }
}
