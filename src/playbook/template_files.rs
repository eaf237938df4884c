//! The compiled template files of a run, by path.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::source::{Diagnostic, FileId, SourceMap, Span};
use crate::template::{FileTemplate, TemplateError, Templates, Trimming};

/// A compiled template and the file it was read from.
#[derive(Debug)]
pub struct TemplateFile {
    /// The file.
    pub file: FileId,
    /// The template.
    pub template: FileTemplate,
}

/// The template files that have been needed until now.
#[derive(Debug, Default)]
pub struct TemplateFiles {
    files: HashMap<(PathBuf, Trimming), Rc<TemplateFile>>,
}

impl TemplateFiles {
    /// The template at `path`, read and compiled the first time it is asked for.
    pub fn load(
        &mut self,
        path: &Path,
        trimming: Trimming,
        sources: &mut SourceMap,
        templates: &mut Templates,
    ) -> Result<Rc<TemplateFile>, Diagnostic> {
        if let Some(known) = self.get(path, trimming) {
            return Ok(known.clone());
        }
        let file = sources.load(path)?;
        let text = sources.text(file).to_owned();
        let template = templates
            .compile_file(&path.display().to_string(), &text, trimming)
            .map_err(|error| in_file(&error, file, text.len()))?;
        let template = template.secret(sources.is_secret(file));
        let loaded = Rc::new(TemplateFile { file, template });
        self.files
            .insert((path.to_owned(), trimming), loaded.clone());
        Ok(loaded)
    }

    /// The template at `path`, if it has been loaded.
    pub fn get(&self, path: &Path, trimming: Trimming) -> Option<&Rc<TemplateFile>> {
        self.files.get(&(path.to_owned(), trimming))
    }
}

/// What is wrong in a template file of `length` bytes.
pub fn in_file(error: &TemplateError, file: FileId, length: usize) -> Diagnostic {
    let at = error.at.clone().unwrap_or(0..0);
    let span = Span {
        file,
        start: at.start.min(length),
        end: at.end.min(length),
    };
    let diagnostic = Diagnostic::error(error.message.clone()).at(span, "");
    match &error.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
