//! How weights lie in GPU memory: each block's parts gathered into planes.
//!
//! WGSL reads 32-bit words at 4-byte addresses, but GGUF blocks are 18, 20, 22, 24, 34 or 210 bytes long. Padding
//! them would cost memory bandwidth, which is what decoding is bound by. So the quantized values of all blocks go
//! into one array of 16-byte vectors (neighbouring threads read neighbouring vectors), the scales into a second, and
//! fifth bits into a third. Q4_K and Q5_K blocks already are whole vectors and stay as they are. The bytes are the
//! file's own: nothing is rounded, nothing grows.

use std::ops::Range;

use super::call::Plane;
use crate::quantization::BlockType;

/// The planes of a block type: each with the range of every block's bytes that it gathers.
pub(super) fn planes(block_type: BlockType) -> &'static [(Plane, Range<usize>)] {
    match block_type {
        BlockType::F32 => &[(Plane::Quants, 0..4)],
        BlockType::F16 => &[(Plane::Quants, 0..2)],
        BlockType::Q4_0 => &[(Plane::Quants, 2..18), (Plane::Scales, 0..2)],
        BlockType::Q4_1 => &[(Plane::Quants, 4..20), (Plane::Scales, 0..4)],
        BlockType::Q5_0 => &[(Plane::Quants, 6..22), (Plane::Scales, 0..2), (Plane::High, 2..6)],
        BlockType::Q5_1 => &[(Plane::Quants, 8..24), (Plane::Scales, 0..4), (Plane::High, 4..8)],
        BlockType::Q8_0 => &[(Plane::Quants, 2..34), (Plane::Scales, 0..2)],
        BlockType::Q4K => &[(Plane::Quants, 0..144)],
        BlockType::Q5K => &[(Plane::Quants, 0..176)],
        BlockType::Q6K => &[(Plane::Quants, 0..208), (Plane::Scales, 208..210)],
    }
}

/// Bytes of a plane that holds `range` of each of `blocks` blocks, in whole words.
pub(super) fn plane_bytes(range: &Range<usize>, blocks: usize) -> u64 {
    (blocks as u64 * range.len() as u64).next_multiple_of(4)
}

/// Gathers `range` of every block into `plane`, padded with zeros to whole words.
pub(super) fn gather(blocks: &[u8], block_bytes: usize, range: &Range<usize>, plane: &mut Vec<u8>) {
    plane.clear();
    if range.len() == block_bytes {
        plane.extend_from_slice(blocks);
    } else {
        // The common lengths as constants, so that each copy is a move and not a call.
        match range.len() {
            2 => gather_exactly::<2>(blocks, block_bytes, range.start, plane),
            4 => gather_exactly::<4>(blocks, block_bytes, range.start, plane),
            16 => gather_exactly::<16>(blocks, block_bytes, range.start, plane),
            32 => gather_exactly::<32>(blocks, block_bytes, range.start, plane),
            _ => blocks.chunks_exact(block_bytes).for_each(|block| plane.extend_from_slice(&block[range.clone()])),
        }
    }
    plane.resize(plane.len().next_multiple_of(4), 0);
}

fn gather_exactly<const LENGTH: usize>(blocks: &[u8], block_bytes: usize, start: usize, plane: &mut Vec<u8>) {
    plane.extend(blocks.chunks_exact(block_bytes).flat_map(|block| {
        let mut part = [0; LENGTH];
        part.copy_from_slice(&block[start..start + LENGTH]);
        part
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_hold_every_byte_of_a_block_once() {
        for block_type in BlockType::ALL {
            let block: Vec<u8> = (0..block_type.size_bytes()).map(|index| index as u8).collect();
            let mut bytes = Vec::new();
            for (_, range) in planes(block_type) {
                let mut plane = Vec::new();
                gather(&[block.clone(), block.clone()].concat(), block.len(), range, &mut plane);
                assert_eq!(plane.len() as u64, plane_bytes(range, 2), "{block_type}");
                assert_eq!(plane[..range.len()], plane[range.len()..2 * range.len()], "{block_type}");
                bytes.extend_from_slice(&plane[..range.len()]);
            }
            bytes.sort_unstable();
            assert_eq!(bytes, block, "{block_type}");
        }
    }
}
