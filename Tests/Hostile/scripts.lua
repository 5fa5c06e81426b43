--- endless loop => ran longer than its limit of
while true do end
--- endless loop in pcall => ran longer than its limit of
while true do pcall(function() while true do end end) end
--- endless recursion through pcall => ran longer than its limit of
local function f() return pcall(f) end while true do f() end
--- endless message handler => ran longer than its limit of
xpcall(function() error('x') end, function() while true do end end)
--- endless coroutine => ran longer than its limit of
coroutine.wrap(function() while true do end end)()
--- endless coroutines => ran longer than its limit of
while true do local c = coroutine.create(function() while true do end end) coroutine.resume(c) end
--- endless loop twenty coroutines deep => ran longer than its limit of
local function nest(n)
  if n == 0 then while true do end end
  while true do coroutine.resume(coroutine.create(function() nest(n - 1) end)) end
end
nest(20)
--- endless close => ran longer than its limit of
local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x')
--- endless close of a dead coroutine => ran longer than its limit of
local m = {__close = function() while true do end end}
local c = coroutine.create(function() local x <close> = setmetatable({}, m) while true do end end)
pcall(coroutine.resume, c) coroutine.close(c)
--- endless index => ran longer than its limit of
local t = setmetatable({}, {__index = function() while true do end end}) local x = t.x
--- endless newindex => ran longer than its limit of
local t = setmetatable({}, {__newindex = function() while true do end end}) t.x = 1
--- endless call => ran longer than its limit of
setmetatable({}, {__call = function() while true do end end})()
--- endless comparison => ran longer than its limit of
local m = {__lt = function() while true do end end} local x = setmetatable({}, m) < setmetatable({}, m)
--- endless equality => ran longer than its limit of
local m = {__eq = function() while true do end end} local x = setmetatable({}, m) == setmetatable({}, m)
--- endless concatenation => ran longer than its limit of
local x = setmetatable({}, {__concat = function() while true do end end}) .. 'a'
--- endless length => ran longer than its limit of
local x = #setmetatable({}, {__len = function() while true do end end})
--- endless tostring => ran longer than its limit of
print(setmetatable({}, {__tostring = function() while true do end end}))
--- endless tostring of an error => ran longer than its limit of
error(setmetatable({}, {__tostring = function() while true do end end}))
--- endless pairs => ran longer than its limit of
for k in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end
--- endless iterator => ran longer than its limit of
for i in function() return 1 end do end
--- endless goto => ran longer than its limit of
::top:: goto top
--- endless repeat => ran longer than its limit of
repeat until false
--- endless numeric loop => ran longer than its limit of
for i = 1, math.huge do end
--- endless sort => ran longer than its limit of
table.sort({3, 2, 1}, function() while true do end end)
--- sort with a comparison that contradicts itself => invalid order function for sorting
local t = {} for i = 1, 1000 do t[i] = i % 7 end table.sort(t, function() return true end) error('sorted')
--- endless gsub callback => ran longer than its limit of
string.gsub('aaa', 'a', function() while true do end end)
--- endless load => ran longer than its limit of
load(function() return 'x = 1 ' end)
--- endless load callback => ran longer than its limit of
load(function() while true do end end)
--- endless yields => ran longer than its limit of
local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end
--- endless tail calls => ran longer than its limit of
local function f() return f() end f()
--- endless mutual recursion => ran longer than its limit of
local a, b function a() return b() end function b() return a() end a()
--- pattern that backtracks => ran longer than its limit of
('a'):rep(30000):find(('.-'):rep(20) .. 'b')
--- pattern that backtracks in gsub => ran longer than its limit of
('a'):rep(30000):gsub(('a*'):rep(20) .. 'b', '')
--- pattern that backtracks in gmatch => ran longer than its limit of
for w in ('a'):rep(30000):gmatch(('a*'):rep(20) .. 'b') do end
--- pattern of balanced brackets => ran longer than its limit of
for i = 1, 1e9 do ('('):rep(1000000):match('%b()x') end
--- long text in lower case => ran longer than its limit of
local s = ('x'):rep(20 << 20) while true do s:lower() end
--- long text in upper case => ran longer than its limit of
local s = ('x'):rep(20 << 20) while true do s:upper() end
--- long text backwards => ran longer than its limit of
local s = ('x'):rep(20 << 20) while true do s:reverse() end
--- long text that is packed => ran longer than its limit of
local s = ('x'):rep(10 << 20) while true do string.pack('s4', s) end
--- long text that is counted => ran longer than its limit of
local s = ('x'):rep(30 << 20) while true do utf8.len(s) end
--- long text that is compared => ran longer than its limit of
local s = ('x'):rep(15 << 20) local a, b = s .. 'a', s .. 'b' while true do local x = a == b or a < b end
--- long text that is joined => ran longer than its limit of
local s = ('x'):rep(20 << 20) while true do local x = s .. 'x' end
--- long text that is no number => ran longer than its limit of
local s = (' '):rep(30 << 20) while true do tonumber(s) end
--- long text that is no source => ran longer than its limit of
local s = (' '):rep(30 << 20) while true do load(s) end
--- long text in a coroutine => ran longer than its limit of
local s = ('x'):rep(20 << 20) coroutine.wrap(function() while true do s:lower() end end)()
--- many tables that are collected => ran longer than its limit of
local t = {} for i = 1, 500000 do t[i] = {} end while true do collectgarbage() end
--- huge move => ran longer than its limit of
table.move({}, 1, math.maxinteger - 1, 2)
--- huge concatenation of nothing => ran longer than its limit of
table.concat(setmetatable({}, {__index = function() return 'x' end}), '', 1, math.maxinteger)
--- huge insertion => ran longer than its limit of
table.insert(setmetatable({}, {__len = function() return math.maxinteger - 1 end}), 1, 1)
--- huge removal => ran longer than its limit of
table.remove(setmetatable({}, {__len = function() return math.maxinteger - 1 end}), 1)
--- huge unpack => too many results to unpack
table.unpack({}, 1, 1e8)
--- huge select => too many results to unpack
select('#', table.unpack({}, 1, 1e7))
--- table bomb => needs more than its limit of
local t = {} while true do t[#t + 1] = {} end
--- nested table bomb => needs more than its limit of
local t = {} while true do t = {t, t} end
--- string bomb => needs more than its limit of
local s = 'x' while true do s = s .. s end
--- repeated string bomb => resulting string too large
local s = ('x'):rep(1 << 40)
--- repeated string with separator bomb => resulting string too large
local s = ('x'):rep(1 << 30, ('y'):rep(1 << 20))
--- format bomb => than its limit of
local t = {} while true do t[#t + 1] = string.format('%99.99f', 1e300) end
--- gsub bomb => than its limit of
local s = ('x'):rep(1000) while true do s = s:gsub('x', 'xx') end
--- concat bomb => needs more than its limit of
local t = {} for i = 1, 1000 do t[i] = ('x'):rep(1 << 20) end table.concat(t)
--- closure bomb => needs more than its limit of
local t = {} while true do t[#t + 1] = function() return t end end
--- coroutine bomb => than its limit of
local t = {} while true do t[#t + 1] = coroutine.create(function() end) end
--- upvalue chain bomb => than its limit of
local f = function() end while true do local g = f f = function() return g() end end
--- weak table bomb => than its limit of
local t = setmetatable({}, {__mode = 'k'}) while true do t[{}] = ('x'):rep(1000) .. #tostring(t) end
--- tensor bomb => limit
local t = {} while true do t[#t + 1] = tessera.tensor{shape = {1000}} end
--- huge tensor => takes 4096.0 GiB, of which the script's limit leaves
tessera.tensor{shape = {1 << 20, 1 << 20}}
--- tensor whose size overflows => takes 8589934592.0 GiB, of which the script's limit leaves
tessera.tensor{shape = {1 << 40, 1 << 40}}
--- tensor as a list => a list of all values takes 128.0 MiB, of which the script's limit leaves
tessera.tensor{shape = {1 << 23}}:values()
--- tensor sums that never end => limit
local t = tessera.tensor{shape = {1000000}} while true do t = t + t end
--- tensor slices that never end => than its limit of
local t = tessera.tensor{shape = {1000, 100}} while true do local x = t[{{}, {1, 50}}] end
--- operators that never end => ran longer than its limit of
local t = tessera.tensor{shape = {1, 8, 32, 32}} while true do tessera.op('relu', t) end
--- network that runs for ever => ran longer than its limit of
local net = tessera.network{inputs = {x = {shape = {1, 4, 64, 64}}}, weights = {random = 1}, layers = {{conv = {channels = 64, kernel = 3}}}, outputs = {'conv1'}}
local x = tessera.tensor{shape = {1, 4, 64, 64}}
while true do net:run(x) end
--- benchmark that takes too long => bench: option 'seconds': expected 0 to
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
net:bench{seconds = 1e6}
--- network of a huge input => input 'x': a value of 1x4x1099511627776x1099511627776 is too large
local net = tessera.network{inputs = {x = {shape = {1, 4, 'h', 'w'}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
net:plan{nodes = 2, inputs = {x = {1, 4, 1 << 40, 1 << 40}}}
--- weights of a terabyte => holding all weights takes
local net = tessera.network{inputs = {x = {shape = {1, 1000000}}}, weights = {random = 1}, layers = {{linear = {features = 250000}}}, outputs = {'linear1'}}
net:run{x = tessera.tensor{shape = {1, 1000000}}}
--- a batch of a terabyte to train => of which the script's limit leaves
local net = tessera.network{inputs = {x = {shape = {'batch', 1, 64, 64}}}, weights = {random = 1}, layers = {{conv = {channels = 64, kernel = 3}}}, outputs = {'conv1'}}
net:trainer{batch = 1000000, loss = 'mse'}
--- trainers => of which the script's limit leaves
local net = tessera.network{inputs = {x = {shape = {'batch', 1, 64, 64}}}, weights = {random = 1}, layers = {{conv = {channels = 64, kernel = 3}}}, outputs = {'conv1'}}
local all = {} while true do all[#all + 1] = net:trainer{batch = 16, loss = 'mse'} end
--- network of a million repeated layers => ran longer than its limit of
tessera.network{inputs = {x = {shape = {1, 1}}}, layers = {{['repeat'] = {count = 1000000000}, layers = {'relu'}}}, outputs = {'relu1'}}
--- deep recursion => needs more than its limit of
local function f() return 1 + f() end f()
--- deep recursion in a metamethod => C stack overflow
local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 'x'] end local x = t.a
--- deep index chain => '__index' chain too long; possible loop
local t = {} for i = 1, 3000 do t = setmetatable({}, {__index = t}) end local x = t.missing.x
--- deep coroutines => C stack overflow
local function f() coroutine.wrap(f)() end f()
--- deep nesting of source => C stack overflow
assert(load(('('):rep(100000) .. '1' .. (')'):rep(100000)))
--- deep table to a binding => a table nests deeper than 100 levels
local t = {} for i = 1, 200 do t = {t} end tessera.tensor{values = t}
--- table that contains itself => a table contains itself
local t = {} t[1] = t tessera.tensor{values = t}
--- deep gsub recursion => C stack overflow
local function f(s) return (s:gsub('.', f)) end f('x')
--- deep sort recursion => C stack overflow
local function f() table.sort({2, 1}, f) end f()
--- deep pcall in callbacks => C stack overflow
local function f() return select(2, pcall(string.gsub, 'x', 'x', f)) end error(f())
--- bytecode => attempt to load a binary chunk
assert(load('\27Lua\x54\0\x19\x93\r\n\x1a\n'))
--- bytecode asked for => binary chunks are not available to scripts
assert(load('\27Lua', 'x', 'b'))
--- dump => attempt to call a nil value (field 'dump')
string.dump(function() end)
--- io => global 'io' is not declared
io.open('/etc/passwd')
--- os => global 'os' is not declared
os.execute('true')
--- debug => there is no debug.getregistry
debug.getregistry()
--- package => global 'package' is not declared
package.loadlib('libc.so.6', 'system')
--- require of an absolute path => got '/etc/passwd'
require('/etc/passwd')
--- require that climbs => got '../../etc/passwd'
require('../../etc/passwd')
--- dofile => global 'dofile' is not declared
dofile('/etc/passwd')
--- loadfile => global 'loadfile' is not declared
loadfile('/etc/passwd')
--- the global table by its metatable => attempt to index a string value
getmetatable(_G).__index = nil
--- the string metatable => attempt to index a string value
getmetatable('').__index = {} error('changed')
--- string methods replaced => attempt to call a nil value (method 'rep')
string.rep = nil error(('x'):rep(3) == 'xxx' and 'still there' or 'gone')
--- a metatable of an object => attempt to call a nil value (field '__gc')
getmetatable(tessera.tensor{shape = {1}}).__gc()
--- a metatable of the library => cannot change a protected metatable
setmetatable(tessera, {})
--- a finalizer => finalizers (__gc) are not available to scripts
setmetatable({}, {__gc = function() while true do end end}) collectgarbage() error('no finalizers')
--- the collector stopped => ran longer than its limit of
collectgarbage('stop') local t = 0 while true do t = {} end
--- the environment replaced => attempt to call a nil value (global 'print')
local _ENV = {} print('x')
--- an undeclared global read => global 'undeclared' is not declared
print(undeclared)
--- an undeclared global assigned => assignment to undeclared global 'undeclared'
local function f() undeclared = 1 end f()
--- an error in an error in a callback => 1: y
local ok, e = pcall(string.gsub, 'x', 'x', function() error(setmetatable({}, {__tostring = function() error('y') end})) end) error(e)
--- an error across a coroutine and a binding => inside
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
tessera.register.partition_strategy('bad', function() coroutine.wrap(function() error('inside') end)() end)
net:plan{nodes = 2, strategy = 'bad'}
--- a yield across a binding => attempt to yield across a C-call boundary
local f = coroutine.wrap(function() tessera.tensor{values = {1}}:map(coroutine.yield) end) f() f()
--- an endless strategy => ran longer than its limit of
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
tessera.register.partition_strategy('slow', function() while true do end end)
net:plan{nodes = 2, strategy = 'slow'}
--- a strategy that plans by itself => C stack overflow
local net = tessera.network{inputs = {x = {shape = {1, 4, 8, 8}}}, weights = {random = 1}, layers = {{conv = {channels = 4, kernel = 3}}}, outputs = {'conv1'}}
tessera.register.partition_strategy('again', function() return net:plan{nodes = 2, strategy = 'again'} end)
net:plan{nodes = 2, strategy = 'again'}
--- a map that maps by itself => C stack overflow
local t = tessera.tensor{shape = {1}} local function f() t:map(f) return 1 end f()
--- an object used after it was closed => this progress is closed
local p = tessera.progress(1) p:close() p:step()
--- a method of another object => expected a progress, got a tensor
tessera.progress(1).step(tessera.tensor{shape = {1}})
--- a method without an object => expected a tensor, got nothing
tessera.tensor{shape = {1}}.shape()
--- an object's field assigned => 'shape' cannot be assigned: objects are read-only
tessera.tensor{shape = {1}}.shape = 1
--- not a number as a size => expected an integer, got -nan
tessera.tensor{shape = {0 / 0}}
--- an infinite size => expected an integer, got inf
tessera.tensor{shape = {math.huge}}
--- text that is no text => expected text in UTF-8, got other bytes
tessera.load('\xff\xfe')
--- a name with a zero => cannot open
tessera.load('a\0b.npy')
--- a plugin that loads itself => loads itself
local _, place = pcall(function() error('here') end)
tessera.plugin(place:match('^(.-):%d'))
--- division of integers by zero => divide by zero
local x = 1 // 0
--- arithmetic on nothing => attempt to perform arithmetic on a nil value
local x = nil + 1
--- a thread as an argument => a thread cannot be passed to Tessera
tessera.tensor{values = coroutine.create(function() end)}
--- a function of another kind => expected a function, got a table
tessera.register.saliency_metric('x', {})
--- coroutine closed while it runs => cannot close a running coroutine
coroutine.close(coroutine.running())
--- coroutine resumed by itself => cannot resume non-suspended coroutine
local c c = coroutine.create(function() return coroutine.resume(c) end) error(select(3, coroutine.resume(c)))
--- a warning that turns itself on => warned
warn('@on') warn(('x'):rep(1 << 20)) error('warned')
--- number formats => invalid conversion specification: '%1000d'
string.format('%1000d', 1)
--- a pack that is too large => packed
string.pack('!16 i16 s8', 1, ('x'):rep(100)) string.rep('x', -1):byte(1, 1 << 40) error('packed')
--- an unpack beyond the end => data string too short
string.unpack('i16', 'abc')
--- utf8 that is too large => value out of range
utf8.char(1 << 40)
--- char that is none => value out of range
string.char(256)
--- table that is in others more often than fits => than its limit of
local t = {1} for i = 1, 60 do t = {t, t} end tessera.json.encode(t)
--- json of too many values => is too large for JSON: expected at most 1048576 values
tessera.json.decode('[' .. ('[],'):rep(1200000) .. '[]]')
--- json of more values than fit => values of 'text' takes
tessera.json.decode('[' .. ('[],'):rep(300000) .. '[]]')
--- chunk that is named after a file => error value {}
load("error({})", "@/etc/passwd")()
--- an operator that takes for ever => ran longer than its limit of
local x = tessera.tensor{shape = {1, 8, 512, 512}}
tessera.op('conv', x, {channels = 8, kernel = 255, padding = 127, backend = 'reference', weights = {weight = tessera.tensor{shape = {8, 8, 255, 255}}}, bias = false})
--- a pool that takes for ever => ran longer than its limit of
local x = tessera.tensor{shape = {1, 1, 1023, 1023}}
tessera.op('max_pool', x, {kernel = 1023, stride = 1, padding = 511, backend = 'reference'})
