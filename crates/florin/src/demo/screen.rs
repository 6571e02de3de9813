//! The output of the demo: at most 100 columns, colours only on a terminal, and not if NO_COLOR is set.

use super::json::wrapped;
use crate::Failed;
use std::io::{IsTerminal, Write};

/// Columns that a line may have.
pub const WIDTH: usize = 100;

/// A colour, as a terminal knows it.
#[derive(Copy, Clone)]
pub enum Colour {
    /// Headings.
    Bold,
    /// What matters less.
    Dim,
    /// A request.
    Cyan,
    /// Something that went well.
    Green,
    /// A refusal.
    Yellow,
}

/// The output is closed, as after `| head`.
#[derive(Debug, thiserror::Error)]
#[error("cannot print: {0}")]
pub struct Unprintable(std::io::Error);

/// The standard output.
pub struct Screen {
    has_colours: bool,
}

impl Screen {
    /// Checks whether the standard output takes colours.
    pub fn stdout() -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { has_colours: std::io::stdout().is_terminal() && !is_unwanted }
    }

    /// The text in that colour.
    pub fn paint(&self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Bold => "1",
            Colour::Dim => "2",
            Colour::Cyan => "36",
            Colour::Green => "32",
            Colour::Yellow => "33",
        };
        if self.has_colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Prints lines. Fails if the output is closed.
    pub fn line(&self, text: &str) -> Result<(), Failed> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{text}").map_err(|error| Unprintable(error).into())
    }

    /// Prints the start of a step: what happens, and why.
    pub fn heading(&self, title: &str, why: &str) -> Result<(), Failed> {
        let rule = "─".repeat(WIDTH.saturating_sub(4 + title.chars().count()));
        let title = self.paint(Colour::Bold, title);
        self.line(&format!(
            "\n{} {title} {}\n",
            self.paint(Colour::Dim, "──"),
            self.paint(Colour::Dim, &rule)
        ))?;
        self.paragraph(why)
    }

    /// Prints a text, broken into lines.
    pub fn paragraph(&self, text: &str) -> Result<(), Failed> {
        self.line(&wrapped(text, WIDTH, 0).join("\n"))
    }
}
