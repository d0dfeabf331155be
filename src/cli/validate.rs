//! `retune validate`: everything that can be checked offline.

use std::path::PathBuf;

use super::exit::Exit;
use super::said::Said;
use crate::manifest::{self, Report, Settings, render};

/// Arguments of `retune validate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Manifest files and directories; `manifests` when there is one, else the current directory
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// How findings are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Format,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// For people, with the source line underlined
    #[default]
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitHub workflow commands, which annotate a pull request
    Github,
}

/// Checks the manifests. Exit code 3 when there is an error or no manifest, 64
/// when a flag does not go with the files, else 0.
pub fn run(args: &Args, settings: &Settings) -> Said {
    let Args { paths, format } = args;
    let paths = if paths.is_empty() { manifest::default_paths() } else { paths.clone() };
    let loaded = manifest::load(&paths, settings);
    let data = written(loaded.report(), *format);
    let summary = render::summary(loaded.report()) + "\n";
    let (code, narration) = match loaded.into_result() {
        Ok(_) => (Exit::Done, summary),
        Err(manifest::Rejected::Invalid(_)) => (Exit::Invalid, summary),
        Err(manifest::Rejected::Usage(error)) => (Exit::Usage, format!("error: {error}\n")),
    };
    Said { data, narration, code }
}

fn written(report: &Report, format: Format) -> String {
    match format {
        Format::Text => render::text(&report.findings, true),
        Format::Json => render::json(report),
        Format::Sarif => render::sarif(report),
        Format::Github => render::github(&report.findings),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;

    const MANIFEST: &str = "\
apiVersion: retune.dev/v1
kind: TunedModel
metadata: {name: faq}
spec:
  project: acme-ml
  location: us-central1
  baseModel: gemini-3.5-flash
  supervisedTuningSpec:
    trainingDatasetUri: gs://acme-ml/faq/train.jsonl
    hyperParameters: {epochCount: 3}
";

    fn said(text: &str, format: Format) -> Said {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ä faq.yaml");
        fs::write(&file, text).unwrap();
        let mut said = run(&Args { paths: vec![file.clone()], format }, &Settings::default());
        let uri = format!("file://{}/%C3%A4%20faq.yaml", directory.path().display());
        said.data = said.data.replace(&uri, "URI").replace(&*file.to_string_lossy(), "FILE");
        said
    }

    fn broken() -> String {
        MANIFEST.replace("epochCount: 3", "epochCount: 0, epochCount: 3")
    }

    #[test]
    fn the_exit_code_says_whether_anything_may_be_planned() {
        for (text, code) in [
            (MANIFEST.to_owned(), Exit::Done),
            (MANIFEST.replace("gemini-3.5-flash", "gemini-1.0-pro-002"), Exit::Done),
            (broken(), Exit::Invalid),
            (String::new(), Exit::Invalid),
        ] {
            for format in [Format::Text, Format::Json, Format::Sarif, Format::Github] {
                assert_eq!(said(&text, format).code, code, "{format:?}: {text}");
            }
        }
        let said = said(MANIFEST, Format::Text);
        assert_eq!(
            (&*said.data, &*said.narration),
            ("", "no findings in 1 file with 1 document\n")
        );
    }

    #[test]
    fn a_flag_against_a_manifest_is_wrong_usage() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("faq.yaml");
        fs::write(&file, MANIFEST).unwrap();
        let project = manifest::Setting { flag: Some("other".to_owned()), environment: None };
        let settings = Settings { project, ..Settings::default() };
        let said = run(&Args { paths: vec![file], format: Format::Text }, &settings);
        assert_eq!(said.code, Exit::Usage);
        assert!(said.narration.contains("faq.yaml:5:12"), "{}", said.narration);
    }

    #[test]
    fn json_has_the_place_and_the_cure() {
        let said = said(&broken(), Format::Json);
        let json: Value = serde_json::from_str(&said.data).unwrap();
        assert_eq!(json["formatVersion"], 1);
        assert_eq!(json["summary"]["errors"], 2);
        let first = &json["findings"][0];
        assert_eq!(first["code"], "out-of-range");
        assert_eq!(first["severity"], "error");
        assert_eq!((&first["line"], &first["column"]), (&10.into(), &35.into()));
        assert_eq!(first["file"], "FILE");
        assert!(first["hint"].is_string());
        assert_eq!(json["findings"][1]["related"]["column"], 23);
    }

    #[test]
    fn sarif_has_rules_and_regions() {
        let said = said(&broken(), Format::Sarif);
        let log: Value = serde_json::from_str(&said.data).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), manifest::Code::ALL.len());
        let result = &run["results"][0];
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "URI");
        assert_eq!(place["region"]["startLine"], 10);
        assert!(result["message"]["text"].as_str().unwrap().contains("epochCount"));
        assert_eq!(run["results"][1]["relatedLocations"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn github_has_one_command_a_finding() {
        let said = said(&broken(), Format::Github);
        let first = said.data.lines().next().unwrap();
        let start = "::error file=FILE,line=10,col=35,endColumn=36,title=out-of-range::";
        assert!(first.starts_with(start), "{first}");
        assert_eq!(said.data.lines().count(), 2);
    }

    #[test]
    fn text_keeps_its_styles_for_the_printer_to_strip() {
        let said = said(&broken(), Format::Text);
        assert!(said.data.contains("\u{1b}["));
        let plain = anstream::adapter::strip_str(&said.data).to_string();
        let expected = "\
error[out-of-range]: `epochCount` is `0`; expected 1 to 1000
  --> FILE:10:35
   |
10 |     hyperParameters: {epochCount: 0, epochCount: 3}
   |                                   ^
";
        assert!(plain.starts_with(expected), "{plain}");
    }
}
