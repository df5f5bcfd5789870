//! Names that are not there: each error says what is meant, at the line.

use super::script_support::{fails, limit, start};
use openpista::{reference::reference, script::Outcome};

/// Lua's standard library in all versions from 5.1, and LuaJIT's.
const STANDARD: &[&str] = &[
    "assert",
    "collectgarbage",
    "dofile",
    "error",
    "getfenv",
    "getmetatable",
    "ipairs",
    "load",
    "loadfile",
    "loadstring",
    "module",
    "newproxy",
    "next",
    "pairs",
    "pcall",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "require",
    "select",
    "setfenv",
    "setmetatable",
    "tonumber",
    "tostring",
    "type",
    "unpack",
    "warn",
    "xpcall",
    "bit.band",
    "bit.bor",
    "bit32.band",
    "bit32.lshift",
    "coroutine.close",
    "coroutine.create",
    "coroutine.isyieldable",
    "coroutine.resume",
    "coroutine.running",
    "coroutine.status",
    "coroutine.wrap",
    "coroutine.yield",
    "debug.debug",
    "debug.getinfo",
    "debug.sethook",
    "debug.traceback",
    "ffi.cdef",
    "io.close",
    "io.input",
    "io.lines",
    "io.open",
    "io.output",
    "io.popen",
    "io.read",
    "io.stderr",
    "io.stdin",
    "io.stdout",
    "io.tmpfile",
    "io.type",
    "io.write",
    "jit.on",
    "math.abs",
    "math.acos",
    "math.asin",
    "math.atan",
    "math.atan2",
    "math.ceil",
    "math.cos",
    "math.cosh",
    "math.deg",
    "math.exp",
    "math.floor",
    "math.fmod",
    "math.frexp",
    "math.ldexp",
    "math.log",
    "math.log10",
    "math.max",
    "math.min",
    "math.mod",
    "math.modf",
    "math.pow",
    "math.rad",
    "math.random",
    "math.randomseed",
    "math.sin",
    "math.sinh",
    "math.sqrt",
    "math.tan",
    "math.tanh",
    "math.tointeger",
    "math.type",
    "math.ult",
    "os.clock",
    "os.date",
    "os.difftime",
    "os.execute",
    "os.exit",
    "os.getenv",
    "os.remove",
    "os.rename",
    "os.setlocale",
    "os.time",
    "os.tmpname",
    "package.loadlib",
    "package.searchpath",
    "package.seeall",
    "string.byte",
    "string.char",
    "string.dump",
    "string.find",
    "string.format",
    "string.gfind",
    "string.gmatch",
    "string.gsub",
    "string.len",
    "string.lower",
    "string.match",
    "string.pack",
    "string.packsize",
    "string.rep",
    "string.reverse",
    "string.sub",
    "string.unpack",
    "string.upper",
    "table.concat",
    "table.foreach",
    "table.foreachi",
    "table.getn",
    "table.insert",
    "table.maxn",
    "table.move",
    "table.pack",
    "table.remove",
    "table.setn",
    "table.sort",
    "table.unpack",
    "utf8.char",
    "utf8.codepoint",
    "utf8.codes",
    "utf8.len",
    "utf8.offset",
];

#[tokio::test]
async fn every_standard_name_is_there_or_told_of() {
    let generation = start("").await;
    let (mut there, mut told) = (0, 0);
    for name in STANDARD {
        let globals = name.split('.').next().expect("a word");
        let asked = format!("return {globals} ~= nil and {name} ~= nil");
        match generation.handle.eval(asked, limit(5000)).await.outcome {
            Outcome::Values(Some(text)) if text == "true" => {
                there += 1;
                continue;
            }
            _ => {}
        }
        let outcome = generation.handle.eval(format!("local a = 1\n{name}(a)"), limit(5000)).await.outcome;
        let Outcome::Error(error) = outcome else { panic!("{name}: {outcome:?}") };
        assert_eq!(error.line, Some(2), "{name}: {error}");
        assert!(error.message.contains(" here: "), "{name}: {error}");
        told += 1;
    }
    assert!(there > 80 && told > 40, "{there} {told}");
}

