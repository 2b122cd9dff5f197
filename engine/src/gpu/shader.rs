//! One kernel variant as WGSL text: constants and bindings from typed parameters, then a body that is plain WGSL.
//!
//! The browser gets the text unparsed and naga parses it natively, so it uses nothing that only one of them knows:
//! no `enable`, no subgroups, no 16-bit floats.

use super::call::{Call, Grid, Resource};

/// How a kernel uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// A small struct that every thread reads.
    Uniform,
    /// A storage buffer that is only read.
    Read,
    /// A storage buffer that is written, and maybe read.
    Write,
}

/// A finished kernel variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shader {
    /// Which kernel, for error messages and profilers.
    pub name: &'static str,
    /// WGSL with the entry point `main`.
    pub text: String,
    /// The bindings of group 0 in order.
    pub bindings: Vec<Access>,
}

/// A value that can stand in WGSL.
pub(super) trait Constant {
    /// Its WGSL type.
    const TYPE: &'static str;
    /// It as a WGSL literal.
    fn literal(self) -> String;
}

impl Constant for u32 {
    const TYPE: &'static str = "u32";
    fn literal(self) -> String {
        format!("{self}u")
    }
}

impl Constant for usize {
    const TYPE: &'static str = "u32";
    fn literal(self) -> String {
        format!("{self}u")
    }
}

impl Constant for bool {
    const TYPE: &'static str = "bool";
    fn literal(self) -> String {
        self.to_string()
    }
}

impl Constant for f32 {
    const TYPE: &'static str = "f32";
    fn literal(self) -> String {
        // Rust prints the shortest text that reads back as the same float.
        format!("{self:?}f")
    }
}

/// A kernel variant in the making: each binding is declared together with what will be bound to it.
#[derive(Clone)]
pub(super) struct Template {
    name: &'static str,
    constants: String,
    declarations: String,
    bindings: Vec<Access>,
    resources: Vec<Resource>,
    body: String,
}

impl Template {
    /// A kernel whose body is `body`.
    pub(super) fn new(name: &'static str, body: &str) -> Self {
        Self {
            name,
            constants: String::new(),
            declarations: String::new(),
            bindings: Vec::new(),
            resources: Vec::new(),
            body: body.to_owned(),
        }
    }

    /// `const NAME = value;`
    pub(super) fn constant<T: Constant>(mut self, name: &str, value: T) -> Self {
        self.constants += &format!("const {name}: {} = {};\n", T::TYPE, value.literal());
        self
    }

    /// Replaces `$marker` in the body: for unrolled loops and names, where WGSL has no words for it.
    pub(super) fn insert(mut self, marker: &str, text: &str) -> Self {
        let marker = format!("${marker}");
        let mut replaced = String::with_capacity(self.body.len());
        let mut rest = self.body.as_str();
        while let Some((before, after)) = rest.split_once(&marker) {
            // `$sum` is not the beginning of `$sums`.
            let is_whole = !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
            replaced += before;
            replaced += if is_whole { text } else { &marker };
            rest = after;
        }
        replaced += rest;
        self.body = replaced;
        self
    }

    /// More functions and types for the body.
    pub(super) fn part(mut self, text: &str) -> Self {
        self.body = format!("{text}\n{}", self.body);
        self
    }

    /// A uniform struct.
    pub(super) fn uniform(self, name: &str, type_name: &str, resource: Resource) -> Self {
        self.bind(name, type_name, "uniform", Access::Uniform, resource)
    }

    /// A read-only array of `element`s.
    pub(super) fn read(self, name: &str, element: &str, resource: Resource) -> Self {
        self.bind(name, &format!("array<{element}>"), "storage, read", Access::Read, resource)
    }

    /// A writable array of `element`s.
    pub(super) fn write(self, name: &str, element: &str, resource: Resource) -> Self {
        self.bind(name, &format!("array<{element}>"), "storage, read_write", Access::Write, resource)
    }

    /// A writable struct.
    pub(super) fn write_struct(self, name: &str, type_name: &str, resource: Resource) -> Self {
        self.bind(name, type_name, "storage, read_write", Access::Write, resource)
    }

    fn bind(mut self, name: &str, type_name: &str, space: &str, access: Access, resource: Resource) -> Self {
        let index = self.bindings.len();
        self.declarations += &format!("@group(0) @binding({index}) var<{space}> {name}: {type_name};\n");
        self.bindings.push(access);
        self.resources.push(resource);
        self
    }

    /// The kernel with its bindings, to be run on `grid`.
    ///
    /// # Panics
    /// Where it would bind a buffer that it writes twice, or more storage buffers than every WebGPU device has.
    pub(super) fn call(self, grid: Grid) -> Call {
        let written = self.resources.iter().zip(&self.bindings).filter(|(_, access)| **access == Access::Write);
        for (resource, _) in written {
            let uses = self.resources.iter().filter(|other| *other == resource).count();
            assert_eq!(uses, 1, "{}: {resource:?} is written through one binding", self.name);
        }
        let storage = self.bindings.iter().filter(|access| **access != Access::Uniform).count();
        assert!(storage <= 8, "{}: {storage} storage buffers", self.name);
        assert!(!self.body.contains('$'), "{}: a marker is left in its text", self.name);
        let text = format!("{}{}{}", self.constants, self.declarations, self.body);
        Call { shader: Shader { name: self.name, text, bindings: self.bindings }, resources: self.resources, grid }
    }
}
