//! `kilnbox validate`: everything `build` does before it starts anything.

use kilnbox_engine::PlanRequest;
use kilnbox_template::Template;

use super::{answer, execute::plan, runtime};
use crate::{
    args::{OutputArgs, ValidateArgs},
    error::Error,
    exit_codes,
    folders::Folders,
    logging,
    report::Report,
    template_file::{self, TemplateFile},
    wire,
};

/// Checks a template.
pub(crate) fn run(args: &ValidateArgs, output: &OutputArgs, report: &Report) -> Result<u8, Error> {
    logging::start(0, report.secrets())?;
    let file = TemplateFile::read(&args.template.template, args.template.config_type)?;
    let template = Template::parse(file.source.clone())?;
    if args.syntax_only {
        answer(
            "Syntax-only check passed. Everything looks okay.",
            output.machine_readable,
        )?;
        return Ok(exit_codes::SUCCESS);
    }
    let given = template_file::variables(&args.template.given)?;
    let resolved = template_file::resolve(template, &file.inputs(), &given, report)?;
    let folders = Folders::find()?;
    let plugins = wire::plugins(file.project_folder(), &folders, args.trust)?;
    let planned = runtime()?.block_on(async {
        let sandbox = wire::sandbox(&plugins, &folders, None).await?;
        wire::note_what_is_not_kept(report, &sandbox, &plugins);
        let request = PlanRequest {
            resolved: &resolved,
            builders: &wire::builders(&folders)?,
            runner: &sandbox,
            folders: &kilnbox_engine::Folders {
                working_dir: file.working_dir.clone(),
                template_dir: file.folder.clone(),
            },
            only: &args.template.only,
            except: &args.template.except,
            force: false,
        };
        plan(&request, report).await
    })?;
    if planned.diagnostics.has_errors() || !planned.failed.is_empty() {
        return Err(Error::Shown);
    }
    answer("The configuration is valid.", output.machine_readable)?;
    Ok(exit_codes::SUCCESS)
}
