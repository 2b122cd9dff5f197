//! How alike two directions are.

/// The cosine of the angle between two vectors, from -1 to 1. `None` where they differ in length, are empty, or one of
/// them has no direction.
pub fn cosine_similarity(one: &[f32], other: &[f32]) -> Option<f64> {
    if one.len() != other.len() {
        return None;
    }
    let dot = |one: &[f32], other: &[f32]| -> f64 {
        one.iter().zip(other).map(|(&one, &other)| f64::from(one) * f64::from(other)).sum()
    };
    let length = dot(one, one).sqrt() * dot(other, other).sqrt();
    (length > 0.0 && length.is_finite()).then(|| (dot(one, other) / length).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_cosine_of_the_angle() {
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[0.0, 2.0]), Some(0.0));
        assert_eq!(cosine_similarity(&[3.0, 4.0], &[-3.0, -4.0]), Some(-1.0));
        assert!((cosine_similarity(&[1.0, 0.0], &[1.0, 1.0]).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(cosine_similarity(&[1.0], &[1.0, 2.0]), None);
        assert_eq!(cosine_similarity(&[0.0], &[1.0]), None);
        assert_eq!(cosine_similarity(&[], &[]), None);
    }
}
