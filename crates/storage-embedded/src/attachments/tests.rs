//! Attachments on a real disk, and on one that fails.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acta_access::TenantId;
use acta_ambient::SeededEntropy;
use acta_statement_log::disk::{Disk, DiskFile, SystemDisk};
use acta_storage::{AttachmentStore, StagedAttachment, StorageError};
use acta_xapi::Sha2;
use bytes::Bytes;
use tempfile::TempDir;

use super::files::PIECE_BYTES;
use super::{Attachments, Staged};

struct Bench {
    directory: TempDir,
    disk: Arc<FragileDisk>,
    attachments: Attachments,
}

impl Bench {
    fn new() -> Self {
        Self::open(TempDir::new().unwrap())
    }

    fn open(directory: TempDir) -> Self {
        let disk = Arc::new(FragileDisk::default());
        let entropy = Arc::new(SeededEntropy::new(1));
        let attachments =
            Attachments::open(directory.path(), Arc::<FragileDisk>::clone(&disk), entropy).unwrap();
        Self { directory, disk, attachments }
    }

    fn reopen(self) -> Self {
        Self::open(self.directory)
    }

    async fn stage(&self, owner: u32, announced: &Sha2, pieces: &[&[u8]]) -> Staged {
        let tenant = tenant(owner);
        let mut writer =
            self.attachments.stage_attachment(tenant, announced.clone()).await.unwrap();
        for piece in pieces {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        Staged::from_port(tenant, writer.finish().await.unwrap()).unwrap()
    }

    async fn read(&self, owner: u32, sha2: &Sha2) -> Result<Option<Vec<u8>>, StorageError> {
        let opened = self.attachments.open_attachment(tenant(owner), sha2).await?;
        let Some(mut reader) = opened else { return Ok(None) };
        let mut content = Vec::new();
        while let Some(piece) = reader.next().await? {
            assert!(piece.len() <= PIECE_BYTES);
            content.extend_from_slice(&piece);
        }
        assert_eq!(content.len() as u64, reader.len_bytes());
        Ok(Some(content))
    }

    /// The paths of all files, below the directory of attachments.
    fn files(&self) -> Vec<String> {
        let root = self.directory.path().join("attachments");
        let mut files = Vec::new();
        let mut directories = vec![root.clone()];
        while let Some(directory) = directories.pop() {
            let entries = std::fs::read_dir(directory).unwrap();
            let paths = entries.map(|entry| entry.unwrap().path());
            let (below, here): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
            directories.extend(below);
            let relative = |path: PathBuf| path.strip_prefix(&root).unwrap().to_owned();
            files.extend(here.into_iter().map(|path| relative(path).to_str().unwrap().to_owned()));
        }
        files.sort_unstable();
        files
    }

    fn path(&self, owner: u32, sha2: &Sha2) -> PathBuf {
        self.directory.path().join("attachments").join(place(owner, sha2))
    }
}

/// A disk that has no room, or whose directories cannot be synced, on demand.
#[derive(Debug, Default)]
struct FragileDisk {
    is_full: AtomicBool,
    is_broken: AtomicBool,
}

impl Disk for FragileDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        SystemDisk.create_directory(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(directory)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        SystemDisk.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        SystemDisk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the directory cannot be synced"));
        }
        SystemDisk.sync_directory(path)
    }
}

fn tenant(number: u32) -> TenantId {
    TenantId::new(number).unwrap()
}

fn place(owner: u32, sha2: &Sha2) -> String {
    format!("{owner}/{}/{}", &sha2.as_str()[..2], sha2.as_str())
}

