//! Compresses a stream block by block on several threads, and writes the results in order.
//!
//! Every format here allows it: blocks become independent parts of one stream, or streams that readers join. What
//! holds the threads together is a bounded queue: the writer never runs further ahead than the threads can follow.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

/// Most threads of one stream. Sixteen compress faster than most disks write, and an `xz` thread takes 170 MiB.
const MOST_THREADS: usize = 16;

/// How many threads compress one stream: one per core.
pub fn threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS)
}

/// A format whose blocks can be compressed apart.
pub(crate) trait Codec: Send + Sync {
    /// Bytes of one block.
    fn block(&self) -> usize;

    /// What stands before the first block.
    fn begin(&self) -> Vec<u8> {
        Vec::new()
    }

    /// One block, compressed; the same whatever stands around it.
    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>>;

    /// What stands after the last block: `crc` is the CRC-32 of all input, `length` its bytes.
    fn end(&self, crc: u32, length: u64) -> Vec<u8> {
        let _ = (crc, length);
        Vec::new()
    }
}

type Compressed = io::Result<Vec<u8>>;

/// A block on its way to a thread, and where the result goes.
struct Job {
    block: Vec<u8>,
    done: SyncSender<Compressed>,
}

/// Takes bytes, writes them compressed.
pub(crate) struct Blocks<W: Write> {
    to: W,
    codec: Arc<dyn Codec>,
    block: Vec<u8>,
    jobs: Option<SyncSender<Job>>,
    running: VecDeque<Receiver<Compressed>>,
    threads: Vec<JoinHandle<()>>,
    crc: crc32fast::Hasher,
    length: u64,
}

impl<W: Write> Blocks<W> {
    /// Starts the threads, one per core.
    pub(crate) fn start(mut to: W, codec: Arc<dyn Codec>) -> io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(1);
        let queue = Arc::new(Mutex::new(queue));
        let threads = (0..threads()).map(|_| {
            let (codec, queue) = (codec.clone(), queue.clone());
            std::thread::Builder::new()
                .name("compress".to_owned())
                .spawn(move || work(codec.as_ref(), &queue))
        });
        let threads = threads.collect::<io::Result<Vec<_>>>()?;
        to.write_all(&codec.begin())?;
        Ok(Self {
            to,
            block: Vec::with_capacity(codec.block()),
            codec,
            jobs: Some(jobs),
            running: VecDeque::new(),
            threads,
            crc: crc32fast::Hasher::new(),
            length: 0,
        })
    }

    /// Compresses what is left and ends the stream.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if !self.block.is_empty() || self.length == 0 {
            self.send()?;
        }
        while !self.running.is_empty() {
            self.receive()?;
        }
        drop(self.jobs.take());
        for thread in self.threads {
            thread
                .join()
                .map_err(|_| io::Error::other("a compressing thread crashed"))?;
        }
        let end = self.codec.end(self.crc.finalize(), self.length);
        self.to.write_all(&end)?;
        Ok(self.to)
    }

    /// Hands the block to a thread. Where all are busy and one more waits, the oldest is written first.
    fn send(&mut self) -> io::Result<()> {
        if self.running.len() > self.threads.len() {
            self.receive()?;
        }
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(self.codec.block()));
        self.crc.update(&block);
        self.length += block.len() as u64;
        let (done, result) = sync_channel(1);
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Job { block, done }));
        match sent {
            Some(Ok(())) => self.running.push_back(result),
            _ => return Err(io::Error::other("the compressing threads ended")),
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<()> {
        let Some(oldest) = self.running.pop_front() else {
            return Ok(());
        };
        let compressed = oldest
            .recv()
            .map_err(|_| io::Error::other("a compressing thread crashed"))??;
        self.to.write_all(&compressed)
    }
}

impl<W: Write> Write for Blocks<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.codec.block().saturating_sub(self.block.len());
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        self.block.extend_from_slice(taken);
        if self.block.len() >= self.codec.block() {
            self.send()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Blocks are whole or not there: `finish` writes the last one.
        Ok(())
    }
}

/// One thread: takes blocks until there are no more.
fn work(codec: &dyn Codec, queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // Nobody waits for the result of an archive that was given up.
        let _ = job.done.send(codec.compress(&job.block));
    }
}
