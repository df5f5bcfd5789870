return { chat = function() return "demo" end }
