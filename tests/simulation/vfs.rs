//! SQLite on a simulated disk: a file system layer (a "VFS") that hands every call on to a
//! [`Disk`], as the one for Unix hands them on to the system.
//!
//! The one file of the tests with unsafe code; see `docs/adr/`. All connections are in this
//! process, so locks and shared memory are in memory too.

#![expect(unsafe_code, reason = "SQLite calls through pointers; see docs/adr")]

mod locks;

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acta_storage_embedded::{Disk, DiskFile};
use rusqlite::ffi;

use locks::{EXCLUSIVE, LockRange, Piece, Sharing};

/// Longest path, in bytes.
const PATH_BYTES_MAX: c_int = 512;

/// A layer that SQLite knows by its name, as long as this lives.
#[derive(Debug)]
pub(crate) struct Vfs {
    name: String,
    raw: *mut ffi::sqlite3_vfs,
    home: &'static Home,
}

/// What the layer of one disk needs.
#[derive(Debug)]
struct Home {
    /// None once the computer is off.
    disk: Mutex<Option<Arc<dyn Disk>>>,
    opening: Mutex<()>,
    /// What the connections to a file share, by its path.
    sharing: Mutex<HashMap<PathBuf, Arc<Mutex<Sharing>>>>,
}

/// What SQLite holds for an open file. SQLite gives the memory for it.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut OpenFile,
}

