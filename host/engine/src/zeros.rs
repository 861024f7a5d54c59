//! Runs of zeros in what is transferred, so that a hole in a file stays one.
//!
//! Who writes a new file passes over a long run of zeros instead of writing it and sets the file's length at the end:
//! what is read back is the same, and the file takes no more room than its data.

/// Bytes judged as one; a file system gives out no less.
const PAGE: usize = 4096;
/// The shortest run that is passed over: shorter ones would cost more in pieces than they save in room.
const HOLE: usize = 32 * 1024;

/// The beginning of some bytes that is all of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// So many zeros, which need not be written.
    Zeros(usize),
    /// So many bytes to write.
    Data(usize),
}

/// The first run of `bytes`; never longer than they are, and empty only where they are.
pub fn first_run(bytes: &[u8]) -> Run {
    let zeros = leading(bytes);
    if zeros >= HOLE {
        return Run::Zeros(zeros);
    }
    let mut end = zeros;
    while let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        let zeros = leading(rest);
        if zeros >= HOLE {
            break;
        }
        end = (end + zeros + PAGE).min(bytes.len());
    }
    Run::Data(end)
}

/// The bytes of the pages at the beginning that hold nothing but zeros.
fn leading(bytes: &[u8]) -> usize {
    bytes
        .chunks(PAGE)
        .take_while(|page| {
            // Without an early end inside, so that the compiler makes vectors of it.
            page.chunks(256)
                .all(|part| part.iter().fold(0, |all, byte| all | byte) == 0)
        })
        .map(<[u8]>::len)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(mut bytes: &[u8]) -> Vec<Run> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let run = first_run(bytes);
            let (Run::Zeros(length) | Run::Data(length)) = run;
            found.push(run);
            bytes = &bytes[length..];
        }
        found
    }

    #[test]
    fn only_long_runs_of_zeros_are_passed_over() {
        let (zeros, data) = (vec![0; HOLE], vec![1; PAGE]);
        assert_eq!(runs(b""), []);
        assert_eq!(runs(b"abc"), [Run::Data(3)]);
        assert_eq!(runs(&zeros), [Run::Zeros(HOLE)]);
        assert_eq!(runs(&zeros[1..]), [Run::Data(HOLE - 1)]);
        assert_eq!(
            runs(&[&data[..], &zeros, &data].concat()),
            [Run::Data(PAGE), Run::Zeros(HOLE), Run::Data(PAGE)]
        );
        assert_eq!(
            runs(&[&data[..], &zeros[PAGE..], &data].concat()),
            [Run::Data(HOLE + PAGE)]
        );
        assert_eq!(
            runs(&[&zeros[..], &zeros[..100], b"x"].concat()),
            [Run::Zeros(HOLE), Run::Data(101)]
        );
    }
}
