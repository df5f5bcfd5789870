describe("the guard", function()
  it("denies rm, whoever would have said yes", function()
    local turn = pista.test.turn {
      text = "tidy up",
      model = { { tool_calls = { { name = "system.run", args = { argv = { "rm", "-r", "x" } } } } }, "I may not." },
      approve = "yes",
    }
    expect(turn.calls[1].status).to_equal("denied")
    expect(turn.text).to_equal("I may not.")
  end)

  it("lets date run unasked", function()
    local access = pista.test.policy("system.run", { argv = { "date" } })
    expect(access).to_equal("allow")
  end)

  it("asks about everything else", function()
    local turn = pista.test.turn {
      text = "how long is it up?",
      model = { { tool_calls = { { name = "system.run", args = { argv = { "uptime" } } } } }, "Two days." },
      tools = { ["system.run"] = "up 2 days" },
      approve = function(call) return call.args.argv[1] == "uptime" and "yes" or "no" end,
    }
    expect(turn.calls[1].status).to_equal("ok")
    expect(turn.calls[1].content).to_contain("up 2 days")
  end)
end)

it("adds", function()
  expect(pista.test.call_tool("add", { a = 1, b = 2 }).content).to_equal("3")
end)
