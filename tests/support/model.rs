//! A manifest of a tuned model: one fact per line, the rest agrees.

/// See the module.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) name: String,
    base: String,
    dataset: String,
    validation: Option<String>,
    epochs: Option<u32>,
    spec: Vec<String>,
    lifecycle: Vec<String>,
}

/// A model that trains for three epochs.
pub(crate) fn model(name: &str) -> Model {
    Model {
        name: name.to_owned(),
        base: "gemini-3.5-flash".to_owned(),
        dataset: format!("gs://acme-ml/{name}/train.jsonl"),
        validation: None,
        epochs: Some(3),
        spec: Vec::new(),
        lifecycle: Vec::new(),
    }
}

impl Model {
    /// Trains for that many epochs.
    pub(crate) fn epochs(mut self, epochs: u32) -> Self {
        self.epochs = Some(epochs);
        self
    }

    /// Tunes another base model.
    pub(crate) fn base(mut self, base: &str) -> Self {
        self.base = base.to_owned();
        self
    }

    /// Leaves the number of epochs to Vertex.
    pub(crate) fn no_epochs(mut self) -> Self {
        self.epochs = None;
        self
    }

    /// Trains with another dataset.
    pub(crate) fn dataset(mut self, uri: &str) -> Self {
        self.dataset = uri.to_owned();
        self
    }

    /// Evaluates with that dataset.
    pub(crate) fn validation(mut self, uri: &str) -> Self {
        self.validation = Some(uri.to_owned());
        self
    }

    /// One more line of `spec`.
    pub(crate) fn spec(mut self, line: &str) -> Self {
        self.spec.push(line.to_owned());
        self
    }

    /// One more line of `spec.lifecycle`.
    pub(crate) fn lifecycle(mut self, line: &str) -> Self {
        self.lifecycle.push(line.to_owned());
        self
    }

    /// The YAML.
    pub(crate) fn text(&self) -> String {
        let Self { name, base, dataset, validation, epochs, spec, lifecycle } = self;
        let mut text = format!(
            "apiVersion: retune.dev/v1\nkind: TunedModel\nmetadata:\n  name: {name}\nspec:\n  \
             baseModel: {base}\n"
        );
        for line in spec {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str(&format!(
            "  supervisedTuningSpec:\n    trainingDatasetUri: {dataset}\n    \
             exportLastCheckpointOnly: true\n"
        ));
        if let Some(uri) = validation {
            text.push_str(&format!("    validationDatasetUri: {uri}\n"));
        }
        if let Some(epochs) = epochs {
            text.push_str(&format!("    hyperParameters:\n      epochCount: {epochs}\n"));
        }
        if !lifecycle.is_empty() {
            text.push_str("  lifecycle:\n");
        }
        for line in lifecycle {
            text.push_str(&format!("    {line}\n"));
        }
        text
    }
}
