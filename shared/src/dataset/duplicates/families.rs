//! Rows that belong together.

/// Sets of rows that only ever join (union by the smaller row, with paths halved).
#[derive(Clone, Debug)]
pub struct Families {
    parent: Vec<u32>,
}

impl Families {
    /// Every row on its own.
    pub fn new(rows: u32) -> Self {
        Self { parent: (0..rows).collect() }
    }

    /// The first row of a row's family.
    pub fn first(&mut self, row: u32) -> u32 {
        let mut row = row;
        loop {
            let parent = self.parent[row as usize];
            if parent == row {
                return row;
            }
            let grandparent = self.parent[parent as usize];
            self.parent[row as usize] = grandparent;
            row = grandparent;
        }
    }

    /// Joins two families.
    pub fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.first(one), self.first(other));
        self.parent[one.max(other) as usize] = one.min(other);
    }

    /// Rows whose family has others, the rows of a family one after the other and each family in order.
    pub fn members(&mut self) -> Vec<Vec<u32>> {
        let mut pairs: Vec<(u32, u32)> = (0..self.parent.len() as u32)
            .map(|row| (self.first(row), row))
            .filter(|(first, row)| first != row)
            .collect();
        pairs.sort_unstable();
        pairs
            .chunk_by(|one, other| one.0 == other.0)
            .map(|family| std::iter::once(family[0].0).chain(family.iter().map(|(_, row)| *row)).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_join() {
        let mut families = Families::new(8);
        for (one, other) in [(7, 3), (3, 5), (1, 2), (5, 7)] {
            families.join(one, other);
        }
        assert_eq!(families.members(), [vec![1, 2], vec![3, 5, 7]]);
        assert_eq!((0..8).map(|row| families.first(row)).collect::<Vec<_>>(), [0, 1, 1, 3, 4, 3, 6, 3]);
    }
}
