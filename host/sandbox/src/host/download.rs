//! `download`: files and folders of the instance, to where the user said. The bytes never pass through the guest.

use std::sync::Arc;

use kilnbox_engine::{Deed, Progress as _, event::Transfer as Moved};
use wasmtime::component::Resource;

use super::{outputs::Output, progress::Transfer, sparse::Sparse, tree::Aside, types::Instance};
use crate::{
    bindings::kilnbox::plugin::download::Host,
    failure::Failure,
    record::{Hashing, tree},
    store::State,
};

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
        let quota = self.quota.clone();
        let replacement = self
            .patience
            .block(move || output.begin(None, &quota))
            .await?
            .map_err(local)?;
        let file = Sparse::new(replacement.file().map_err(local)?, self.quota.clone());
        let mut file = Hashing::new(file, run.recorder.hash());
        let doing = run.recorder.begin(|| download(&path, &written));
        let arrived = async {
            let bytes = self
                .patience
                .wait(on.download(&path, &mut file, &transfer))
                .await??;
            let (file, content) = file.end();
            file.finish().await.map_err(local)?;
            self.patience
                .block(move || replacement.commit(&run.written))
                .await?
                .map_err(local)?;
            transfer.finished(bytes);
            Ok((bytes, content))
        };
        let arrived: Result<_, Failure> = arrived.await;
        doing.over(&arrived, |deed| {
            if let (Deed::Download(moved), Ok((_, content))) = (deed, &arrived) {
                moved.content.clone_from(content);
            }
        });
        arrived.map(|(bytes, _)| bytes)
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
        let transfer = Transfer::new(&run.job.events, &path).counted(self.quota.clone());
        let quota = self.quota.clone();
        let local = |error: std::io::Error| Failure::local(&written, &error);
        let begin = move || match output.third_party() {
            true => {
                let aside = Aside::make(&output)?;
                Ok((aside.folder()?, Some(aside)))
            }
            false => Ok((output.folder()?, None)),
        };
        let (folder, aside) = self.patience.block(begin).await?.map_err(local)?;
        let folder = Arc::new(folder);
        let doing = run.recorder.begin(|| download(&path, &written));
        let patience = self.patience.clone();
        let arrived = async {
            let before = tree::list(&run.recorder, &patience, &folder)
                .await?
                .map_err(local)?;
            let fetching = transfer.within_quota(on.download_tree(&path, &folder, &transfer));
            let bytes = patience.wait(fetching).await???;
            transfer.moved(bytes, None);
            transfer.reached()?;
            let tree = match before {
                None => None,
                Some(before) => {
                    let (recorder, cancel) = (run.recorder.clone(), patience.cancel().clone());
                    let arrived = move || before.arrived(&folder, &recorder, &cancel);
                    Some(patience.block(arrived).await?.map_err(local)?)
                }
            };
            if let Some(aside) = aside {
                patience
                    .block(move || aside.commit(&quota))
                    .await?
                    .map_err(local)?;
            }
            transfer.finished(bytes);
            Ok((bytes, tree))
        };
        let arrived: Result<_, Failure> = arrived.await;
        doing.over(&arrived, |deed| {
            if let (Deed::Download(moved), Ok((_, tree))) = (deed, &arrived) {
                moved.tree.clone_from(tree);
            }
        });
        arrived.map(|(bytes, _)| bytes)
    }
}

fn download(from: &str, to: &str) -> Deed {
    Deed::Download(Moved {
        from: Some(from.to_owned()),
        to: to.to_owned(),
        ..Moved::default()
    })
}