/// The name with a slip in it.
fn slipped(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    match letters.len() {
        0..3 => letters.push('x'),
        length => letters.swap(length - 2, length - 1),
    }
    if letters.iter().collect::<String>() == name {
        letters.push('x');
    }
    letters.into_iter().collect()
}

#[tokio::test]
async fn every_function_of_the_api_is_found_by_a_misspelt_name() {
    let generation = start("").await;
    let mut tried = 0;
    for function in &reference().functions {
        let Some((owner, name)) = function.entry.name.rsplit_once('.') else { continue };
        if owner.starts_with("pista.test") {
            continue;
        }
        let wrong = format!("{owner}.{}", slipped(name));
        let outcome = generation.handle.eval(format!("\n{wrong}()"), limit(5000)).await.outcome;
        let Outcome::Error(error) = outcome else { panic!("{wrong}: {outcome:?}") };
        assert!(
            error.message.contains(&format!("there is no {wrong}; did you mean {owner}.")),
            "{wrong}: {error}"
        );
        assert_eq!(error.line, Some(2), "{wrong}: {error}");
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
}

#[tokio::test]
async fn errors_say_what_is_meant_at_the_line() {
    for (code, told) in [
        (
            "pista.agnet('x', {})",
            "init.lua:2: attempt to call a nil value (field 'agnet'): there is no pista.agnet; did you mean pista.agent?",
        ),
        (
            "local fs = pista.fs\nfs.raed('x')",
            "init.lua:3: attempt to call a nil value (field 'raed'): there is no pista.fs.raed; did you mean pista.fs.read?",
        ),
        ("pista.fss.read('x')", "there is no pista.fss; did you mean pista.fs?"),
        ("pista.weather.today()", "there is no pista.weather; help(\"pista\") lists what there is"),
        (
            "local f = io.open('x')",
            "there is no io.open here: use pista.fs.read(path) and pista.fs.write(path, text)",
        ),
        ("for line in io.lines('x') do end", "there is no io.lines here: "),
        ("os.execute('ls')", "there is no os.execute here: use pista.system.run"),
        ("print(unpack({ 1 }))", "there is no unpack here: use table.unpack"),
        ("vim.api.nvim_command('x')", "there is no vim here: this is not Neovim"),
        ("vim.fn.system('ls')", "there is no vim.fn here: use pista.system.run"),
        ("agent('x', {})", "there is no global agent; did you mean pista.agent?"),
        ("local x = json.encode({})", "there is no global json; did you mean pista.json?"),
        ("pritn('x')", "there is no global pritn; did you mean print?"),
        ("pist.agent('x', {})", "there is no global pist; did you mean pista?"),
        ("local x = string.fromat('x')", "there is no string.fromat; did you mean string.format?"),
        ("local x = math.flor(1)", "there is no math.flor; did you mean math.floor?"),
        ("M = { load = 1, save = 2 }\nM.sav()", "there is no M.sav; did you mean M.save?"),
        ("require('cjson')", "there is no module \"cjson\""),
        ("require('cjson')", "; pista.json does the same"),
        ("require('socket.http')", "pista.http asks the web"),
        ("require('pista.fs')", "pista.fs is there without being required"),
    ] {
        let error = fails(&format!("-- the first line\n{code}")).await;
        assert!(error.contains(told), "{code}\n{error}\n{told}");
    }
    // What is no mistake stays a question, and other errors stay as they are.
    let generation = start("ok = pista.later == nil and io == nil and vim == nil").await;
    let outcome = generation.handle.eval("ok", limit(5000)).await.outcome;
    assert_eq!(outcome, Outcome::Values(Some("true".into())));
    let error = fails("local t = nil\nt.x = 1").await;
    assert!(error.ends_with("attempt to index a nil value (local 't')"), "{error}");
}
