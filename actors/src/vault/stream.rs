//! The encrypted stream: chunks under XChaCha20-Poly1305 in the STREAM construction. Each chunk carries its number and
//! whether it is the last one, so that nothing can be cut off, put in another order, or taken from elsewhere; what it
//! belongs to is associated data of each. One chunk is in memory at a time.

use std::io::{self, Read, Write};

use chacha20::{R20, hchacha};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
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

/// The chunks' cipher. In STREAM the first 16 bytes of XChaCha20's nonce are the same for every chunk, so its inner key is
/// made once, and the rest is ChaCha20-Poly1305 as ring has it: in assembler, some ten times faster than in plain Rust,
/// and some hundred times in a program that was built without optimisation. A test holds it to the plain construction.
struct Cipher {
    key: LessSafeKey,
    salt_rest: [u8; SALT - 16],
    belongs_to: Vec<u8>,
    number: u32,
}

impl Cipher {
    fn new(key: &StreamKey, salt: &[u8; SALT], belongs_to: &[u8]) -> Self {
        let mut outer = [0; 16];
        outer.copy_from_slice(&salt[..16]);
        let mut inner: Zeroizing<[u8; 32]> = Zeroizing::new([0; 32]);
        inner.copy_from_slice(&hchacha::<R20>((&**key).into(), (&outer).into()));
        let key = UnboundKey::new(&CHACHA20_POLY1305, inner.as_slice()).expect("its key has 32 bytes");
        Self {
            key: LessSafeKey::new(key),
            salt_rest: [salt[16], salt[17], salt[18]],
            belongs_to: belongs_to.to_owned(),
            number: 0,
        }
    }

    /// The next chunk's nonce; none is given twice.
    fn nonce(&mut self, last: bool) -> io::Result<Nonce> {
        let mut nonce = [0; 12];
        nonce[4..7].copy_from_slice(&self.salt_rest);
        nonce[7..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(last);
        let next = self.number.checked_add(1);
        self.number = next.ok_or_else(|| io::Error::other("more than 2^32 chunks"))?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }

    fn seal(&mut self, chunk: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let nonce = self.nonce(last)?;
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(&self.belongs_to), chunk)
            .map_err(|_| refused())
    }

    fn open(&mut self, chunk: &mut Vec<u8>, last: bool) -> io::Result<()> {
        let nonce = self.nonce(last)?;
        let opened = self.key.open_in_place(nonce, Aad::from(&self.belongs_to), chunk);
        let length = opened.map_err(|_| refused())?.len();
        chunk.truncate(length);
        Ok(())
    }
}

/// Encrypts what is written to it. Worth nothing until [`Sealer::finish`] has written the last chunk.
pub(super) struct Sealer<W> {
    to: W,
    cipher: Cipher,
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    /// `salt` is never used again with the same key. `belongs_to` has to be the same when the stream is opened.
    pub(super) fn new(to: W, key: &StreamKey, salt: &[u8; SALT], belongs_to: &[u8]) -> Self {
        Self {
            to,
            cipher: Cipher::new(key, salt, belongs_to),
            chunk: Vec::with_capacity(CHUNK + TAG),
        }
    }

    /// Writes the last chunk; gives what was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.cipher.seal(&mut self.chunk, true)?;
        self.to.write_all(&self.chunk)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn seal_full(&mut self) -> io::Result<()> {
        self.cipher.seal(&mut self.chunk, false)?;
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
    cipher: Cipher,
    /// The last chunk has been opened.
    ended: bool,
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
            cipher: Cipher::new(key, salt, belongs_to),
            ended: false,
            broken: false,
            text: Vec::with_capacity(CHUNK + TAG),
            given: 0,
            ahead: Vec::with_capacity(CHUNK + TAG + 1),
        }
    }

    /// Opens the next chunk. Whether it is the last one is seen by the byte behind it, if there is one.
    fn open_next(&mut self) -> io::Result<()> {
        let whole = CHUNK + TAG;
        let missing = (whole + 1 - self.ahead.len()) as u64;
        self.from.by_ref().take(missing).read_to_end(&mut self.ahead)?;
        self.given = 0;
        self.text.clear();
        if self.ahead.len() > whole {
            let next = self.ahead[whole];
            self.text.extend_from_slice(&self.ahead[..whole]);
            self.ahead.clear();
            self.ahead.push(next);
            self.cipher.open(&mut self.text, false)?;
        } else {
            self.text.append(&mut self.ahead);
            self.cipher.open(&mut self.text, true)?;
            self.ended = true;
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
            if self.ended {
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
