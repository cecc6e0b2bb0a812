//! The scanner's passes one by one, so that a bench can tell what each takes.
//!
//! For tests, and not stable. A text is read as the body of a mail to one
//! person; what one pass makes stays for the next.

use std::fmt;

use super::passage::{Passage, Region};
use super::risk::features::{Envelope, Features, features};
use super::risk::summary::Summary;
use super::risk::verdict::{Verdict, Words};
use super::source::Source;
use super::tagger::codes::Codes;
use super::tagger::context::Context;
use super::tagger::model::Model;
use super::tagger::score::Memos;
use super::tagger::{Tag, tag};
use super::token::tokens;
use super::view::View;
use super::{FindingKind, Part, roles, rules};

/// A text, and what was made of it so far.
pub struct Passes<'t> {
    text: &'t str,
    passage: Passage<'t>,
    envelope: Envelope,
    context: Context,
    memos: Memos,
    codes: Codes,
    tags: Vec<Tag>,
    summary: Summary,
}

impl fmt::Debug for Passes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passes").finish_non_exhaustive()
    }
}

impl<'t> Passes<'t> {
    /// A text of ASCII, which is its own view, read up to its units.
    pub fn new(text: &'t str) -> Self {
        let mut passes = Self {
            text,
            passage: Passage::read(text.as_bytes(), 0, text.len(), Region::Body),
            envelope: Envelope::default(),
            context: Context::new("clinic@harbor.example", ["pat@mail.example"], None),
            memos: Memos::default(),
            codes: Codes::default(),
            tags: Vec::new(),
            summary: Summary::default(),
        };
        passes.count();
        passes.context.speech = passes.summary.speech();
        let (words, features) = passes.features();
        let prior = Verdict::get().step(&features, &words);
        passes.context.prior = prior;
        passes
    }

    fn features(&self) -> (Words, Features<'_>) {
        let features = features(&self.summary, &self.context, &self.envelope);
        let mut words = Words::default();
        Verdict::get().read(&features, &mut words);
        (words, features)
    }

    /// What a reader of a page sees: its bytes.
    pub fn html(page: &str) -> usize {
        View::html(page).text.len()
    }

    /// The view and what formats say of the text: the bytes to be read.
    pub fn view(&self) -> usize {
        Source::new(Part::Text, "text/plain", self.text)
            .view
            .text
            .len()
    }

    /// Words, numbers and signs: how many.
    pub fn tokens(&self) -> usize {
        let mut all = Vec::new();
        tokens(self.text.as_bytes(), 0, self.text.len(), &mut all);
        all.len()
    }

    /// Tokens, units and what the lists say of them: how many units.
    pub fn units(&mut self) -> usize {
        self.passage = Passage::read(self.text.as_bytes(), 0, self.text.len(), Region::Body);
        self.passage.items.len()
    }

    /// The model for codes alone, or with that for words: how many labels.
    pub fn label(&mut self, names: bool) -> usize {
        let memos = names.then_some(&mut self.memos);
        let model = Model::get();
        self.tags = tag(&self.passage, &self.context, model, memos, &mut self.codes);
        self.tags.len()
    }

    /// What is certain whatever the models say: how many labels there are then.
    pub fn rules(&mut self, names: bool) -> usize {
        rules::apply(&self.passage, &mut self.tags, names);
        self.tags.len()
    }

    /// People made whole, and patients told from staff: how many patients there are.
    pub fn people(&mut self) -> usize {
        rules::people(&self.passage, &mut self.tags);
        roles::tell(&self.passage, &mut self.tags, &self.context);
        let patients = self.tags.iter().filter(|tag| tag.kind == FindingKind::Name);
        patients.count()
    }

    /// Words and labels counted: how many words.
    pub fn count(&mut self) -> usize {
        self.summary = Summary::default();
        self.summary.read(&self.passage, None);
        let filter = Some(Verdict::get().filter());
        self.summary
            .add(&self.passage, &self.tags, &self.context, filter);
        self.summary.words.len()
    }

    /// The verdict: its score.
    pub fn judge(&self) -> i32 {
        let (words, features) = self.features();
        Verdict::get().judge(&features, &words).score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pass_makes_something() {
        let text = "Dear Pat Lindqvist,\nyour MRN 00482913 and DOB 03/04/1961: metformin 500 mg.";
        let mut passes = Passes::new(text);
        assert_eq!(passes.view(), text.len());
        assert!(passes.tokens() > passes.units());
        let codes = passes.label(false);
        let certain = passes.rules(false);
        let all = passes.label(true);
        assert!(
            0 < codes && codes < certain && codes < all,
            "{codes} {certain} {all}"
        );
        assert_eq!(passes.people(), 1);
        assert!(passes.count() >= 5);
        assert!(passes.judge() > 0);
        assert_eq!(Passes::html("a&amp;b"), 3);
    }
}
