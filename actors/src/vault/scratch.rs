//! Files without a name: they are gone with their handle, and with the process.

use std::{
    fs,
    io::{self, Seek as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::VaultError;
use crate::domain::{IdSource, ids::RequestKind};

pub(super) fn file(folder: &Path, ids: &IdSource) -> Result<fs::File, VaultError> {
    nameless(folder, ids).map_err(VaultError::Storage)
}

fn nameless(folder: &Path, ids: &IdSource) -> io::Result<fs::File> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(ids.next::<RequestKind>().to_string());
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

pub(super) fn rewind(file: &mut fs::File) -> Result<(), VaultError> {
    file.rewind().map_err(VaultError::Storage)
}
