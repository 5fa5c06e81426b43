-- For luacheck: what scripts see beside Lua 5.4.
std = "lua54"
read_globals = {"tessera", "arg"}
max_line_length = 140
files["scripts/meta"] = {globals = {"tessera"}, max_line_length = false}
