//! A section of a page, and the commands in its fenced blocks.

use std::cell::RefCell;
use std::collections::BTreeSet;

use testbed::Server;
use testbed::environment::repository;

/// A block of commands: what it is written in (`sh` or `sql`), and its lines without the list's indent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// A section. When it is dropped, every block of it must have been taken.
#[derive(Debug)]
pub(super) struct Section {
    heading: String,
    blocks: Vec<Block>,
    taken: RefCell<BTreeSet<usize>>,
}

impl Section {
    /// Without the SQL of other engines than this server's.
    pub(super) fn on(server: &dyn Server, page: &str, heading: &str) -> Self {
        let text = std::fs::read_to_string(repository().join(page)).expect("a page");
        let section = sections(&text).into_iter().find(|(name, _)| name == heading);
        let (_, mut blocks) = section.unwrap_or_else(|| panic!("{page} has no section {heading}"));
        blocks.retain(|block| match block.language.as_str() {
            "sh" => true,
            "sql" => is_for(&block.text, &server.name()),
            // What is shown, not run.
            _ => false,
        });
        Self { heading: heading.to_owned(), blocks, taken: RefCell::default() }
    }

    /// The one block of shell commands that begins with these words, after `aws secretsmanager` if it does.
    pub(super) fn sh(&self, words: &str) -> &str {
        self.take("sh", words)
    }

    /// The one block of SQL that begins with these words, after the comment that names the engines.
    pub(super) fn sql(&self, words: &str) -> &str {
        self.take("sql", words)
    }

    /// The block that begins with these words is run by another test.
    pub(super) fn excuse(&self, words: &str) {
        self.take("sh", words);
    }

    fn take(&self, language: &str, words: &str) -> &str {
        let begins = |text: &str| {
            let text =
                if language == "sql" { text.split_once('\n').map_or(text, |(_, rest)| rest) } else { text };
            text.strip_prefix("aws secretsmanager ").unwrap_or(text).starts_with(words)
        };
        let matches = |block: &Block| block.language == language && begins(&block.text);
        let mut found = self.blocks.iter().enumerate().filter(|(_, block)| matches(block)).peekable();
        let Some((_, first)) = found.peek().copied() else {
            panic!("{}: no block of {language} begins with {words}", self.heading);
        };
        for (number, block) in found {
            // The same commands may stand in two steps.
            assert_eq!(block, first, "{}: two blocks begin with {words}", self.heading);
            self.taken.borrow_mut().insert(number);
        }
        &first.text
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let taken = self.taken.borrow();
            let left = self.blocks.iter().enumerate().filter(|(number, _)| !taken.contains(number));
            let left: Vec<_> = left.map(|(_, block)| &block.text).collect();
            assert!(left.is_empty(), "{}: not run: {left:#?}", self.heading);
        }
    }
}

/// Whether the first line, a comment, names the engine of a server such as `mysql-9.7`.
fn is_for(sql: &str, server: &str) -> bool {
    let first =
        sql.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or_default().to_lowercase();
    let engine = server.split('-').next().unwrap_or_default().replace("postgres", "postgresql");
    assert!(!first.is_empty(), "SQL begins with the names of its engines: {sql}");
    first.split([',', ' ']).any(|name| name == engine)
}

/// The headings of a page, each with the blocks below it and above the next heading of any level.
pub(crate) fn sections(page: &str) -> Vec<(String, Vec<Block>)> {
    let mut sections = vec![(String::new(), Vec::<Block>::new())];
    // The indent of the block that is open.
    let mut open: Option<usize> = None;
    for line in page.lines() {
        let indent = line.len() - line.trim_start().len();
        let blocks = &mut sections.last_mut().expect("there is one").1;
        match (open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                blocks.push(Block { language: language.to_owned(), text: String::new() });
                open = Some(indent);
            }
            (Some(_), Some(_)) => open = None,
            (Some(indent), None) => {
                let block = blocks.last_mut().expect("one is open");
                block.text.push_str(line.get(indent..).unwrap_or_default());
                block.text.push('\n');
            }
            (None, None) if line.starts_with('#') => {
                sections.push((line.trim_start_matches('#').trim().to_owned(), Vec::new()));
            }
            (None, None) => {}
        }
    }
    sections
}

#[test]
fn the_blocks_of_a_section_end_at_the_next_heading() {
    let page = "# Page\n\n## One\n\n- item\n  ```sh\n  a \\\n    b\n  # no heading\n  ```\n\n```sql\nc;\n```\n\n### Two\n\n```sh\nd\n```\n";
    let all = sections(page);
    let [_, (_, title), (one, first), (two, second)] = &all[..] else { panic!("{all:?}") };
    assert!(title.is_empty() && one == "One" && two == "Two");
    let texts: Vec<_> = first.iter().map(|block| (block.language.as_str(), block.text.as_str())).collect();
    assert_eq!(texts, [("sh", "a \\\n  b\n# no heading\n"), ("sql", "c;\n")]);
    assert_eq!(second.len(), 1);
}

#[test]
fn sql_is_of_the_engines_that_its_first_line_names() {
    let sql = "-- MySQL, in each database\nSELECT 1;\n";
    assert!(is_for(sql, "mysql-9.7") && !is_for(sql, "mariadb-11.8") && !is_for(sql, "postgres-18"));
    assert!(is_for("-- PostgreSQL\n", "postgres-18"));
}
