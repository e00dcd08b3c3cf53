//! Numbers from a seed.

use std::fmt;

/// Numbers from a seed: what payloads are made of in tests.
///
/// ```
/// use telltale_testing::Draw;
///
/// let mut draw = Draw::new(7);
/// let name = *draw.pick(&["tea", "cake"]);
/// let price = draw.between(1, 100_u64);
/// assert!((1..=100).contains(&price) && ["tea", "cake"].contains(&name));
/// assert_eq!(*Draw::new(7).pick(&["tea", "cake"]), name);
/// ```
#[derive(Clone)]
pub struct Draw(u64);

impl Draw {
    /// Those of a seed.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// assert_eq!(Draw::new(7).bits(), Draw::new(7).bits());
    /// ```
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any 64 bits, as a seed of another generator, for example.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// let mut draw = Draw::new(7);
    /// assert_ne!(draw.bits(), draw.bits());
    /// ```
    // `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer from `lowest` to `highest`, both included.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// let number = Draw::new(7).between(-3, 3_i8);
    /// assert!((-3..=3).contains(&number));
    /// ```
    ///
    /// # Panics
    ///
    /// When `lowest` is more than `highest`.
    #[track_caller]
    pub fn between<T: TryInto<i128> + TryFrom<i128>>(&mut self, lowest: T, highest: T) -> T {
        let (Ok(lowest), Ok(highest)) = (lowest.try_into(), highest.try_into()) else {
            panic!("expected integers of at most 64 bits");
        };
        assert!(lowest <= highest, "nothing is between {lowest} and {highest}");
        let offset = i128::from(self.bits()) % (highest - lowest + 1);
        let Ok(number) = T::try_from(lowest + offset) else {
            unreachable!("a number between two of a type is of that type");
        };
        number
    }

    /// One of these.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// assert!([1, 2].contains(Draw::new(7).pick(&[1, 2])));
    /// ```
    ///
    /// # Panics
    ///
    /// When there is none.
    #[track_caller]
    pub fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        assert!(!items.is_empty(), "expected something to pick from");
        &items[self.between(0, items.len() - 1)]
    }

    /// Either.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// let mut draw = Draw::new(7);
    /// let gift = draw.flip().then(|| draw.text());
    /// ```
    pub const fn flip(&mut self) -> bool {
        self.bits() >> 63 == 1
    }

    /// A short text, which may be empty and is not always ASCII.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// assert!(Draw::new(7).text().chars().count() <= 12);
    /// ```
    pub fn text(&mut self) -> String {
        let length = self.between(0, 12);
        (0..length).map(|_| self.character()).collect()
    }

    /// A character, mostly a letter.
    pub(crate) fn character(&mut self) -> char {
        match self.between(0, 9) {
            0 => *self.pick(&[' ', '0', '"', '\\', '\'', '\n', '\0']),
            1 => *self.pick(&['ä', 'ß', 'Ω', '→', '漢', '🍵', '\u{301}']),
            _ => char::from(self.between(b'a', b'z')),
        }
    }

    /// Up to 16 bytes.
    ///
    /// ```
    /// use telltale_testing::Draw;
    ///
    /// assert!(Draw::new(7).bytes().len() <= 16);
    /// ```
    pub fn bytes(&mut self) -> Vec<u8> {
        let length = self.between(0, 16);
        (0..length).map(|_| self.bits() as u8).collect()
    }

    /// A place in these weights, each as often as its weight says; nothing if there is no weight.
    pub(crate) fn weighted(&mut self, weights: &[u64]) -> Option<usize> {
        let mut rest = self.bits().checked_rem(weights.iter().sum())?;
        weights.iter().position(|&weight| {
            let is_here = rest < weight;
            rest = rest.saturating_sub(weight);
            is_here
        })
    }
}

impl fmt::Debug for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draw::new({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_between_comes_up() {
        let mut draw = Draw::new(1);
        let drawn: std::collections::BTreeSet<i8> = (0..200).map(|_| draw.between(-2, 2)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
        assert!((0..50).all(|_| draw.between(u64::MAX, u64::MAX) == u64::MAX));
        draw.between(i64::MIN, i64::MAX);
    }

    #[test]
    fn weights_are_kept() {
        let mut draw = Draw::new(1);
        let mut counts = [0; 3];
        for _ in 0..1_000 {
            counts[draw.weighted(&[1, 0, 3]).expect("a weight")] += 1;
        }
        assert!(counts[0] > 150 && counts[1] == 0 && counts[2] > 600, "{counts:?}");
        assert_eq!(draw.weighted(&[0, 0]), None);
    }
}
