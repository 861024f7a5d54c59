//! `kilnbox fix`: prints a template with old options brought up to date.

use kilnbox_template::Template;

use crate::{args::FixArgs, error::Error, exit_codes, report::Report, stdout, template_file::TemplateFile};

/// Prints the fixed template.
pub(crate) fn run(args: &FixArgs, report: &Report) -> Result<u8, Error> {
    let file = TemplateFile::read(&args.template, args.config_type)?;
    let fixed = kilnbox_template::fix(&file.source)?;
    if args.validate
        && let Err(problems) = Template::parse(fixed.clone())
    {
        problems.reports().for_each(|problem| report.show(problem));
        return Err(Error::Unfixed);
    }
    stdout::print(&fixed.text)?;
    if !fixed.text.ends_with('\n') {
        stdout::print("\n")?;
    }
    Ok(exit_codes::SUCCESS)
}