struct OpenFile {
    connection: u64,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    sharing: Arc<Mutex<Sharing>>,
    /// The disk, while the file's own name is still to be made durable by the first sync.
    unsettled: Option<Arc<dyn Disk>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Vfs {
    /// Makes SQLite know a layer on `disk`.
    pub(crate) fn register(disk: Arc<dyn Disk>) -> Self {
        let name = format!("simulated-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        // Connections may outlive the registration, so what they point to stays for good.
        let disk = Mutex::new(Some(disk));
        let home = Home { disk, opening: Mutex::default(), sharing: Mutex::default() };
        let home: &'static Home = Box::leak(Box::new(home));
        let c_name: &'static CStr = Box::leak(CString::new(name.clone()).unwrap().into());
        let raw = Box::into_raw(Box::new(table(home, c_name)));
        // SAFETY: the table and all that it points to live for ever.
        let result = unsafe { ffi::sqlite3_vfs_register(raw, 0) };
        assert_eq!(result, ffi::SQLITE_OK);
        Self { name, raw, home }
    }

    /// The name by which a connection asks for it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

// SAFETY: the pointer is only given back to SQLite, which locks its list of layers.
unsafe impl Send for Vfs {}

impl Drop for Vfs {
    fn drop(&mut self) {
        // SAFETY: it was registered, and is not registered a second time.
        unsafe { ffi::sqlite3_vfs_unregister(self.raw) };
        *self.home.disk.lock().unwrap() = None;
    }
}

fn table(home: &'static Home, name: &'static CStr) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: c_int::try_from(size_of::<Handle>()).unwrap(),
        mxPathname: PATH_BYTES_MAX,
        pNext: std::ptr::null_mut(),
        zName: name.as_ptr(),
        pAppData: std::ptr::from_ref(home).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(memory_map),
    xShmLock: Some(memory_lock),
    xShmBarrier: Some(memory_barrier),
    xShmUnmap: Some(memory_unmap),
    xFetch: None,
    xUnfetch: None,
};

impl Home {
    fn disk(&self) -> io::Result<Arc<dyn Disk>> {
        let disk = self.disk.lock().unwrap().clone();
        disk.ok_or_else(|| io::Error::other("the computer is off"))
    }

    fn open(&self, path: &Path, flags: c_int) -> io::Result<OpenFile> {
        let disk = self.disk()?;
        let is_created = flags & ffi::SQLITE_OPEN_CREATE != 0;
        // Two connections may both find no file; one of them makes it, the other opens it.
        let _one_by_one = self.opening.lock().unwrap();
        let file = match disk.open(path) {
            Err(error) if is_created && error.kind() == io::ErrorKind::NotFound => {
                disk.create(path)?
            }
            opened => opened?,
        };
        let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
        let sharing = Arc::clone(self.sharing.lock().unwrap().entry(path.into()).or_default());
        Ok(OpenFile {
            connection: NEXT.fetch_add(1, Ordering::Relaxed),
            path: path.into(),
            file,
            sharing,
            unsettled: (is_created && is_log).then_some(disk),
        })
    }
}

impl OpenFile {
    /// Fills the buffer as far as the file goes, and the rest with zeros.
    fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<c_int> {
        match self.file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            other => return other.map(|()| ffi::SQLITE_OK),
        }
        let available = usize::try_from(self.file.len()?.saturating_sub(offset)).unwrap();
        let (there, missing) = buffer.split_at_mut(available.min(buffer.len()));
        if !there.is_empty() {
            self.file.read_at(there, offset)?;
        }
        missing.fill(0);
        Ok(ffi::SQLITE_IOERR_SHORT_READ)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        if let Some(disk) = self.unsettled.take() {
            // The layer for Unix ignores it too when a directory cannot be synced.
            let _ = disk.sync_directory(parent(&self.path));
        }
        Ok(())
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// The error code for SQLite when something fails.
fn code(error: &io::Error, otherwise: c_int) -> c_int {
    if error.kind() == io::ErrorKind::StorageFull { ffi::SQLITE_FULL } else { otherwise }
}

fn done(result: io::Result<()>, otherwise: c_int) -> c_int {
    result.map_or_else(|error| code(&error, otherwise), |()| ffi::SQLITE_OK)
}

/// # Safety
///
/// `vfs` is one that was made here.
unsafe fn home<'a>(vfs: *mut ffi::sqlite3_vfs) -> &'a Home {
    // SAFETY: the caller says so, and a `Home` lives for ever.
    unsafe { &*(*vfs).pAppData.cast::<Home>() }
}

/// # Safety
///
/// `name` is a text that ends with zero.
unsafe fn path<'a>(name: *const c_char) -> &'a Path {
    // SAFETY: the caller says so. Paths of tests are UTF-8.
    Path::new(unsafe { CStr::from_ptr(name) }.to_str().unwrap())
}

/// # Safety
///
/// `file` was opened here and is not closed yet; nobody else uses it meanwhile.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut OpenFile {
    // SAFETY: the caller says so: SQLite uses a file from one thread at a time.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a layer of ours and memory for a handle, and, unless they are
    // null, a text that ends with zero and a place for the flags.
    unsafe {
        (*file).pMethods = std::ptr::null();
        if name.is_null() {
            // Temporary files are not needed by transactions as small as ours.
            return ffi::SQLITE_CANTOPEN;
        }
        let opened = match home(vfs).open(path(name), flags) {
            Ok(opened) => opened,
            Err(error) => return code(&error, ffi::SQLITE_CANTOPEN),
        };
        (*file.cast::<Handle>()).open = Box::into_raw(Box::new(opened));
        (*file).pMethods = &raw const METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    is_synced: c_int,
) -> c_int {
    // SAFETY: SQLite gives a layer of ours and a text that ends with zero.
    let (home, path) = unsafe { (home(vfs), path(name)) };
    let Ok(disk) = home.disk() else { return ffi::SQLITE_IOERR_DELETE };
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => ffi::SQLITE_IOERR_DELETE_NOENT,
        Err(_) => ffi::SQLITE_IOERR_DELETE,
        Ok(()) if is_synced & 1 == 0 => ffi::SQLITE_OK,
        Ok(()) => done(disk.sync_directory(parent(path)), ffi::SQLITE_IOERR_DIR_FSYNC),
    }
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a layer of ours and a text that ends with zero.
    let (home, path) = unsafe { (home(vfs), path(name)) };
    // The layer for Unix takes an empty file for none.
    let found = home.disk().and_then(|disk| disk.open(path)?.len());
    let is_there = match found {
        Ok(len) => 0 < len,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => return ffi::SQLITE_IOERR_ACCESS,
    };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *answer = c_int::from(is_there) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    len: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a text that ends with zero and room for `len` bytes.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if usize::try_from(len).unwrap() < bytes.len() {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(
    _vfs: *mut ffi::sqlite3_vfs,
    len: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives room for `len` bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(out, usize::try_from(len).unwrap()) };
    out.fill(7);
    len
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(u64::try_from(micros).unwrap()));
    micros
}

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, days: *mut f64) -> c_int {
    // SAFETY: SQLite gives a place for the answer. No statement of the tables asks for it.
    unsafe { *days = 2_461_000.5 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(
    _vfs: *mut ffi::sqlite3_vfs,
    _len: c_int,
    _out: *mut c_char,
) -> c_int {
    0
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: it was opened here, and SQLite uses it no more.
    let opened = unsafe { Box::from_raw((*file.cast::<Handle>()).open) };
    let mut sharing = opened.sharing.lock().unwrap();
    sharing.unlock(opened.connection, 0);
    sharing.unmap(opened.connection);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    len: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives an open file and room for `len` bytes.
    let (file, buffer) = unsafe {
        let len = usize::try_from(len).unwrap();
        (opened(file), std::slice::from_raw_parts_mut(buffer.cast::<u8>(), len))
    };
    let read = file.read(buffer, u64::try_from(offset).unwrap());
    read.unwrap_or(ffi::SQLITE_IOERR_READ)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    len: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives an open file and `len` bytes.
    let (file, bytes) = unsafe {
        let len = usize::try_from(len).unwrap();
        (opened(file), std::slice::from_raw_parts(bytes.cast::<u8>(), len))
    };
    let written = file.file.write_at(bytes, u64::try_from(offset).unwrap());
    done(written, ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let truncated = file.file.truncate(u64::try_from(len).unwrap());
    done(truncated, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    // As the layer for Unix does, which takes a lack of room for a failure here.
    if file.sync().is_ok() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_FSYNC }
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let Ok(len) = file.file.len() else { return ffi::SQLITE_IOERR_FSTAT };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *size = i64::try_from(len).unwrap() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let locked = file.sharing.lock().unwrap().lock(file.connection, level.min(EXCLUSIVE));
    if locked.is_ok() { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    file.sharing.lock().unwrap().unlock(file.connection, level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    answer: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives an open file and a place for the answer.
    unsafe { *answer = c_int::from(opened(file).sharing.lock().unwrap().is_reserved()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _what: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    // What the layer for Unix says.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE | ffi::SQLITE_IOCAP_SUBPAGE_READ
}

unsafe extern "C" fn memory_map(
    file: *mut ffi::sqlite3_file,
    index: c_int,
    len: c_int,
    is_extended: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let (index, len) = (usize::try_from(index).unwrap(), usize::try_from(len).unwrap());
    let mut sharing = file.sharing.lock().unwrap();
    sharing.map(file.connection);
    while is_extended != 0 && sharing.memory.len() <= index {
        sharing.memory.push(Piece::new(len));
    }
    let start = sharing.memory.get(index).map_or(std::ptr::null_mut(), Piece::start);
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = start.cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn memory_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    let (first, count) = (usize::try_from(first).unwrap(), usize::try_from(count).unwrap());
    let range = LockRange { first, count };
    let mut sharing = file.sharing.lock().unwrap();
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        sharing.unlock_memory(file.connection, range);
        return ffi::SQLITE_OK;
    }
    let is_exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    let locked = sharing.lock_memory(file.connection, range, is_exclusive);
    if locked.is_ok() { ffi::SQLITE_OK } else { ffi::SQLITE_BUSY }
}

unsafe extern "C" fn memory_barrier(_file: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn memory_unmap(file: *mut ffi::sqlite3_file, _is_deleted: c_int) -> c_int {
    // SAFETY: SQLite gives an open file.
    let file = unsafe { opened(file) };
    file.sharing.lock().unwrap().unmap(file.connection);
    ffi::SQLITE_OK
}
