//! The store's first texts, gathered until a dictionary can be trained on them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::dictionary::train;

/// Most bytes of text that are gathered.
const SAMPLE_BYTES_MAX: usize = 8 << 20;

/// Longest text that is gathered, in bytes: one long text must not fill the dictionary.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// Gathers texts, then trains a dictionary beside the running engine.
#[derive(Debug)]
pub struct Sampler {
    count: usize,
    is_gathering: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    texts: Vec<u8>,
    lens: Vec<usize>,
    training: Option<JoinHandle<()>>,
    dictionary: Option<Vec<u8>>,
    is_discarded: bool,
}

impl State {
    fn keep(&mut self, dictionary: Vec<u8>) {
        self.dictionary = Some(dictionary).filter(|_| !self.is_discarded);
    }
}

impl Sampler {
    /// Gathers `count` texts; none if 0.
    pub fn new(count: usize) -> Self {
        Self { count, is_gathering: AtomicBool::new(count > 0), state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether more texts are wanted.
    #[inline]
    pub fn is_gathering(&self) -> bool {
        self.is_gathering.load(Ordering::Relaxed)
    }

    /// Adds texts. Starts to train when there are enough.
    pub fn add<'a>(self: &Arc<Self>, texts: impl Iterator<Item = &'a str>) {
        let mut state = self.lock();
        for text in texts.filter(|text| text.len() <= TEXT_BYTES_MAX) {
            if !self.is_gathering() {
                return;
            }
            state.texts.extend_from_slice(text.as_bytes());
            state.lens.push(text.len());
            if self.count <= state.lens.len() || SAMPLE_BYTES_MAX <= state.texts.len() {
                self.is_gathering.store(false, Ordering::Relaxed);
                self.start(&mut state);
            }
        }
    }

    fn start(self: &Arc<Self>, state: &mut State) {
        let (texts, lens) = (std::mem::take(&mut state.texts), std::mem::take(&mut state.lens));
        let sampler = Arc::clone(self);
        let work = move || match train(&texts, &lens) {
            Ok(dictionary) => sampler.lock().keep(dictionary),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "statements stay without a dictionary until the next start"
            ),
        };
        let work = || acta_storage::background_span("dictionary", None).in_scope(work);
        match std::thread::Builder::new().name("acta-dictionary".into()).spawn(work) {
            Ok(handle) => state.training = Some(handle),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not start to train a dictionary"
            ),
        }
    }

    /// Discards all texts and the dictionary that is being trained, until the next start.
    pub fn discard(&self) {
        self.is_gathering.store(false, Ordering::Relaxed);
        let mut state = self.lock();
        (state.texts, state.lens) = (Vec::new(), Vec::new());
        (state.dictionary, state.is_discarded) = (None, true);
    }

    /// The dictionary, once, when it is ready.
    pub fn take(&self) -> Option<Vec<u8>> {
        self.lock().dictionary.take()
    }

    /// Waits for a training under way.
    pub fn wait(&self) {
        let training = self.lock().training.take();
        if let Some(handle) = training {
            // A panic in it was reported by its thread; the store works without.
            let _ = handle.join();
        }
    }
}
