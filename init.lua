-- The configuration that openpista uses when you have none of your own.
-- Yours belongs in ~/.config/openpista/init.lua; this file is a fine beginning for it.

-- Models: a key in the environment (OPENAI_API_KEY, …) or a local server is found by itself.
-- pista.setup { model = "openai/gpt-5-mini" }

pista.agent("main", {
  tools = {
    -- Tools that only look are allowed by default, and tools that act ask. These commands only
    -- look: they run without asking, word for word as written here, and never through a shell.
    allow = {
      { "system.run", argv = { "du", "-k", "-d", "1", "." } },
      { "system.run", argv = { "df", "-Pk", "." } },
      { "system.run", argv = { "free", "-m" } },
      { "system.run", argv = { "vm_stat" } },
      { "system.run", argv = { "ps", "-eo", "pid,pcpu,pmem,comm" } },
      { "system.run", argv = { "uptime" } },
    },
  },
})
