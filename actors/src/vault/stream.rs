//! The encrypted stream: chunks under XChaCha20-Poly1305 in the STREAM construction. Each chunk carries its number and
//! whether it is the last one, so that nothing can be cut off, put in another order, or taken from elsewhere; what it
//! belongs to is associated data of each. One chunk is in memory at a time.

use std::io::{self, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::XChaCha20Poly1305;
use zeroize::Zeroizing;

/// How much of the text one chunk holds, in bytes. All but the last are full.
pub(super) const CHUNK: usize = 64 * 1_024;
/// What each chunk is longer than its text by, in bytes.
pub(super) const TAG: usize = 16;
/// The part of the nonce that all chunks of a stream share, in bytes.
pub(super) const SALT: usize = 19;

/// The key of one stream. Wiped when it is dropped, never printed.
pub(super) type StreamKey = Zeroizing<[u8; 32]>;

/// What every chunk says when it does not open: nobody learns why.
fn refused() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the stream was damaged, cut off, or belongs elsewhere",
    )
}

/// Encrypts what is written to it. Worth nothing until [`Sealer::finish`] has written the last chunk.
pub(super) struct Sealer<W> {
    to: W,
    chunks: EncryptorBE32<XChaCha20Poly1305>,
    belongs_to: Vec<u8>,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// `salt` is never used again with the same key. `belongs_to` has to be the same when the stream is opened.
    pub(super) fn new(to: W, key: &StreamKey, salt: &[u8; SALT], belongs_to: &[u8]) -> Self {
        Self {
            to,
            chunks: EncryptorBE32::new((&**key).into(), salt.into()),
            belongs_to: belongs_to.to_owned(),
            chunk: Vec::with_capacity(CHUNK + TAG),
        }
    }

    /// Writes the last chunk; gives what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.chunks
            .encrypt_last_in_place(&self.belongs_to, &mut self.chunk)
            .map_err(|_| refused())?;
        self.to.write_all(&self.chunk)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn seal_full(&mut self) -> io::Result<()> {
        self.chunks
            .encrypt_next_in_place(&self.belongs_to, &mut self.chunk)
            .map_err(|_| io::Error::other("more than 2^32 chunks"))?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        // A full chunk waits for more: the last one is another kind.
        if self.chunk.len() == CHUNK && !text.is_empty() {
            self.seal_full()?;
        }
        let taken = text.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&text[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decrypts what it reads. Whoever reads it to the end without an error has read exactly what was sealed; before that,
/// each part is genuine but may not be all.
pub(super) struct Opener<R> {
    from: R,
    chunks: Option<DecryptorBE32<XChaCha20Poly1305>>,
    belongs_to: Vec<u8>,
    broken: bool,
    /// The chunk that is given out, from `given` on.
    text: Vec<u8>,
    given: usize,
    /// What was read of the next one.
    ahead: Vec<u8>,
}

impl<R: Read> Opener<R> {
    pub(super) fn new(from: R, key: &StreamKey, salt: &[u8; SALT], belongs_to: &[u8]) -> Self {
        Self {
            from,
            chunks: Some(DecryptorBE32::new((&**key).into(), salt.into())),
            belongs_to: belongs_to.to_owned(),
            broken: false,
            text: Vec::with_capacity(CHUNK + TAG),
            given: 0,
            ahead: Vec::with_capacity(CHUNK + TAG + 1),
        }
    }

    /// Opens the next chunk. Whether it is the last one is seen by the byte behind it, if there is one.
    fn open_next(&mut self) -> io::Result<()> {
        let Some(mut chunks) = self.chunks.take() else {
            return Ok(());
        };
        let whole = CHUNK + TAG;
        let missing = (whole + 1 - self.ahead.len()) as u64;
        self.from.by_ref().take(missing).read_to_end(&mut self.ahead)?;
        self.given = 0;
        self.text.clear();
        if self.ahead.len() > whole {
            self.text.extend(self.ahead.drain(..whole));
            chunks
                .decrypt_next_in_place(&self.belongs_to, &mut self.text)
                .map_err(|_| refused())?;
            self.chunks = Some(chunks);
        } else {
            self.text.append(&mut self.ahead);
            chunks
                .decrypt_last_in_place(&self.belongs_to, &mut self.text)
                .map_err(|_| refused())?;
        }
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.broken {
                return Err(refused());
            }
            if self.chunks.is_none() {
                return Ok(0);
            }
            if let Err(error) = self.open_next() {
                // Nothing of a broken stream is given out afterwards, nor does it ever come to an end.
                (self.broken, self.given) = (true, 0);
                self.text.clear();
                return Err(error);
            }
        }
        let count = into.len().min(self.text.len() - self.given);
        into[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
