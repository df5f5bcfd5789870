//! `openpista init`.

use super::Exit;
use crate::{
    app::{Flags, Survey, Wishes, Wrote, begin, block_on, init_lua, model_name, survey},
    front::{printable, say, to_stderr},
};
use clap::Args;
use std::{
    io::{BufRead, IsTerminal},
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct Init {
    /// Ask nothing: take what was found
    #[arg(long)]
    yes: bool,
    /// Where it goes [default: the configuration directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Init {
    pub(super) fn main(self, flags: Flags) -> anyhow::Result<Exit> {
        let survey = block_on(survey(&flags, self.dir))?;
        let asks = !self.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        // What is there already is not asked about.
        let asks = asks && !survey.dir.join("init.lua").exists();
        let wishes = if asks { ask(&survey) } else { first(&survey) };
        let text = init_lua(&survey, &wishes);
        let begun = begin(&survey.dir, &text)?;
        let said = |path: &Path, wrote| {
            let what = match wrote {
                Wrote::New => "wrote",
                Wrote::Kept => "kept ",
            };
            say(format_args!("{what} {}", path.display()))
        };
        said(&survey.dir.join("init.lua"), begun.init)?;
        said(&survey.dir.join(".luarc.json"), begun.luarc)?;
        if begun.init == Wrote::Kept {
            say(format_args!(
                "\ninit.lua is yours and is never rewritten. This would have been written:\n\n{text}"
            ))?;
        }
        if !begun.typed {
            say(format_args!(
                "add \".pista-types\" to \"workspace.library\" in .luarc.json for types in your editor"
            ))?;
        }
        let config = match survey.usual {
            true => String::new(),
            false => format!(" --config {}", survey.dir.join("init.lua").display()),
        };
        say(format_args!("next: openpista check{config}, then openpista repl{config}"))?;
        Ok(Exit::Ok)
    }
}

fn first(survey: &Survey) -> Wishes {
    Wishes { model: survey.found.first().cloned(), looks: true }
}

/// Two questions at most. Whoever does not want to answer has nothing allowed.
fn ask(survey: &Survey) -> Wishes {
    let mut wishes = first(survey);
    if survey.found.len() > 1 && !survey.chosen {
        for (number, found) in (1..).zip(&survey.found) {
            to_stderr(&printable(&format!("  {number}  {}  ({})\n", model_name(found), found.found)));
        }
        let last = survey.found.len();
        let help = format!(
            "a number from 1 to {last}: the model that answers; n: none is written, and the first that is \
             found answers. `model =` in init.lua changes it at any time"
        );
        let read = |answer: &str| match (answer, answer.parse::<usize>()) {
            ("", _) => Some(survey.found.first()),
            (_, Ok(number)) => survey.found.get(number.wrapping_sub(1)).map(Some),
            (answer, Err(_)) => is_no(answer).then_some(None),
        };
        wishes.model = question("Which model? [1] ", &help, read).flatten().cloned();
    }
    let help =
        "y: these three run at once, in exactly the form that init.lua will show; n: you are asked each time";
    let read = |answer: &str| match answer {
        "" | "y" | "yes" => Some(true),
        answer => is_no(answer).then_some(false),
    };
    let looks = question("May it run `df`, `ps` and `uptime` without asking? [Y/n] ", help, read);
    wishes.looks = looks.unwrap_or(false);
    wishes
}

fn is_no(answer: &str) -> bool {
    matches!(answer, "n" | "no" | "none" | "q" | "quit" | "exit" | ":q")
}

/// Asks until there is an answer that `read` takes; `None`: the input ended.
fn question<T>(text: &str, help: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    loop {
        to_stderr(text);
        let mut line = String::new();
        match std::io::stdin().lock().read_line(&mut line) {
            Ok(0) | Err(_) => {
                to_stderr("\n");
                return None;
            }
            Ok(_) => {}
        }
        let answer = line.trim().to_ascii_lowercase();
        match read(&answer) {
            Some(answer) => return Some(answer),
            None if matches!(answer.as_str(), "?" | "h" | "help") => to_stderr(&format!("{help}\n")),
            None => to_stderr(&format!("{answer:?} is no answer here: {help}\n")),
        }
    }
}
