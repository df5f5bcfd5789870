-- An agent that knows git: it may look at the repository, and asks before it commits. The branch is in
-- its prompt, so that it needn't look for it.
--
-- Run: openpista --config git_helper.lua run -e "commit what I did, with a good message"

local function git(...)
  local out = pista.system.run({ "git", ... }, { timeout = 20 })
  if out.exit_code ~= 0 then error(out.stderr ~= "" and out.stderr or out.stdout) end
  return out.stdout
end

pista.tool {
  name = "git.status", effect = "read", description = "What is changed and what is staged.",
  run = function() return git("status", "--short", "--branch") end,
}

pista.tool {
  name = "git.diff", effect = "read", description = "The changes, as a patch.",
  parameters = { staged = "boolean?" },
  run = function(args) return args.staged and git("diff", "--staged") or git("diff") end,
}

pista.tool {
  name = "git.commit", description = "Commits everything that is changed, also new files.",
  parameters = { message = "string" },
  run = function(args)
    git("add", "--all")
    return git("commit", "--message", args.message)
  end,
}

pista.agent("main", {
  tools = { allow = { "git.status", "git.diff" }, ask = { "git.commit" }, deny = { "system.*", "fs.write", "fs.edit" } },
})

pista.hook("prompt", function(prompt)
  local ok, branch = pcall(git, "rev-parse", "--abbrev-ref", "HEAD")
  if ok then prompt.system = prompt.system .. "\nThe repository is on the branch " .. branch:gsub("%s+$", "") .. "." end
  return prompt
end)
