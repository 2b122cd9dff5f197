//! Messages to prompt text, with the Jinja template in the model file itself.

mod defaults;
mod generation_marks;
mod template;

pub use template::{ChatTemplate, RenderOptions, TemplateError, TemplateOrigin};
