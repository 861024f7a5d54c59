//! `kilnbox inspect`: the parts of a template, as Packer lists those of a JSON template (`reference/packer.md` §1).

use kilnbox_template::{Template, VariableBlock};

use crate::{
    args::{InspectArgs, OutputArgs},
    error::Error,
    exit_codes,
    readers::record,
    stdout,
    template_file::TemplateFile,
};

const NOTE: &str = "\
Note: If your build names contain user variables or template
functions such as 'timestamp', these are processed at build time,
and therefore only show in their raw form here.";

/// Shows what a template is made of.
pub(crate) fn run(args: &InspectArgs, output: &OutputArgs) -> Result<u8, Error> {
    let file = TemplateFile::read(&args.template.template, args.template.config_type)?;
    let template = Template::parse(file.source)?;
    let parts = parts(&template);
    if output.machine_readable {
        stdout::print(&for_programs(&parts, jiff::Timestamp::now().as_second()))?;
    } else {
        stdout::print(&for_people(&parts))?;
    }
    Ok(exit_codes::SUCCESS)
}

/// One part of the answer, in Packer's order.
enum Part {
    /// For people, and in `-machine-readable` too.
    Text(String),
    /// For programs alone: category and arguments.
    Record(&'static str, Vec<String>),
}

fn parts(template: &Template) -> Vec<Part> {
    let mut parts = vec![text("Packer Inspect: JSON mode")];
    if let Some(description) = &template.description {
        parts.extend([text("Description:\n"), Part::Text(format!("{description}\n"))]);
    }
    parts.extend(variables(template));
    parts.extend([text(""), text("Builders:\n")]);
    parts.extend(builders(template));
    parts.extend([text(""), text("Provisioners:\n")]);
    if template.provisioners.is_empty() {
        parts.push(text("  <No provisioners>"));
    }
    for block in &template.provisioners {
        let kind = &block.kind.value;
        parts.push(Part::Record("template-provisioner", vec![kind.clone()]));
        parts.push(Part::Text(format!("  {kind}")));
    }
    parts.push(Part::Text(format!("\n{NOTE}")));
    parts
}

fn variables(template: &Template) -> Vec<Part> {
    if template.variables.is_empty() {
        return vec![text("Variables:\n"), text("  <No variables>")];
    }
    let record = |variable: &VariableBlock, required: &str| {
        let arguments = [&variable.name.value, shown_default(variable), required];
        Part::Record("template-variable", arguments.map(str::to_owned).into())
    };
    let (required, optional): (Vec<_>, Vec<_>) = sorted(template)
        .into_iter()
        .partition(|variable| variable.default.is_none());
    let mut parts = Vec::new();
    if !required.is_empty() {
        parts.push(text("Required variables:\n"));
        for variable in required {
            parts.push(record(variable, "1"));
            parts.push(Part::Text(format!("  {}", variable.name.value)));
        }
        parts.push(text(""));
    }
    // Packer's headline stands even over nothing.
    parts.push(text("Optional variables and their defaults:\n"));
    // As wide as the widest of all, required ones too: Packer's columns.
    let names = template.variables.iter();
    let width = widest(names.map(|variable| variable.name.value.as_str()));
    for variable in optional {
        let (name, default) = (&variable.name.value, shown_default(variable));
        parts.push(record(variable, "0"));
        parts.push(Part::Text(format!("  {name:width$} = {default}")));
    }
    parts
}

/// Name and type, by name.
fn builders(template: &Template) -> Vec<Part> {
    let mut builders: Vec<(&str, &str)> = template
        .builders
        .iter()
        .map(|block| (block.raw_name(), block.kind.value.as_str()))
        .collect();
    builders.sort_unstable();
    let width = widest(builders.iter().map(|(name, _)| *name));
    let mut parts = Vec::new();
    for (name, kind) in builders {
        let arguments = [name, kind].map(str::to_owned).into();
        parts.push(Part::Record("template-builder", arguments));
        parts.push(Part::Text(match name == kind {
            true => format!("  {name}"),
            false => format!("  {name:width$} ({kind})"),
        }));
    }
    parts
}

fn for_people(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(format!("{text}\n")),
        Part::Record(..) => None,
    });
    texts.collect()
}

fn for_programs(parts: &[Part], now: i64) -> String {
    let lines = parts.iter().map(|part| match part {
        Part::Text(text) => record(now, "", "ui", ["say", text]),
        Part::Record(category, arguments) => record(now, "", category, arguments.iter().map(String::as_str)),
    });
    lines.map(|line| line + "\n").collect()
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

fn sorted(template: &Template) -> Vec<&VariableBlock> {
    let mut variables: Vec<_> = template.variables.iter().collect();
    variables.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    variables
}

fn shown_default(variable: &VariableBlock) -> &str {
    match &variable.default {
        Some(_) if variable.sensitive => "<sensitive>",
        Some(default) => &default.value,
        None => "",
    }
}

fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use kilnbox_template::Source;

    use super::*;

    fn template() -> Template {
        let text = r#"{
            "description": "A web server.",
            "variables": {"version": null, "mirror_of_all": "http://x", "key": "k"},
            "sensitive-variables": ["key"],
            "builders": [{"type": "null", "name": "web"}, {"type": "file"}],
            "provisioners": [{"type": "shell"}, {"type": "file"}]
        }"#;
        Template::parse(Source::new("t.json", text)).unwrap()
    }

    #[test]
    fn layout_for_people() {
        insta::assert_snapshot!(for_people(&parts(&template())));
    }

    #[test]
    fn layout_for_programs() {
        insta::assert_snapshot!(for_programs(&parts(&template()), 7), @r"
        7,,ui,say,Packer Inspect: JSON mode
        7,,ui,say,Description:\n
        7,,ui,say,A web server.\n
        7,,ui,say,Required variables:\n
        7,,template-variable,version,,1
        7,,ui,say,  version
        7,,ui,say,
        7,,ui,say,Optional variables and their defaults:\n
        7,,template-variable,key,<sensitive>,0
        7,,ui,say,  key           = <sensitive>
        7,,template-variable,mirror_of_all,http://x,0
        7,,ui,say,  mirror_of_all = http://x
        7,,ui,say,
        7,,ui,say,Builders:\n
        7,,template-builder,file,file
        7,,ui,say,  file
        7,,template-builder,web,null
        7,,ui,say,  web  (null)
        7,,ui,say,
        7,,ui,say,Provisioners:\n
        7,,template-provisioner,shell
        7,,ui,say,  shell
        7,,template-provisioner,file
        7,,ui,say,  file
        7,,ui,say,\nNote: If your build names contain user variables or template\nfunctions such as 'timestamp'%!(PACKER_COMMA) these are processed at build time%!(PACKER_COMMA)\nand therefore only show in their raw form here.
        ");
    }
}
