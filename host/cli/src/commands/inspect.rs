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

const OPTIONAL: &str = "Optional variables and their defaults:";
const NOTE: &str = "\
Note: If your build names contain user variables or template
functions such as 'timestamp', these are processed at build time,
and therefore only show in their raw form here.";

/// Shows what a template is made of.
pub(crate) fn run(args: &InspectArgs, output: &OutputArgs) -> Result<u8, Error> {
    let file = TemplateFile::read(&args.template.template, args.template.config_type)?;
    let template = Template::parse(file.source)?;
    if output.machine_readable {
        stdout::print(&for_programs(&template, jiff::Timestamp::now().as_second()))?;
    } else {
        stdout::print(&for_people(&template))?;
    }
    Ok(exit_codes::SUCCESS)
}

fn for_people(template: &Template) -> String {
    let mut sections = Vec::new();
    if let Some(description) = &template.description {
        sections.push(format!("Description:\n\n{description}"));
    }
    let (required, optional): (Vec<_>, Vec<_>) = sorted(template)
        .into_iter()
        .partition(|variable| variable.default.is_none());
    if template.variables.is_empty() {
        sections.push("Variables:\n\n  <No variables>".to_owned());
    }
    if !required.is_empty() {
        let names = required
            .iter()
            .map(|variable| format!("  {}", variable.name.value));
        sections.push(section("Required variables:", names));
    }
    if optional.is_empty() && !required.is_empty() {
        // Packer's headline stands even over nothing.
        sections.push(format!("{OPTIONAL}\n"));
    } else if !optional.is_empty() {
        // As wide as the widest of all, required ones too: Packer's columns.
        let width = widest(
            template
                .variables
                .iter()
                .map(|variable| variable.name.value.as_str()),
        );
        let lines = optional
            .iter()
            .map(|variable| format!("  {:width$} = {}", variable.name.value, shown_default(variable)));
        sections.push(section(OPTIONAL, lines));
    }
    let builders = builders(template);
    let width = widest(builders.iter().map(|(name, _)| *name));
    let lines = builders.iter().map(|(name, kind)| match name == kind {
        true => format!("  {name}"),
        false => format!("  {name:width$} ({kind})"),
    });
    sections.push(section("Builders:", lines));
    let provisioners: Vec<String> = template
        .provisioners
        .iter()
        .map(|block| format!("  {}", block.kind.value))
        .collect();
    sections.push(match provisioners.is_empty() {
        true => "Provisioners:\n\n  <No provisioners>".to_owned(),
        false => section("Provisioners:", provisioners.into_iter()),
    });
    sections.push(NOTE.to_owned());
    format!("Packer Inspect: JSON mode\n{}\n", sections.join("\n\n"))
}

fn for_programs(template: &Template, now: i64) -> String {
    let mut text = String::new();
    let mut line = |category: &str, arguments: &[&str]| {
        text.push_str(&record(now, "", category, arguments.iter().copied()));
        text.push('\n');
    };
    for variable in sorted(template) {
        let required = if variable.default.is_none() { "1" } else { "0" };
        line(
            "template-variable",
            &[&variable.name.value, shown_default(variable), required],
        );
    }
    for (name, kind) in builders(template) {
        line("template-builder", &[name, kind]);
    }
    for block in &template.provisioners {
        line("template-provisioner", &[&block.kind.value]);
    }
    text
}

fn sorted(template: &Template) -> Vec<&VariableBlock> {
    let mut variables: Vec<_> = template.variables.iter().collect();
    variables.sort_by(|a, b| a.name.value.cmp(&b.name.value));
    variables
}

/// Name and type, by name.
fn builders(template: &Template) -> Vec<(&str, &str)> {
    let mut builders: Vec<_> = template
        .builders
        .iter()
        .map(|block| (block.raw_name(), block.kind.value.as_str()))
        .collect();
    builders.sort_unstable();
    builders
}

fn shown_default(variable: &VariableBlock) -> &str {
    match &variable.default {
        Some(_) if variable.sensitive => "<sensitive>",
        Some(default) => &default.value,
        None => "",
    }
}

fn section(title: &str, lines: impl Iterator<Item = String>) -> String {
    format!("{title}\n\n{}", lines.collect::<Vec<_>>().join("\n"))
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
        insta::assert_snapshot!(for_people(&template()));
    }

    #[test]
    fn layout_for_programs() {
        insta::assert_snapshot!(for_programs(&template(), 7), @r"
        7,,template-variable,key,<sensitive>,0
        7,,template-variable,mirror_of_all,http://x,0
        7,,template-variable,version,,1
        7,,template-builder,file,file
        7,,template-builder,web,null
        7,,template-provisioner,shell
        7,,template-provisioner,file
        ");
    }
}
