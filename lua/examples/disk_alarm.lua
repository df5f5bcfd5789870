-- An alarm when a disk gets full: once when it crosses the line, and again only after it was below.
--
-- Needs: nothing; DISK_LIMIT changes the percentage (default 90).
-- Run:   openpista --config disk_alarm.lua repl       (type /disk for the figures now)

local limit = tonumber(pista.env("DISK_LIMIT", "90"))

local function disks()
  local found = {}
  local out = pista.system.run({ "df", "-Pk" })
  for line in out.stdout:gmatch("[^\n]+") do
    local percent, mount = line:match("(%d+)%%%s+(/.*)$")
    if percent then found[#found + 1] = { mount = mount, percent = tonumber(percent) } end
  end
  return found
end

pista.cron("disk-alarm", { every = pista.env("DISK_EVERY", "10m"), to = "repl:me" }, function()
  local full = {}
  for _, disk in ipairs(disks()) do
    local key = "disk_alarm." .. disk.mount
    local over = disk.percent >= limit
    if over and not pista.kv.get(key) then full[#full + 1] = ("%s is %d %% full"):format(disk.mount, disk.percent) end
    if over then pista.kv.set(key, true) else pista.kv.delete(key) end
  end
  if #full > 0 then return "Disk alarm: " .. table.concat(full, ", ") end
end)

pista.command("disk", { help = "how full the disks are" }, function()
  local lines = {}
  for _, disk in ipairs(disks()) do lines[#lines + 1] = ("%3d %%  %s"):format(disk.percent, disk.mount) end
  return table.concat(lines, "\n")
end)
