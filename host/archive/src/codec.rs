//! The compressions, each as a [`Codec`] over the crate that knows it.
//!
//! Blocks are large enough that compressing them apart costs less than one per cent of the size: many times the
//! format's window, or for `xz` twice its dictionary.

use std::{
    io::{self, Write},
    sync::Arc,
};

use flate2::{Compress, FlushCompress, Status};

use crate::{Compression, block::Codec};

const MIB: usize = 1024 * 1024;

/// The codec for a compression, with a level of 1 to 9; none for [`Compression::None`].
pub(crate) fn codec(compression: Compression, level: Option<u32>) -> Option<Arc<dyn Codec>> {
    let level = level.map(|level| level.clamp(1, 9));
    Some(match compression {
        Compression::None => return None,
        Compression::Gzip => Arc::new(Gzip {
            level: level.unwrap_or(6),
        }),
        Compression::Bgzf => Arc::new(Bgzf {
            level: level.unwrap_or(6),
        }),
        Compression::Lz4 => Arc::new(Lz4),
        Compression::Zstd => Arc::new(Zstd {
            level: level.unwrap_or(3),
        }),
        Compression::Xz => Arc::new(Xz {
            level: level.unwrap_or(6),
        }),
        Compression::Bzip2 => Arc::new(Bzip2 {
            level: level.unwrap_or(9),
        }),
    })
}

/// One member: blocks of raw deflate that end on a byte, as `pigz` writes them, so that every reader takes it.
struct Gzip {
    level: u32,
}

impl Codec for Gzip {
    fn block(&self) -> usize {
        MIB
    }

    fn begin(&self) -> Vec<u8> {
        // Magic, deflate, no flags, no time, no extra flags, Unix.
        vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
    }

    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>> {
        deflate(block, self.level, FlushCompress::Sync)
    }

    fn end(&self, crc: u32, length: u64) -> Vec<u8> {
        // An empty last block, then RFC 1952's trailer; the length is counted modulo 2^32.
        let mut end = vec![3, 0];
        end.extend(crc.to_le_bytes());
        end.extend(length.to_le_bytes().iter().take(4));
        end
    }
}

/// Raw deflate of one block.
fn deflate(block: &[u8], level: u32, flush: FlushCompress) -> io::Result<Vec<u8>> {
    let mut state = Compress::new(flate2::Compression::new(level), false);
    let mut out = Vec::with_capacity(block.len() / 2 + 64);
    loop {
        let done = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
        let rest = block.get(done..).unwrap_or_default();
        let status = state
            .compress_vec(rest, &mut out, flush)
            .map_err(io::Error::other)?;
        let all_read = state.total_in() == block.len() as u64;
        // With room left over, everything that was to be flushed is out.
        if status == Status::StreamEnd
            || (all_read && flush != FlushCompress::Finish && out.len() < out.capacity())
        {
            return Ok(out);
        }
        out.reserve(out.len().max(64));
    }
}

/// Members of at most 64 KiB that say how long they are, and an empty one at the end.
struct Bgzf {
    level: u32,
}

/// Input of one member, such that even incompressible data fits 64 KiB with its frame.
const BGZF_MEMBER: usize = 0xff00;
/// Frame around a member's data.
const BGZF_FRAME: usize = 18 + 8;

impl Codec for Bgzf {
    fn block(&self) -> usize {
        16 * BGZF_MEMBER
    }

    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(block.len() / 2);
        for member in block.chunks(BGZF_MEMBER) {
            bgzf_member(member, self.level, &mut out)?;
        }
        Ok(out)
    }

    fn end(&self, _: u32, _: u64) -> Vec<u8> {
        // An empty member, byte for byte as the specification has it: readers look for it to see that nothing is cut.
        let mut end = vec![
            0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 27, 0,
        ];
        end.extend([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        end
    }
}

fn bgzf_member(member: &[u8], level: u32, out: &mut Vec<u8>) -> io::Result<()> {
    let mut data = deflate(member, level, FlushCompress::Finish)?;
    if data.len() + BGZF_FRAME > 0x1_0000 {
        data = deflate(member, 0, FlushCompress::Finish)?;
    }
    let last_byte = u16::try_from(data.len() + BGZF_FRAME - 1).map_err(io::Error::other)?;
    out.extend([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0]);
    out.extend(last_byte.to_le_bytes());
    out.extend(data);
    out.extend(crc32fast::hash(member).to_le_bytes());
    out.extend(
        u32::try_from(member.len())
            .map_err(io::Error::other)?
            .to_le_bytes(),
    );
    Ok(())
}

/// A frame per block. LZ4 has no levels here: it is chosen for speed.
struct Lz4;

impl Codec for Lz4 {
    fn block(&self) -> usize {
        4 * MIB
    }

    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>> {
        use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
        let info = FrameInfo::new()
            .block_size(BlockSize::Max4MB)
            .content_checksum(true);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(block)?;
        encoder.finish().map_err(io::Error::other)
    }
}

/// A frame with a checksum per block.
struct Zstd {
    level: u32,
}

impl Codec for Zstd {
    fn block(&self) -> usize {
        8 * MIB
    }

    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>> {
        let level = i32::try_from(self.level).map_err(io::Error::other)?;
        let mut encoder = zstd::bulk::Compressor::new(level)?;
        encoder.include_checksum(true)?;
        encoder.compress(block)
    }
}

/// A stream per block.
struct Xz {
    level: u32,
}

/// More would be used by levels above 6 alone, and bought with up to 700 MiB per thread.
const XZ_DICTIONARY: u32 = 8 * 1024 * 1024;

impl Codec for Xz {
    fn block(&self) -> usize {
        16 * MIB
    }

    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>> {
        use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
        let mut options = LzmaOptions::new_preset(self.level)?;
        if self.level > 6 {
            options.dict_size(XZ_DICTIONARY);
        }
        let stream = Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc64)?;
        let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(block)?;
        encoder.finish()
    }
}

/// A stream per block.
struct Bzip2 {
    level: u32,
}

impl Codec for Bzip2 {
    fn block(&self) -> usize {
        // Whole blocks of the largest kind.
        4 * 900_000
    }

    fn compress(&self, block: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(self.level));
        encoder.write_all(block)?;
        encoder.finish()
    }
}
