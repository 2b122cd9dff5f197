//! Numbers that look random and are the same in every run, and weights made of them in every block type.

use engine::quantization::BlockType;

/// `SplitMix64` (Steele et al. 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    /// From `low` to `high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Blocks of `values` weights around zero that spread about as far as `deviation`. Every bit pattern of the
    /// quantized values and scales within a block can occur; only the block's own scale and minimum are chosen.
    pub(crate) fn weights(&mut self, block_type: BlockType, values: usize, deviation: f32) -> Vec<u8> {
        let blocks = values / block_type.values();
        (0..blocks).flat_map(|_| self.block(block_type, deviation)).collect()
    }

    fn block(&mut self, block_type: BlockType, deviation: f32) -> Vec<u8> {
        let spread = self.between(0.5, 1.5) * deviation;
        // What one step of the quantized value is worth, given how far random ones spread.
        let step = |quantized_deviation: f32| spread / quantized_deviation;
        match block_type {
            BlockType::F32 => (self.between(-1.7, 1.7) * deviation).to_le_bytes().to_vec(),
            BlockType::F16 => half(self.between(-1.7, 1.7) * deviation).to_vec(),
            // A negative scale is as good as a positive one.
            BlockType::Q4_0 => [&half(-step(4.6))[..], &self.bytes(16)].concat(),
            BlockType::Q4_1 => [&half(step(4.6))[..], &half(step(4.6) * -7.5), &self.bytes(16)].concat(),
            BlockType::Q5_0 => [&half(-step(9.2))[..], &self.bytes(20)].concat(),
            BlockType::Q5_1 => [&half(step(9.2))[..], &half(step(9.2) * -15.5), &self.bytes(20)].concat(),
            BlockType::Q8_0 => [&half(step(74.0))[..], &self.bytes(32)].concat(),
            // Scale and minimum of a sub-block average 31.5 of 63, quantized values 7.5 of 15 or 15.5 of 31.
            BlockType::Q4K => [&half(step(300.0))[..], &half(step(300.0) * 7.5), &self.bytes(140)].concat(),
            BlockType::Q5K => [&half(step(600.0))[..], &half(step(600.0) * 15.5), &self.bytes(172)].concat(),
            BlockType::Q6K => [&self.bytes(208)[..], &half(step(1370.0))].concat(),
        }
    }
}

fn half(value: f32) -> [u8; 2] {
    half::f16::from_f32(value).to_le_bytes()
}
