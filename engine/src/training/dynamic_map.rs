//! Bytes for numbers of very different sizes: the dynamic map of bitsandbytes (Dettmers 2015; Dettmers et al. 2022). The smaller
//! the number, the more bits say how small it is and the fewer are left for its digits.

use std::sync::LazyLock;

/// Orders of magnitude below one.
const EXPONENTS: i32 = 7;

static SIGNED: LazyLock<[f32; 256]> = LazyLock::new(|| {
    let mut map = [0.0; 256];
    let both = magnitudes(0).into_iter().flat_map(|value| [value, -value]);
    fill(&mut map, both);
    map
});

static UNSIGNED: LazyLock<[f32; 256]> = LazyLock::new(|| {
    let mut map = [0.0; 256];
    fill(&mut map, magnitudes(1).into_iter());
    map
});

/// What each byte means, in rising order from about -1 to 1.
pub(super) fn dynamic_map() -> &'static [f32; 256] {
    &SIGNED
}

/// The same for numbers that are never negative, from 0 to 1.
pub(super) fn unsigned_dynamic_map() -> &'static [f32; 256] {
    &UNSIGNED
}

fn fill(map: &mut [f32; 256], values: impl Iterator<Item = f32>) {
    map.iter_mut().zip(values.chain([0.0, 1.0])).for_each(|(place, value)| *place = value);
    map.sort_by(f32::total_cmp);
}

/// All but 0 and 1; `more_bits` are left where there is no sign. Every operation rounds as PyTorch's does.
fn magnitudes(more_bits: u32) -> Vec<f32> {
    let mut values = Vec::new();
    for exponent in 0..EXPONENTS {
        let items = 1_usize << (exponent as u32 + more_bits);
        let step = (1.0_f32 - 0.1) / items as f32;
        // As `torch.linspace`: from both ends to the middle.
        let boundary = |place: usize| {
            if place < items.div_ceil(2) {
                step.mul_add(place as f32, 0.1)
            } else {
                step.mul_add(-((items - place) as f32), 1.0)
            }
        };
        let size = 10.0_f64.powi(exponent - (EXPONENTS - 1)) as f32;
        values.extend((0..items).map(|item| size * ((boundary(item) + boundary(item + 1)) / 2.0)));
    }
    values
}

/// The nearest of some numbers in rising order; half-way it is the lower one.
pub(super) fn nearest(levels: &[f32], value: f32) -> u8 {
    let (mut first, mut last) = (0, levels.len() - 1);
    while first < last {
        let middle = (first + last) / 2;
        if (levels[middle] + levels[middle + 1]) / 2.0 < value {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    first as u8
}
