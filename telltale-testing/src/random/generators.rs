//! How payloads are made.

use std::any::type_name;
use std::collections::BTreeMap;

use telltale_vm::{Value, pack};

use super::draw::Draw;
use super::scalars;
use crate::payload::fitted;
use crate::spelling::{carried, without_paths};

type Generator = dyn Fn(&mut Draw) -> Value + Send + Sync;

/// By label, by type, or by default.
#[derive(Default)]
pub(super) struct Generators {
    by_label: BTreeMap<String, Box<Generator>>,
    /// By the name of the type, without the paths in it.
    by_type: BTreeMap<String, Box<Generator>>,
}

impl Generators {
    pub(super) fn add_label<T: Send + 'static>(
        &mut self,
        label: &str,
        make: impl Fn(&mut Draw) -> T + Send + Sync + 'static,
    ) {
        self.by_label.insert(label.to_owned(), Box::new(move |draw| pack(make(draw))));
    }

    pub(super) fn add_type<T: Send + 'static>(
        &mut self,
        make: impl Fn(&mut Draw) -> T + Send + Sync + 'static,
    ) {
        let name = without_paths(type_name::<T>());
        self.by_type.insert(name, Box::new(move |draw| pack(make(draw))));
    }

    /// A payload for a label whose type is spelled `ty`; nothing if nobody can make one.
    pub(super) fn make(&self, label: &str, ty: &str, draw: &mut Draw) -> Option<Value> {
        let by_type = || self.by_type.get(&without_paths(&carried(ty)));
        match self.by_label.get(label).or_else(by_type) {
            Some(make) => Some(fitted(make(draw), ty)),
            None => scalars::value(&carried(ty), draw),
        }
    }
}

/// Payloads from a strategy of `proptest`, for [`Random::by_label`](super::Random::by_label) and
/// [`Random::by_type`](super::Random::by_type).
///
/// ```
/// use telltale_testing::{Random, strategy};
///
/// let random = Random::new(7)
///     .by_label("Price", strategy(1..100_u64))
///     .by_label("Ask", strategy("[a-z]{1,8}"));
/// ```
///
/// The value that is drawn is not shrunk: a failing run is replayed by its seed.
///
/// # Panics
///
/// What it gives panics when the strategy rejects too many values.
#[cfg(feature = "proptest")]
pub fn strategy<S>(strategy: S) -> impl Fn(&mut Draw) -> S::Value + Send + Sync + 'static
where
    S: proptest::strategy::Strategy + Send + Sync + 'static,
{
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    move |draw| {
        let mut seed = [0; 32];
        for part in seed.chunks_exact_mut(8) {
            part.copy_from_slice(&draw.bits().to_le_bytes());
        }
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        match strategy.new_tree(&mut runner) {
            Ok(tree) => tree.current(),
            Err(reason) => panic!("the strategy gives no value: {reason}"),
        }
    }
}
