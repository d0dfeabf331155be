//! Choices drawn from a fuzzer's bytes. When they run out every choice is the
//! first one, so that each input ends.

/// The bytes that are left.
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of `data`.
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte; 0 at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// Eight bytes as a number.
    pub(crate) fn long(&mut self) -> u64 {
        (0..8).fold(0, |n, _| n << 8 | u64::from(self.byte()))
    }

    /// A number below `bound`, which is at most 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    /// True for every second byte.
    pub(crate) fn coin(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One of these.
    pub(crate) fn of<'c, T: ?Sized>(&mut self, choices: &[&'c T]) -> &'c T {
        choices[self.below(choices.len())]
    }

    /// Any text, of at most 63 bytes before what is no UTF-8 was replaced.
    pub(crate) fn text(&mut self) -> String {
        let length = self.below(64).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// A text that was made to hurt, or any.
    pub(crate) fn hostile(&mut self) -> String {
        match self.below(HOSTILE.len() * 2) {
            known if known < HOSTILE.len() => HOSTILE[known].to_owned() + &self.text(),
            _ => self.text(),
        }
    }

    /// What is left, as text.
    pub(crate) fn rest(&mut self) -> String {
        String::from_utf8_lossy(std::mem::take(&mut self.0)).into_owned()
    }
}

/// Beginnings of trouble in terminals, Markdown, HTML and workflow logs.
const HOSTILE: [&str; 20] = [
    "\u{1b}[2J\u{1b}]0;x\u{7}",
    "\u{9b}31m",
    "\u{202e}gnp.",
    "\u{200b}\u{2066}\u{feff}",
    "\u{e0041}\u{e0100}\u{3164}",
    "\r\n::error::x\n",
    "<script>alert(1)</script>",
    "<!-- ",
    "| a | b |\n|---|---|\n",
    "[x](javascript:alert(1))",
    "![x](https://e.example/x.png)",
    "@octocat @acme/team",
    "#1 GH-1 acme/x#1",
    "https://e.example www.e.example WWW.e.example",
    "me@e.example",
    "`code` ``` ~~~",
    "**b** _i_ ~~s~~ $x$",
    "&lt;b&gt;&#64;x &commat;x",
    "\\<b\\>\\|",
    "# title\n> quote\n- item\n",
];
