//! Texts of assertions are templates: here they are filled in with the case's variables.

use minijinja::UndefinedBehavior;
use serde_json::Value;

use super::observation::{JudgeError, quoted};
use crate::prompt::{Variables, template_environment};

/// The case's variables.
#[derive(Clone, Copy)]
pub(super) struct Values<'a>(&'a Variables);

impl<'a> Values<'a> {
    pub(super) fn new(variables: &'a Variables) -> Self {
        Self(variables)
    }

    /// Fills in one template. As in promptfoo, a variable without a value is an empty text.
    pub(super) fn render(self, template: &str) -> Result<String, JudgeError> {
        if !template.contains("{{") && !template.contains("{%") && !template.contains("{#") {
            return Ok(template.to_owned());
        }
        let mut environment = template_environment();
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.render_str(template, minijinja::value::Serde(self.0)).map_err(|error| {
            let place = error.line().map(|line| format!(" at line {line}")).unwrap_or_default();
            JudgeError::new(format!("the expected text {} is no valid template{place}: {error}", quoted(template)))
        })
    }

    /// Fills in each template.
    pub(super) fn render_all(self, templates: &[String]) -> Result<Vec<String>, JudgeError> {
        templates.iter().map(|template| self.render(template)).collect()
    }

    /// Fills in a text, or the texts of a list; anything else stays as it is.
    pub(super) fn render_value(self, value: &Value) -> Result<Value, JudgeError> {
        match value {
            Value::String(template) => Ok(Value::String(self.render(template)?)),
            Value::Array(items) => {
                let filled = items.iter().map(|item| match item {
                    Value::String(template) => Ok(Value::String(self.render(template)?)),
                    other => Ok(other.clone()),
                });
                Ok(Value::Array(filled.collect::<Result<_, JudgeError>>()?))
            }
            other => Ok(other.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(template: &str) -> Result<String, JudgeError> {
        let variables = json!({"name": "Ada <b>", "list": ["x", "y"], "nothing": null, "n": 3});
        Values::new(variables.as_object().unwrap()).render(template)
    }

    #[test]
    fn variables_are_filled_in_as_they_are() {
        assert_eq!(render("Hi {{ name }}, {{n}}{{ nothing }}{{ missing.deep }}!").unwrap(), "Hi Ada <b>, 3!");
        assert_eq!(render("{% for x in list %}{{ x }};{% endfor %}").unwrap(), "x;y;");
        assert_eq!(render("{ \"a\": 1 }").unwrap(), "{ \"a\": 1 }");
    }

    #[test]
    fn a_broken_template_names_itself() {
        let message = render("a\n{{ name").unwrap_err().to_string();
        assert!(message.starts_with("the expected text “a\n{{ name” is no valid template at line 2"), "{message}");
        assert!(render("{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}").is_err());
    }
}
