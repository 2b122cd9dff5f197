//! Splits work over the cores natively; in the browser a worker has one.

/// The threads an executor may use.
pub struct Threads {
    #[cfg(not(target_arch = "wasm32"))]
    pool: Option<rayon::ThreadPool>,
    count: usize,
}

impl Threads {
    /// `count` threads, at least one; on the web always one.
    pub fn new(count: usize) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        {
            let pool = (count > 1)
                .then(|| {
                    rayon::ThreadPoolBuilder::new()
                        .num_threads(count)
                        .thread_name(|index| format!("engine-{index}"))
                        .build()
                        .ok()
                })
                .flatten();
            let count = if pool.is_some() { count } else { 1 };
            Self { pool, count }
        }
        #[cfg(target_arch = "wasm32")]
        {
            let _ = count;
            Self { count: 1 }
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Runs `work` on one of the threads, from where the splitting below is cheapest.
    pub(super) fn enter<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(pool) = &self.pool {
            return pool.install(work);
        }
        work()
    }

    /// Calls `work(index, chunk)` for each chunk of `length` values of `data`, on all threads.
    pub(super) fn for_each_chunk<T: Send>(
        &self,
        data: &mut [T],
        length: usize,
        work: impl Fn(usize, &mut [T]) + Sync + Send,
    ) {
        #[cfg(not(target_arch = "wasm32"))]
        if self.count > 1 && data.len() > length {
            use rayon::prelude::*;
            data.par_chunks_mut(length).enumerate().for_each(|(index, chunk)| work(index, chunk));
            return;
        }
        data.chunks_mut(length).enumerate().for_each(|(index, chunk)| work(index, chunk));
    }
}
