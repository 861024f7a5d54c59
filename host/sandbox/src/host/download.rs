//! `download`: files and folders of the instance, to where the user said. The bytes never pass through the guest.

use wasmtime::component::Resource;

use super::{outputs::Output, progress::Transfer, sparse::Sparse, tree::Aside, types::Instance};
use crate::{bindings::kilnbox::plugin::download::Host, failure::Failure, store::State};

impl Host for State {
    async fn file(
        &mut self,
        instance: Resource<Instance>,
        path: String,
        to: Resource<Output>,
    ) -> Result<u64, Failure> {
        let on = self.instance(&instance)?;
        self.is_path(&path)?;
        let run = self.running()?.clone();
        let output = self.table.get(&to)?.clone();
        let written = output.written.clone();
        let local = |error: std::io::Error| Failure::local(&written, &error);
        let transfer = Transfer::new(&run.job.events, &path);
        let replacement = self
            .patience
            .block(move || output.begin(None))
            .await?
            .map_err(local)?;
        self.quota.files(1)?;
        let mut file = Sparse::new(replacement.file().map_err(local)?, self.quota.clone());
        let bytes = self
            .patience
            .wait(on.download(&path, &mut file, &transfer))
            .await??;
        file.finish().await.map_err(local)?;
        self.patience
            .block(move || replacement.commit(&run.written))
            .await?
            .map_err(local)?;
        transfer.finished(bytes);
        Ok(bytes)
    }

    async fn directory(
        &mut self,
        instance: Resource<Instance>,
        path: String,
        to: Resource<Output>,
    ) -> Result<u64, Failure> {
        let on = self.instance(&instance)?;
        self.is_path(&path)?;
        let run = self.running()?.clone();
        let output = self.table.get(&to)?.clone();
        let written = output.written.clone();
        let transfer = Transfer::new(&run.job.events, &path);
        let local = |error: std::io::Error| Failure::local(&written, &error);
        let begin = move || match output.third_party() {
            true => {
                let aside = Aside::make(&output)?;
                Ok((aside.folder()?, Some(aside)))
            }
            false => Ok((output.folder()?, None)),
        };
        let (folder, aside) = self.patience.block(begin).await?.map_err(local)?;
        let bytes = self
            .patience
            .wait(on.download_tree(&path, &folder, &transfer))
            .await??;
        if let Some(aside) = aside {
            self.patience
                .block(move || aside.commit())
                .await?
                .map_err(local)?;
        }
        transfer.finished(bytes);
        Ok(bytes)
    }
}