#[tokio::test]
async fn gives_content_back_to_its_tenant_alone() {
    let long = vec![3; 3 * PIECE_BYTES + 5];
    let table: [(&str, Vec<&[u8]>); 6] = [
        ("no piece", vec![]),
        ("small pieces", vec![b"a", b"", b"bc"]),
        ("one piece", vec![&long[..PIECE_BYTES]]),
        ("a long piece", vec![&long]),
        ("a long piece behind a small one", vec![b"a", &long]),
        ("a small piece behind a long one", vec![&long, b"a", b"b"]),
    ];
    for (case, pieces) in table {
        let bench = Bench::new();
        let content = pieces.concat();
        let sha2 = Sha2::sha256(&content);
        let staged = bench.stage(1, &sha2, &pieces).await;
        assert_eq!(staged.len_bytes(), content.len() as u64, "{case}");
        assert_eq!(staged.read(u64::MAX).await.unwrap().unwrap(), content, "{case}");
        assert_eq!(bench.read(1, &sha2).await.unwrap(), None, "{case}: not placed yet");
        bench.attachments.place(vec![staged]).unwrap().keep();
        let bench = bench.reopen();
        assert_eq!(bench.read(1, &sha2).await.unwrap(), Some(content), "{case}");
        assert_eq!(bench.read(2, &sha2).await.unwrap(), None, "{case}: another tenant");
        assert_eq!(bench.files(), [place(1, &sha2)], "{case}");
    }
}

#[tokio::test]
async fn hashes_by_the_member_of_the_family_that_was_announced() {
    // The hashes of "abc" in FIPS 180-4's examples.
    let table = [
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
         8086072ba1e7cc2358baeca134c825a7",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
         2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ];
    for text in table {
        let bench = Bench::new();
        let sha2: Sha2 = text.parse().unwrap();
        let staged = bench.stage(1, &sha2, &[b"abc"]).await;
        bench.attachments.place(vec![staged]).unwrap().keep();
        assert_eq!(bench.read(1, &sha2).await.unwrap().as_deref(), Some(&b"abc"[..]), "{text}");
    }
}

#[tokio::test]
async fn content_that_is_not_placed_is_removed() {
    let bench = Bench::new();
    let sha2 = Sha2::sha256(b"abc");
    let long = Bytes::from(vec![0; 2 * PIECE_BYTES]);
    let mut writer = bench.attachments.stage_attachment(tenant(1), sha2.clone()).await.unwrap();
    writer.write(long).await.unwrap();
    assert_eq!(bench.files().len(), 1);
    drop(writer);
    assert!(bench.files().is_empty(), "a dropped writer leaves nothing");
    let staged = bench.stage(1, &sha2, &[b"abc"]).await;
    assert_eq!(bench.files().len(), 1);
    drop(staged);
    assert!(bench.files().is_empty(), "a dropped attachment leaves nothing");
    let staged = bench.stage(1, &sha2, &[b"abc"]).await;
    drop(bench.attachments.place(vec![staged]).unwrap());
    assert!(bench.files().is_empty(), "a refused group leaves nothing");
}

#[tokio::test]
async fn what_was_staged_before_a_crash_is_removed() {
    let bench = Bench::new();
    // A process that was killed does not drop its values.
    std::mem::forget(bench.stage(1, &Sha2::sha256(b"abc"), &[b"abc"]).await);
    assert_eq!(bench.files().len(), 1);
    assert!(bench.reopen().files().is_empty());
}

#[tokio::test]
async fn content_that_is_there_already_is_kept() {
    let bench = Bench::new();
    let sha2 = Sha2::sha256(b"abc");
    let (first, second) =
        (bench.stage(1, &sha2, &[b"abc"]).await, bench.stage(1, &sha2, &[b"abc"]).await);
    bench.attachments.place(vec![first, second]).unwrap().keep();
    assert_eq!(bench.files(), [place(1, &sha2)]);
    let third = bench.stage(1, &sha2, &[b"abc"]).await;
    // This group fails later on: what the others brought must stay.
    drop(bench.attachments.place(vec![third]).unwrap());
    assert_eq!(bench.read(1, &sha2).await.unwrap().as_deref(), Some(&b"abc"[..]));
    assert_eq!(bench.files(), [place(1, &sha2)]);
}

