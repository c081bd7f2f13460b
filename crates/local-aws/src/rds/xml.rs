/// Writes XML. Every element that is opened is closed.
#[derive(Default)]
pub(super) struct Xml {
    text: String,
}

impl Xml {
    pub(super) fn leaf(&mut self, name: &str, value: impl ToString) {
        self.text.push_str(&format!("<{name}>{}</{name}>", escape(&value.to_string())));
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.leaf(name, value);
        }
    }

    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Xml)) {
        self.element_with(name, "", content);
    }

    /// As `element`, with the namespace of RDS.
    pub(super) fn root(&mut self, name: &str, content: impl FnOnce(&mut Xml)) {
        self.element_with(name, " xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"", content);
    }

    fn element_with(&mut self, name: &str, attributes: &str, content: impl FnOnce(&mut Xml)) {
        self.text.push_str(&format!("<{name}{attributes}>"));
        content(self);
        self.text.push_str(&format!("</{name}>"));
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
