//! While a configuration loads, nothing acts.

use crate::support::program::Home;

/// What may be called while loading: it declares, or only computes.
const HARMLESS: &[&str] = &["log", "json", "time", "stdin"];

#[test]
fn whatever_acts_raises_while_loading() {
    let home = Home::new();
    home.init(&format!(
        "local harmless = {{ {} }}
         local seen = 0
         local function refused(name, f, ...)
            local ok, e = pcall(f, ...)
            e = tostring(e)
            if ok or not e:find('only inside a handler', 1, true) or not e:find(name, 1, true) then
                error(name .. ': ' .. e)
            end
            seen = seen + 1
         end
         for module, members in pairs(pista) do
            if type(members) == 'table' and not harmless[module] then
                for name, f in pairs(members) do refused('pista.' .. module .. '.' .. name, f, 'x', 'y') end
            end
         end
         refused('pista.spawn', pista.spawn, print)
         refused('pista.sleep', pista.sleep, 0)
         refused('pista.notify', pista.notify, 'x')
         refused('pista.ask_agent', pista.ask_agent, 'main', 'x')
         if seen < 35 then error('only ' .. seen .. ' functions were tried') end",
        HARMLESS.iter().map(|name| format!("{name} = true, ")).collect::<String>()
    ));
    home.run(["tools"]).ok();
}

#[test]
fn the_module_is_the_global() {
    let home = Home::new();
    home.init("assert(require('pista') == pista and require('pista').kv == pista.kv)");
    home.run(["tools"]).ok();
}
