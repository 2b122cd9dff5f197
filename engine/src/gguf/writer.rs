//! Writes GGUF files (version 3) of plain floats.

/// Where data begins is a multiple of this.
const ALIGNMENT_BYTES: usize = 32;

/// A file in the making.
#[derive(Debug, Default)]
pub struct GgufWriter {
    metadata: Vec<u8>,
    metadata_count: u64,
    index: Vec<u8>,
    tensor_count: u64,
    data: Vec<u8>,
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

impl GgufWriter {
    fn key(&mut self, key: &str, type_id: u32) {
        put_text(&mut self.metadata, key);
        self.metadata.extend_from_slice(&type_id.to_le_bytes());
        self.metadata_count += 1;
    }

    /// Adds a text to the metadata.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        put_text(&mut self.metadata, value);
    }

    /// Adds a number to the metadata.
    pub fn float(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.metadata.extend_from_slice(&value.to_le_bytes());
    }

    /// Adds a matrix of rows of `columns` values.
    pub fn floats(&mut self, name: &str, columns: usize, values: &[f32]) {
        put_text(&mut self.index, name);
        self.index.extend_from_slice(&2_u32.to_le_bytes());
        for size in [columns, values.len() / columns] {
            self.index.extend_from_slice(&(size as u64).to_le_bytes());
        }
        self.index.extend_from_slice(&0_u32.to_le_bytes()); // F32
        self.index.extend_from_slice(&(self.data.len() as u64).to_le_bytes());
        self.tensor_count += 1;
        self.data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self.data.resize(self.data.len().next_multiple_of(ALIGNMENT_BYTES), 0);
    }

    /// The whole file.
    pub fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend_from_slice(&3_u32.to_le_bytes());
        file.extend_from_slice(&self.tensor_count.to_le_bytes());
        file.extend_from_slice(&self.metadata_count.to_le_bytes());
        file.extend_from_slice(&self.metadata);
        file.extend_from_slice(&self.index);
        file.resize(file.len().next_multiple_of(ALIGNMENT_BYTES), 0);
        file.extend_from_slice(&self.data);
        file
    }
}
