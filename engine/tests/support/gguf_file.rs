//! Writes GGUF files, wrong ones too: what is written is what the fields say.

use engine::source::ReadAt;

/// A metadata value with the type it is written as.
#[derive(Clone, Debug)]
pub(crate) enum MetadataValue {
    U32(u32),
    I32(i32),
    U64(u64),
    F32(f32),
    Bool(bool),
    Text(String),
    Texts(Vec<String>),
    Integers(Vec<i32>),
    Floats(Vec<f32>),
    /// A type number and whatever bytes follow it.
    Raw(u32, Vec<u8>),
}

impl From<&str> for MetadataValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A tensor with its data.
#[derive(Clone, Debug)]
pub(crate) struct TensorData {
    pub(crate) name: String,
    /// The contiguous dimension first.
    pub(crate) dimensions: Vec<u64>,
    pub(crate) type_id: u32,
    pub(crate) bytes: Vec<u8>,
    /// Where the index says that the data lies, if not where it does.
    pub(crate) claimed_offset: Option<u64>,
}

/// A file in the making.
#[derive(Clone, Debug)]
pub(crate) struct GgufContent {
    pub(crate) metadata: Vec<(String, MetadataValue)>,
    pub(crate) tensors: Vec<TensorData>,
}

const ALIGNMENT: usize = 32;

impl GgufContent {
    /// Sets a metadata value, or adds it.
    pub(crate) fn set(&mut self, key: &str, value: MetadataValue) {
        match self.metadata.iter_mut().find(|(known, _)| known == key) {
            Some((_, known)) => *known = value,
            None => self.metadata.push((key.to_owned(), value)),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.metadata.retain(|(known, _)| known != key);
    }

    pub(crate) fn tensor_mut(&mut self, name: &str) -> &mut TensorData {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).unwrap()
    }

    /// Everything before the tensors' data.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut file = Vec::new();
        file.extend_from_slice(b"GGUF");
        put_u32(&mut file, 3);
        put_u64(&mut file, self.tensors.len() as u64);
        put_u64(&mut file, self.metadata.len() as u64);
        for (key, value) in &self.metadata {
            put_text(&mut file, key);
            put_value(&mut file, value);
        }
        let mut offset = 0;
        for tensor in &self.tensors {
            put_text(&mut file, &tensor.name);
            put_u32(&mut file, tensor.dimensions.len() as u32);
            tensor.dimensions.iter().for_each(|&dimension| put_u64(&mut file, dimension));
            put_u32(&mut file, tensor.type_id);
            put_u64(&mut file, tensor.claimed_offset.unwrap_or(offset));
            offset += tensor.bytes.len().next_multiple_of(ALIGNMENT) as u64;
        }
        file
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = self.head();
        for tensor in &self.tensors {
            file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
            file.extend_from_slice(&tensor.bytes);
        }
        file
    }
}

fn put_u32(file: &mut Vec<u8>, number: u32) {
    file.extend_from_slice(&number.to_le_bytes());
}

fn put_u64(file: &mut Vec<u8>, number: u64) {
    file.extend_from_slice(&number.to_le_bytes());
}

fn put_text(file: &mut Vec<u8>, text: &str) {
    put_u64(file, text.len() as u64);
    file.extend_from_slice(text.as_bytes());
}

fn put_value(file: &mut Vec<u8>, value: &MetadataValue) {
    let type_id = match value {
        MetadataValue::U32(_) => 4,
        MetadataValue::I32(_) => 5,
        MetadataValue::F32(_) => 6,
        MetadataValue::Bool(_) => 7,
        MetadataValue::Text(_) => 8,
        MetadataValue::Texts(_) | MetadataValue::Integers(_) | MetadataValue::Floats(_) => 9,
        MetadataValue::U64(_) => 10,
        MetadataValue::Raw(type_id, _) => *type_id,
    };
    put_u32(file, type_id);
    let mut put_list_head = |element_type, length| {
        put_u32(file, element_type);
        put_u64(file, length as u64);
    };
    match value {
        MetadataValue::U32(number) => put_u32(file, *number),
        MetadataValue::I32(number) => file.extend_from_slice(&number.to_le_bytes()),
        MetadataValue::U64(number) => put_u64(file, *number),
        MetadataValue::F32(number) => file.extend_from_slice(&number.to_le_bytes()),
        MetadataValue::Bool(flag) => file.push(u8::from(*flag)),
        MetadataValue::Text(text) => put_text(file, text),
        MetadataValue::Texts(list) => {
            put_list_head(8, list.len());
            list.iter().for_each(|text| put_text(file, text));
        }
        MetadataValue::Integers(list) => {
            put_list_head(5, list.len());
            list.iter().for_each(|number| file.extend_from_slice(&number.to_le_bytes()));
        }
        MetadataValue::Floats(list) => {
            put_list_head(6, list.len());
            list.iter().for_each(|number| file.extend_from_slice(&number.to_le_bytes()));
        }
        MetadataValue::Raw(_, bytes) => file.extend_from_slice(bytes),
    }
}

/// A file with a real head that is as long as it claims to be, and otherwise empty: for plans of large models.
pub(crate) struct HollowFile(pub(crate) Vec<u8>);

impl ReadAt for HollowFile {
    fn size_bytes(&self) -> u64 {
        1 << 40
    }

    fn read_exact_at(&self, offset_bytes: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.fill(0);
        let head = self.0.get(offset_bytes as usize..).unwrap_or_default();
        let held = head.len().min(buffer.len());
        buffer[..held].copy_from_slice(&head[..held]);
        Ok(())
    }
}
