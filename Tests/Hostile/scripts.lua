--- endless loop
while true do end
--- endless loop in pcall
while true do pcall(function() while true do end end) end
--- endless recursion through pcall
local function f() return pcall(f) end while true do f() end
--- endless message handler
xpcall(function() error('x') end, function() while true do end end)
--- endless coroutine
coroutine.wrap(function() while true do end end)()
--- endless coroutines
while true do local c = coroutine.create(function() while true do end end) coroutine.resume(c) end
--- endless loop twenty coroutines deep
local function nest(n)
  if n == 0 then while true do end end
  while true do coroutine.resume(coroutine.create(function() nest(n - 1) end)) end
end
nest(20)
--- endless close
local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x')
--- endless close of a dead coroutine
local m = {__close = function() while true do end end}
local c = coroutine.create(function() local x <close> = setmetatable({}, m) while true do end end)
pcall(coroutine.resume, c) coroutine.close(c)
--- endless index
local t = setmetatable({}, {__index = function() while true do end end}) local x = t.x
--- endless newindex
local t = setmetatable({}, {__newindex = function() while true do end end}) t.x = 1
--- endless call
setmetatable({}, {__call = function() while true do end end})()
--- endless comparison
local m = {__lt = function() while true do end end} local x = setmetatable({}, m) < setmetatable({}, m)
--- endless equality
local m = {__eq = function() while true do end end} local x = setmetatable({}, m) == setmetatable({}, m)
--- endless concatenation
local x = setmetatable({}, {__concat = function() while true do end end}) .. 'a'
--- endless length
local x = #setmetatable({}, {__len = function() while true do end end})
--- endless tostring
print(setmetatable({}, {__tostring = function() while true do end end}))
--- endless tostring of an error
error(setmetatable({}, {__tostring = function() while true do end end}))
--- endless pairs
for k in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end
--- endless iterator
for i in function() return 1 end do end
--- endless goto
::top:: goto top
--- endless repeat
repeat until false
--- endless numeric loop
for i = 1, math.huge do end
--- endless sort
table.sort({3, 2, 1}, function() while true do end end)
--- sort with a comparison that contradicts itself
local t = {} for i = 1, 1000 do t[i] = i % 7 end table.sort(t, function() return true end) error('sorted')
--- endless gsub callback
string.gsub('aaa', 'a', function() while true do end end)
--- endless load
load(function() return 'x = 1 ' end)
--- endless load callback
load(function() while true do end end)
--- endless yields
local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end
--- endless tail calls
local function f() return f() end f()
--- endless mutual recursion
local a, b function a() return b() end function b() return a() end a()
--- pattern that backtracks
('a'):rep(30000):find(('.-'):rep(20) .. 'b')
--- pattern that backtracks in gsub
('a'):rep(30000):gsub(('a*'):rep(20) .. 'b', '')
--- pattern that backtracks in gmatch
for w in ('a'):rep(30000):gmatch(('a*'):rep(20) .. 'b') do end
--- pattern of balanced brackets
for i = 1, 1e9 do ('('):rep(1000000):match('%b()x') end
--- huge move
table.move({}, 1, math.maxinteger - 1, 2)
--- huge concatenation of nothing
table.concat(setmetatable({}, {__index = function() return 'x' end}), '', 1, math.maxinteger)
--- huge insertion
table.insert(setmetatable({}, {__len = function() return math.maxinteger - 1 end}), 1, 1)
--- huge removal
table.remove(setmetatable({}, {__len = function() return math.maxinteger - 1 end}), 1)
--- huge unpack
table.unpack({}, 1, 1e8)
--- huge select
select('#', table.unpack({}, 1, 1e7))
--- table bomb
local t = {} while true do t[#t + 1] = {} end
--- nested table bomb
local t = {} while true do t = {t, t} end
--- string bomb
local s = 'x' while true do s = s .. s end
--- repeated string bomb
local s = ('x'):rep(1 << 40)
--- repeated string with separator bomb
local s = ('x'):rep(1 << 30, ('y'):rep(1 << 20))
--- format bomb
local t = {} while true do t[#t + 1] = string.format('%99.99f', 1e300) end
--- gsub bomb
local s = ('x'):rep(1000) while true do s = s:gsub('x', 'xx') end
--- concat bomb
local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1 << 20) end table.concat(t)
--- closure bomb
local t = {} while true do t[#t + 1] = function() return t end end
--- coroutine bomb
local t = {} while true do t[#t + 1] = coroutine.create(function() end) end
--- upvalue chain bomb
local f = function() end while true do local g = f f = function() return g() end end
--- weak table bomb
local t = setmetatable({}, {__mode = 'k'}) while true do t[{}] = ('x'):rep(1000) .. #tostring(t) end
--- tensor bomb
local t = {} while true do t[#t + 1] = tessera.tensor{shape = {1000}} end
--- huge tensor
tessera.tensor{shape = {1 << 20, 1 << 20}}
--- tensor whose size overflows
tessera.tensor{shape = {1 << 40, 1 << 40}}
--- tensor as a list
tessera.tensor{shape = {1 << 23}}:values()
--- tensor sums that never end
local t = tessera.tensor{shape = {1000000}} while true do t = t + t end
--- tensor slices that never end
local t = tessera.tensor{shape = {1000, 100}} while true do local x = t[{{}, {1, 50}}] end
--- operators that never end
local t = tessera.tensor{shape = {1, 8, 32, 32}} while true do tessera.op('relu', t) end
--- network that runs for ever
local net = tessera.network{inputs = {x = {shape = {1, 4, 64, 64}}}, weights = {random = 1}, layers = {{conv = {channels = 64, kernel = 3}}}, outputs = {'conv1'}}
local x = tessera.tensor{shape = {1, 4, 64, 64}}
while true do net:run(x) end
--- benchmark that takes too long
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
net:bench{seconds = 1e6}
--- network of a huge input
local net = tessera.network{inputs = {x = {shape = {1, 4, 'h', 'w'}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
net:plan{nodes = 2, inputs = {x = {1, 4, 1 << 40, 1 << 40}}}
--- network of a million repeated layers
tessera.network{inputs = {x = {shape = {1, 1}}}, layers = {{['repeat'] = {count = 1000000000}, layers = {'relu'}}}, outputs = {'relu1'}}
--- deep recursion
local function f() return 1 + f() end f()
--- deep recursion in a metamethod
local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 'x'] end local x = t.a
--- deep index chain
local t = {} for i = 1, 3000 do t = setmetatable({}, {__index = t}) end local x = t.missing.x
--- deep coroutines
local function f() coroutine.wrap(f)() end f()
--- deep nesting of source
load(('('):rep(100000) .. '1' .. (')'):rep(100000))() error('nothing')
--- deep table to a binding
local t = {} for i = 1, 200 do t = {t} end tessera.tensor{values = t}
--- table that contains itself
local t = {} t[1] = t tessera.tensor{values = t}
--- deep gsub recursion
local function f(s) return (s:gsub('.', f)) end f('x')
--- deep sort recursion
local function f() table.sort({2, 1}, f) end f()
--- deep pcall in callbacks
local function f() return select(2, pcall(string.gsub, 'x', 'x', f)) end error(f())
--- bytecode
local f = load('\27Lua\x54\0\x19\x93\r\n\x1a\n') f()
--- bytecode asked for
local f = load('\27Lua', 'x', 'b') f()
--- dump
string.dump(function() end)
--- io
io.open('/etc/passwd')
--- os
os.execute('true')
--- debug
debug.getregistry()
--- package
package.loadlib('libc.so.6', 'system')
--- require of an absolute path
require('/etc/passwd')
--- require that climbs
require('../../etc/passwd')
--- dofile
dofile('/etc/passwd')
--- loadfile
loadfile('/etc/passwd')
--- the global table by its metatable
getmetatable(_G).__index = nil
--- the string metatable
getmetatable('').__index = {} error('changed')
--- string methods replaced
string.rep = nil error(('x'):rep(3) == 'xxx' and 'still there' or 'gone')
--- a metatable of an object
getmetatable(tessera.tensor{shape = {1}}).__gc()
--- a metatable of the library
setmetatable(tessera, {})
--- a finalizer
setmetatable({}, {__gc = function() while true do end end}) collectgarbage() error('no finalizers')
--- the collector stopped
collectgarbage('stop') local t = 0 while true do t = {} end
--- the environment replaced
local _ENV = {} print('x')
--- an undeclared global read
print(undeclared)
--- an undeclared global assigned
local function f() undeclared = 1 end f()
--- an error in an error in a callback
local ok, e = pcall(string.gsub, 'x', 'x', function() error(setmetatable({}, {__tostring = function() error('y') end})) end) error(e)
--- an error across a coroutine and a binding
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
tessera.register.partition_strategy('bad', function() coroutine.wrap(function() error('inside') end)() end)
net:plan{nodes = 2, strategy = 'bad'}
--- a yield across a binding
local f = coroutine.wrap(function() tessera.tensor{values = {1}}:map(coroutine.yield) end) f() f()
--- an endless strategy
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
tessera.register.partition_strategy('slow', function() while true do end end)
net:plan{nodes = 2, strategy = 'slow'}
--- a strategy that plans by itself
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
tessera.register.partition_strategy('again', function() return net:plan{nodes = 2, strategy = 'again'} end)
net:plan{nodes = 2, strategy = 'again'}
--- a map that maps by itself
local t = tessera.tensor{shape = {1}} local function f() t:map(f) return 1 end f()
--- an object used after it was closed
local p = tessera.progress(1) p:close() p:step()
--- a method of another object
tessera.progress(1).step(tessera.tensor{shape = {1}})
--- a method without an object
tessera.tensor{shape = {1}}.shape()
--- an object's field assigned
tessera.tensor{shape = {1}}.shape = 1
--- not a number as a size
tessera.tensor{shape = {0 / 0}}
--- an infinite size
tessera.tensor{shape = {math.huge}}
--- text that is no text
tessera.load('\xff\xfe')
--- a name with a zero
tessera.load('a\0b.npy')
--- a plugin that loads itself
tessera.plugin(arg[1])
--- division of integers by zero
local x = 1 // 0
--- arithmetic on nothing
local x = nil + 1
--- a thread as an argument
tessera.tensor{values = coroutine.create(function() end)}
--- a function of another kind
tessera.register.saliency_metric('x', {})
--- coroutine closed while it runs
coroutine.close(coroutine.running())
--- coroutine resumed by itself
local c c = coroutine.create(function() return coroutine.resume(c) end) error(select(3, coroutine.resume(c)))
--- a warning that turns itself on
warn('@on') warn(('x'):rep(1 << 20)) error('warned')
--- number formats
string.format('%1000d', 1)
--- a pack that is too large
string.pack('!16 i16 s8', 1, ('x'):rep(100)) string.rep('x', -1):byte(1, 1 << 40) error('packed')
--- an unpack beyond the end
string.unpack('i16', 'abc')
--- utf8 that is too large
utf8.char(1 << 40)
--- char that is none
string.char(256)
--- table that is in others more often than fits
local t = {1} for i = 1, 60 do t = {t, t} end tessera.json.encode(t)
--- chunk that is named after a file
load("error({})", "@/etc/passwd")()
