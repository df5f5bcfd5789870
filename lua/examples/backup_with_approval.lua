-- Lets the agent make backups, each after a person has said yes; old ones are removed.
--
-- Run: openpista --config backup_with_approval.lua run -e "back up the notes directory"

local KEPT = 5
local directory = pista.env("BACKUP_DIR", "backups")

pista.tool {
  name = "backup",
  description = "Makes a compressed copy of a directory of the workspace.",
  parameters = { directory = { type = "string", description = "Relative to the workspace." } },
  timeout = 300,
  run = function(args)
    if args.directory:find("^[/~-]") or args.directory:find("..", 1, true) then
      error("a directory of the workspace, please")
    end
    pista.system.run({ "mkdir", "-p", directory })
    local name = args.directory:gsub("[^%w]+", "-")
    local file = ("%s/%s-%s.tar.gz"):format(directory, name, os.date("!%Y%m%dT%H%M%S"))
    local out = pista.system.run({ "tar", "-czf", file, "--", args.directory }, { timeout = 280 })
    if out.exit_code ~= 0 then error(out.stderr) end
    -- The newest first; what is beyond the last one kept goes.
    local list = pista.system.run("ls -1t -- " .. directory .. "/" .. name .. "-*.tar.gz").stdout
    local count = 0
    for old in list:gmatch("[^\n]+") do
      count = count + 1
      if count > KEPT then pista.system.run({ "rm", "--", old }) end
    end
    return "made " .. file
  end,
}

-- Asked each time, whatever rules or standing approvals say.
pista.hook("tool_call", function(call)
  if call.name == "backup" then return pista.ask() end
end)
