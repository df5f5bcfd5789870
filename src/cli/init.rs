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

/// Two questions at most.
fn ask(survey: &Survey) -> Wishes {
    let mut wishes = first(survey);
    if survey.found.len() > 1 && !survey.chosen {
        for (number, found) in (1..).zip(&survey.found) {
            to_stderr(&printable(&format!("  {number}  {}  ({})\n", model_name(found), found.found)));
        }
        let answer = question("Which model? [1] ");
        if let Some(chosen) = answer.parse::<usize>().ok().and_then(|n| survey.found.get(n.wrapping_sub(1))) {
            wishes.model = Some(chosen.clone());
        }
    }
    let answer = question("May it run `df`, `ps` and `uptime` without asking? [Y/n] ");
    wishes.looks = !answer.to_ascii_lowercase().starts_with('n');
    wishes
}

fn question(text: &str) -> String {
    to_stderr(text);
    let mut line = String::new();
    // Without an answer the default holds.
    let _ = std::io::stdin().lock().read_line(&mut line);
    line.trim().to_owned()
}
