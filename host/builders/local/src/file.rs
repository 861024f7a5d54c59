//! The builder `file`: writes one file from a source or from text.
//!
//! The content goes to a temporary file beside the target, recorded in the journal before it is made, and is renamed
//! at the end: the target is never half-written. From then on it belongs to the user.

use std::{
    ffi::OsString,
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use kilnbox_engine::{
    Artifact, ArtifactError, BuildContext, BuildStep, Builder, Entry, Lifecycle, Options, Problem, Reclaimer,
    StepError, StepProvision,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::{fs, io::AsyncWriteExt};

/// Journal kind of the half-written file.
const KIND: &str = "file-builder-target";
/// Mode of a target made from `content`, as Packer has it.
const CONTENT_MODE: u32 = 0o600;

const ABOUT: &str = "Writes one file, from another one or from text. Steps that need an instance find none.";

/// The builder `file` (`reference/packer.md` §7.6).
#[derive(Debug)]
pub struct FileBuilder {
    schema: Json,
}

impl Default for FileBuilder {
    fn default() -> Self {
        let text = |about: &str| json!({ "type": "string", "description": about });
        let properties = [
            (
                "target",
                text(
                    "Must be set: the file to write, from the working directory. One that exists is replaced.",
                ),
            ),
            (
                "source",
                text(
                    "The file to copy, from the working directory, then from the template's folder. Not together with \
                     `content`.",
                ),
            ),
            (
                "content",
                text(
                    "The text to write, into a file that its owner alone can read. The file is empty where there is \
                     neither this nor `source`.",
                ),
            ),
        ];
        let example = json!({ "type": "file", "target": "motd", "content": "Built with Kilnbox.\n" });
        Self {
            schema: crate::schema(
                ABOUT,
                example,
                properties
                    .map(|(name, text)| (name.to_owned(), text))
                    .into_iter()
                    .collect(),
            ),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    source: String,
    content: String,
    target: String,
}

impl Builder for FileBuilder {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn schema(&self) -> &Json {
        &self.schema
    }

    fn prepare(&self, options: &Options) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        let written = Written::deserialize(&options.json)
            .map_err(|error| vec![Problem::error("", format!("the options of `file`: {error}"))])?;
        let mut problems = Vec::new();
        if written.target.is_empty() {
            problems.push(Problem::error("/target", "target required").hint("name the file to write"));
        }
        if !written.source.is_empty() && !written.content.is_empty() {
            problems.push(Problem::error(
                "/content",
                "Cannot specify source file AND content",
            ));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let content = match written.source.as_str() {
            "" => Content::Text(written.content),
            source => Content::File {
                shown: source.to_owned(),
                path: locate(source, options),
            },
        };
        Ok(Box::new(FileBuild {
            content,
            target: options.working_dir.join(&written.target),
            shown: written.target,
        }))
    }
}

/// Relative paths start from the working directory, then from the template's folder.
fn locate(file: &str, options: &Options) -> PathBuf {
    let here = options.working_dir.join(file);
    match &options.template_dir {
        Some(folder) if !here.exists() && folder.join(file).exists() => folder.join(file),
        _ => here,
    }
}

#[derive(Debug)]
enum Content {
    Text(String),
    File { shown: String, path: PathBuf },
}

#[derive(Debug)]
struct FileBuild {
    content: Content,
    target: PathBuf,
    /// The target as the user wrote it.
    shown: String,
}

impl Lifecycle for FileBuild {
    fn warnings(&self) -> Vec<Problem> {
        match &self.content {
            Content::Text(text) if text.is_empty() => vec![Problem::warning(
                "",
                "Both source file and contents are blank; target will have no content",
            )],
            _ => Vec::new(),
        }
    }

    fn steps(self: Box<Self>) -> Vec<Box<dyn BuildStep>> {
        vec![
            Box::new(StepWriteFile {
                build: *self,
                unfinished: None,
            }),
            Box::new(StepProvision),
        ]
    }
}

/// Writes the target.
#[derive(Debug)]
struct StepWriteFile {
    build: FileBuild,
    unfinished: Option<(PathBuf, Entry)>,
}

#[async_trait]
impl BuildStep for StepWriteFile {
    fn name(&self) -> &'static str {
        "StepWriteFile"
    }

    async fn run(&mut self, cx: &mut BuildContext) -> Result<(), StepError> {
        let (target, shown) = (self.build.target.clone(), self.build.shown.clone());
        let Some(name) = target.file_name().map(ToOwned::to_owned) else {
            return Err(StepError::new(format!("target `{shown}` names no file")));
        };
        let temporary = target.with_file_name(unfinished_name(name));
        let Some(recorded) = temporary.to_str() else {
            return Err(StepError::new(format!(
                "`{}` is not valid UTF-8",
                temporary.display()
            )));
        };
        let entry = cx
            .journal
            .record(KIND, json!({ "path": recorded }))
            .map_err(|error| StepError::new(error.to_string()))?;
        self.unfinished = Some((temporary.clone(), entry));
        match &self.build.content {
            Content::Text(text) => write_text(text, &temporary).await?,
            Content::File { shown: source, path } => {
                let from = fs::File::open(path)
                    .await
                    .map_err(|error| StepError::new(format!("open {source}: {}", reason(&error))))?;
                cx.events.say(format!("Copying {source} to {shown}"));
                let copied = copy(source, from, &temporary).await?;
                cx.events.say(format!("Copied {copied} bytes"));
            }
        }
        fs::rename(&temporary, &target)
            .await
            .map_err(|error| failure(&shown, &error))?;
        if let Some((_, entry)) = self.unfinished.take() {
            entry
                .strike()
                .map_err(|error| StepError::new(error.to_string()))?;
        }
        cx.artifact = Some(Arc::new(FileArtifact { target, shown }));
        Ok(())
    }

    async fn cleanup(&mut self, _: &mut BuildContext) -> Result<(), StepError> {
        let Some((path, entry)) = &self.unfinished else {
            return Ok(());
        };
        remove(path)
            .await
            .map_err(|error| failure(&path.display().to_string(), &error))?;
        entry
            .strike()
            .map_err(|error| StepError::new(error.to_string()))?;
        self.unfinished = None;
        Ok(())
    }
}

async fn write_text(text: &str, temporary: &Path) -> Result<(), StepError> {
    let beside = |error: io::Error| failure(&temporary.display().to_string(), &error);
    let mut out = create(std::fs::OpenOptions::new().mode(CONTENT_MODE), temporary)?;
    out.write_all(text.as_bytes()).await.map_err(beside)?;
    out.flush().await.map_err(beside)?;
    out.set_permissions(PermissionsExt::from_mode(CONTENT_MODE))
        .await
        .map_err(beside)
}

async fn copy(shown: &str, mut from: fs::File, temporary: &Path) -> Result<u64, StepError> {
    let mut out = create(&mut std::fs::OpenOptions::new(), temporary)?;
    let copied = tokio::io::copy(&mut from, &mut out)
        .await
        .map_err(|error| failure(shown, &error))?;
    out.flush()
        .await
        .map_err(|error| failure(&temporary.display().to_string(), &error))?;
    Ok(copied)
}

/// A new file or none, never one that somebody else put there.
fn create(options: &mut std::fs::OpenOptions, temporary: &Path) -> Result<fs::File, StepError> {
    options
        .write(true)
        .create_new(true)
        .open(temporary)
        .map(fs::File::from_std)
        .map_err(|error| failure(&temporary.display().to_string(), &error))
}

/// Why a file could not be opened, in Packer's words for what is common.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn unfinished_name(target: OsString) -> OsString {
    let mut name = OsString::from(".");
    name.push(target);
    name.push(format!(".kilnbox-{}", std::process::id()));
    name
}

fn failure(path: &str, error: &io::Error) -> StepError {
    StepError::new(format!("`{path}`: {error}"))
}

async fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes the half-written file of a run that died.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileTargetReclaimer;

#[async_trait]
impl Reclaimer for FileTargetReclaimer {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn describe(&self, data: &Json) -> String {
        format!("half-written file `{}`", recorded_path(data).unwrap_or("?"))
    }

    async fn reclaim(&self, data: &Json) -> Result<(), String> {
        let path = recorded_path(data).ok_or("the journal entry names no path")?;
        remove(Path::new(path))
            .await
            .map_err(|error| format!("`{path}`: {error}"))
    }
}

fn recorded_path(data: &Json) -> Option<&str> {
    data.get("path").and_then(Json::as_str)
}

#[derive(Debug)]
struct FileArtifact {
    target: PathBuf,
    shown: String,
}

#[async_trait]
impl Artifact for FileArtifact {
    fn builder_id(&self) -> &str {
        "packer.file"
    }

    fn id(&self) -> String {
        "File".to_owned()
    }

    fn files(&self) -> Vec<PathBuf> {
        vec![PathBuf::from(&self.shown)]
    }

    fn describe(&self) -> String {
        format!("Stored file: {}", self.shown)
    }

    async fn destroy(&self) -> Result<(), ArtifactError> {
        remove(&self.target).await.map_err(|error| ArtifactError {
            what: self.shown.clone(),
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use kilnbox_engine::{Events, Journal, ProvisionHook, Secrets};

    use super::*;

    #[derive(Debug)]
    struct NoProvisioners;

    #[async_trait]
    impl ProvisionHook for NoProvisioners {
        async fn provision(&self, _: &BuildContext) -> Result<(), StepError> {
            Ok(())
        }

        async fn provision_cleanup(&self, _: &BuildContext) -> Result<(), StepError> {
            Ok(())
        }
    }

    fn prepare(folder: &Path, json: Json) -> Result<Box<dyn Lifecycle>, Vec<Problem>> {
        FileBuilder::default().prepare(&Options {
            json,
            build_name: "file".to_owned(),
            working_dir: folder.to_owned(),
            template_dir: None,
            force: false,
            templates: Arc::new(kilnbox_engine::NoTemplates),
        })
    }

    /// Runs the build and its clean-up; gives the first error, what was said and the artifact.
    async fn build(folder: &Path, json: Json) -> (Option<StepError>, Vec<String>, BuildContext) {
        let (events, said) = Events::collecting();
        let mut cx = BuildContext {
            events,
            secrets: Secrets::default(),
            journal: Journal::create(&folder.join("state"), "run").unwrap(),
            cancel: Default::default(),
            failed: false,
            debug: false,
            communicator: None,
            generated: Vec::new(),
            artifact: None,
            provision: Arc::new(NoProvisioners),
        };
        let mut error = None;
        let mut steps = prepare(folder, json).unwrap().steps();
        for step in &mut steps {
            error = step.run(&mut cx).await.err();
            if error.is_some() {
                break;
            }
        }
        for step in steps.iter_mut().rev() {
            step.cleanup(&mut cx).await.unwrap();
        }
        assert_eq!(cx.journal.open(), 0, "the journal must hold nothing afterwards");
        (error, said.texts(), cx)
    }

    #[tokio::test]
    async fn content_is_written_for_the_owner_alone_and_destroyed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("out"), "older").unwrap();
        let (error, _, cx) = build(folder.path(), json!({ "content": "hello", "target": "out" })).await;
        assert!(error.is_none(), "{error:?}");
        let target = folder.path().join("out");
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "hello");
        assert_eq!(
            std::fs::metadata(&target).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        let artifact = cx.artifact.unwrap();
        assert_eq!(
            (artifact.builder_id(), artifact.id().as_str()),
            ("packer.file", "File")
        );
        assert_eq!(artifact.describe(), "Stored file: out");
        artifact.destroy().await.unwrap();
        assert!(!target.exists());
    }

    #[tokio::test]
    async fn a_source_is_copied_aloud() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("in"), "12345").unwrap();
        let (error, said, _) = build(folder.path(), json!({ "source": "in", "target": "out" })).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(said, ["Copying in to out", "Copied 5 bytes"]);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("out")).unwrap(),
            "12345"
        );
    }

    #[tokio::test]
    async fn a_missing_source_leaves_the_target_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("out"), "older").unwrap();
        let (error, _, _) = build(folder.path(), json!({ "source": "in", "target": "out" })).await;
        assert_eq!(error.unwrap().message, "open in: no such file or directory");
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "state")
            .collect();
        assert_eq!(names, ["out"]);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("out")).unwrap(),
            "older"
        );
    }

    #[tokio::test]
    async fn what_a_dead_run_left_is_reclaimed_once_and_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".out.kilnbox-1");
        std::fs::write(&path, "half").unwrap();
        let data = json!({ "path": path });
        FileTargetReclaimer.reclaim(&data).await.unwrap();
        assert!(!path.exists());
        FileTargetReclaimer.reclaim(&data).await.unwrap();
        assert!(FileTargetReclaimer.reclaim(&json!({})).await.is_err());
    }

    #[test]
    fn options_that_contradict_are_refused_together() {
        let problems = prepare(Path::new("/"), json!({ "source": "a", "content": "b" })).unwrap_err();
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            ["target required", "Cannot specify source file AND content"]
        );
    }
}
