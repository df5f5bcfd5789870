-- A configuration that tests itself: guard_spec.lua beside it is run by `openpista test`, offline, with
-- a model that says what the spec wants.
--
-- Run: openpista --config self_test/init.lua test

pista.agent("main", { tools = { ask = { "system.run" } } })

pista.tool {
  name = "add", effect = "read", description = "Adds two numbers.",
  parameters = { a = "number", b = "number" },
  run = function(args) return args.a + args.b end,
}

pista.hook("tool_call", function(call)
  local argv = call.args.argv
  if call.name == "system.run" and argv and argv[1] == "rm" then return pista.deny("nothing is removed here") end
  if call.name == "system.run" and argv and argv[1] == "date" then return pista.allow() end
end)