#[tokio::test]
async fn refuses_content_that_is_not_what_it_claims() {
    let bench = Bench::new();
    let announced = Sha2::sha256(b"abc");
    for (case, content, owner) in [("another hash", b"abd", 1), ("another tenant", b"abc", 2)] {
        let mut writer =
            bench.attachments.stage_attachment(tenant(1), announced.clone()).await.unwrap();
        writer.write(Bytes::from_static(content)).await.unwrap();
        let staged = writer.finish().await.unwrap();
        assert_eq!(staged.announced(), &announced);
        assert_eq!(staged.computed(), &Sha2::sha256(content));
        let error = Staged::from_port(tenant(owner), staged).unwrap_err();
        let StorageError::Io { source, .. } = error else { panic!("{case}: {error:?}") };
        assert_eq!(source.kind(), io::ErrorKind::InvalidInput, "{case}");
        assert!(bench.files().is_empty(), "{case}");
    }
}

#[tokio::test]
async fn damaged_content_never_seems_complete() {
    let content = vec![5; 2 * PIECE_BYTES];
    let sha2 = Sha2::sha256(&content);
    let mut flipped = content.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let table = [
        ("a bit flipped", flipped),
        ("shorter", content[..PIECE_BYTES].to_vec()),
        ("empty", Vec::new()),
        ("longer", [&content[..], b"x"].concat()),
    ];
    for (case, damaged) in table {
        let bench = Bench::new();
        let staged = bench.stage(1, &sha2, &[&content]).await;
        bench.attachments.place(vec![staged]).unwrap().keep();
        std::fs::write(bench.path(1, &sha2), damaged).unwrap();
        let read = bench.read(1, &sha2).await;
        assert!(matches!(read, Err(StorageError::Corrupt { .. })), "{case}: {read:?}");
    }
}

#[tokio::test]
async fn equal_content_replaces_a_file_of_another_length() {
    let bench = Bench::new();
    let sha2 = Sha2::sha256(b"abc");
    let staged = bench.stage(1, &sha2, &[b"abc"]).await;
    bench.attachments.place(vec![staged]).unwrap().keep();
    std::fs::write(bench.path(1, &sha2), b"").unwrap();
    let staged = bench.stage(1, &sha2, &[b"abc"]).await;
    bench.attachments.place(vec![staged]).unwrap().keep();
    assert_eq!(bench.read(1, &sha2).await.unwrap().as_deref(), Some(&b"abc"[..]));
}

#[tokio::test]
async fn gives_staged_content_back_only_up_to_the_length_asked_for() {
    let bench = Bench::new();
    let staged = bench.stage(1, &Sha2::sha256(b"abc"), &[b"abc"]).await;
    assert_eq!(staged.read(2).await.unwrap(), None);
    assert_eq!(staged.read(3).await.unwrap().as_deref(), Some(&b"abc"[..]));
}

#[tokio::test]
async fn a_full_disk_says_so_and_leaves_nothing() {
    let bench = Bench::new();
    bench.disk.is_full.store(true, Ordering::SeqCst);
    let sha2 = Sha2::sha256(b"abc");
    let mut writer = bench.attachments.stage_attachment(tenant(1), sha2.clone()).await.unwrap();
    let long = Bytes::from(vec![0; 2 * PIECE_BYTES]);
    let wrote = writer.write(long).await;
    assert!(matches!(wrote, Err(StorageError::Full)), "{wrote:?}");
    assert!(writer.write(Bytes::from(vec![0; PIECE_BYTES])).await.is_err(), "not half of it");
    assert!(writer.finish().await.is_err(), "not half of it");
    assert!(bench.files().is_empty());
}

#[tokio::test]
async fn content_whose_directory_cannot_be_synced_is_not_placed() {
    let bench = Bench::new();
    let sha2 = Sha2::sha256(b"abc");
    // The directory is there already, so that the content is moved before the disk fails.
    drop(bench.attachments.place(vec![bench.stage(1, &sha2, &[b"abc"]).await]).unwrap());
    let staged = bench.stage(1, &sha2, &[b"abc"]).await;
    bench.disk.is_broken.store(true, Ordering::SeqCst);
    let placed = bench.attachments.place(vec![staged]);
    assert!(matches!(placed, Err(StorageError::Io { .. })), "{placed:?}");
    assert!(bench.files().is_empty());
}
