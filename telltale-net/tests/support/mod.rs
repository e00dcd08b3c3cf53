//! An executor that does nothing by chance: it polls whoever was woken, in an order that a seed gives.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Futures that run side by side on one thread.
#[derive(Default)]
pub(crate) struct Tasks<'a> {
    tasks: Vec<Task<'a>>,
}

struct Task<'a> {
    name: &'static str,
    /// Nothing when it is done.
    future: Option<Pin<Box<dyn Future<Output = ()> + 'a>>>,
    is_woken: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'a> Tasks<'a> {
    pub(crate) fn add(&mut self, name: &'static str, future: impl Future<Output = ()> + 'a) {
        let is_woken = Arc::new(Flag(AtomicBool::new(true)));
        self.tasks.push(Task { name, future: Some(Box::pin(future)), is_woken });
    }

    /// Polls whoever was woken until nobody is. Nobody may be left who waits.
    pub(crate) fn run(&mut self, seed: u64) {
        let mut random = seed;
        loop {
            let woken: Vec<usize> =
                (0..self.tasks.len()).filter(|&task| self.tasks[task].could_go_on()).collect();
            if woken.is_empty() {
                break;
            }
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            self.tasks[woken[(random >> 33) as usize % woken.len()]].poll();
        }
        let left: Vec<&str> =
            self.tasks.iter().filter(|task| task.future.is_some()).map(|task| task.name).collect();
        assert!(left.is_empty(), "seed {seed}: {left:?} wait, and nobody will wake them");
    }
}

impl Task<'_> {
    fn could_go_on(&self) -> bool {
        self.future.is_some() && self.is_woken.0.load(Ordering::Relaxed)
    }

    fn poll(&mut self) {
        self.is_woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.is_woken.clone());
        let Some(future) = &mut self.future else { return };
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            self.future = None;
        }
    }
}
