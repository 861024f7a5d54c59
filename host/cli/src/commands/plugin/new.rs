//! `kilnbox plugin new`: a folder with a plugin that builds and has a test, in the author's language.
//!
//! The project carries the SDK, so that nothing must be published or fetched for it but the language's own tools. What
//! it holds is embedded in the program from `guest-sdk/`; the templates there are its `template/` folders.

mod carried;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use minijinja::{Environment, UndefinedBehavior, context, syntax::SyntaxConfig};

use self::carried::{Carried, File};
use crate::{args::PluginNewArgs, error::Error, exit_codes, stdout};

/// Makes the project in a folder of its name.
pub(super) fn run(args: &PluginNewArgs) -> Result<u8, Error> {
    let folder = PathBuf::from(&args.name);
    refuse_what_is_there(&folder)?;
    let carried = Carried::of(args.lang);
    let template = Template::new(args)?;
    for file in carried.template(args.kind)? {
        let content = template.fill(&file)?;
        write(&folder, &file.path, &content)?;
    }
    for file in carried.sdk()? {
        write(&folder, &file.path, &file.content)?;
    }
    let folder = folder.display();
    stdout::print(&format!(
        "{folder}/ holds a {} in {}, with a test.\n{folder}/README.md says how to build it.\n",
        args.kind, args.lang
    ))?;
    Ok(exit_codes::SUCCESS)
}

/// An empty folder is as good as none.
fn refuse_what_is_there(folder: &Path) -> Result<(), Error> {
    let empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if empty {
        return Ok(());
    }
    Err(Error::Project {
        message: format!("`{}` is there already", folder.display()),
        hint: "choose another name, or start in another folder; nothing is overwritten".to_owned(),
    })
}

/// Fills in what the project is called.
struct Template<'a> {
    engine: Environment<'static>,
    args: &'a PluginNewArgs,
}

impl<'a> Template<'a> {
    fn new(args: &'a PluginNewArgs) -> Result<Self, Error> {
        let mut engine = Environment::empty();
        engine.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        engine.set_syntax(syntax.map_err(|error| Error::Embedded(error.to_string()))?);
        Ok(Self { engine, args })
    }

    /// A file that is no text stays as it is.
    fn fill(&self, file: &File) -> Result<Vec<u8>, Error> {
        let Ok(text) = str::from_utf8(&file.content) else {
            return Ok(file.content.to_vec());
        };
        let words = context! {
            name => &self.args.name,
            module => self.args.name.replace('-', "_"),
            kind => self.args.kind.to_string(),
        };
        let filled = self.engine.render_str(text, words);
        let filled = filled.map_err(|error| Error::Embedded(format!("{}: {error:#}", file.path)))?;
        Ok(filled.into_bytes())
    }
}

fn write(folder: &Path, path: &str, content: &[u8]) -> Result<(), Error> {
    let path = folder.join(path);
    let failed = |source| Error::Write {
        path: path.clone(),
        source,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(&path, content).map_err(failed)?;
    if content.starts_with(b"#!") {
        make_executable(&path).map_err(failed)?;
    }
    Ok(())
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mut permissions = fs::metadata(path)?.permissions();
    permissions.set_mode(permissions.mode() | 0o111);
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::args::{PluginKind, PluginLanguage};

    #[test]
    fn every_template_is_filled_and_nothing_is_left_to_fill() {
        for &lang in PluginLanguage::value_variants() {
            for &kind in PluginKind::value_variants() {
                let args = PluginNewArgs {
                    name: "my-step".to_owned(),
                    lang,
                    kind,
                };
                let template = Template::new(&args).unwrap();
                let files = Carried::of(lang).template(kind).unwrap();
                let has = |name: &str| files.iter().any(|file| file.path == name);
                assert!(has("README.md") && has(".gitignore") && has(".github/workflows/test.yml"));
                for file in files {
                    let filled = String::from_utf8(template.fill(&file).unwrap()).unwrap();
                    assert!(!filled.contains("{{ "), "{lang}: {}", file.path);
                }
            }
        }
    }

    #[test]
    fn a_project_carries_the_contract_and_nothing_of_the_repository_s_own() {
        let contract = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
        let contract: Vec<String> = contract
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        for lang in [
            PluginLanguage::Rust,
            PluginLanguage::Python,
            PluginLanguage::Javascript,
        ] {
            let files = Carried::of(lang).sdk().unwrap();
            for name in &contract {
                let end = format!("/wit/{name}");
                assert!(
                    files.iter().any(|file| file.path.ends_with(&end)),
                    "{lang}: {name}"
                );
            }
            for word in ["/template/", "/tests/", "node_modules", "__pycache__", "/target/"] {
                assert!(
                    !files.iter().any(|file| file.path.contains(word)),
                    "{lang}: {word}"
                );
            }
        }
    }
}
