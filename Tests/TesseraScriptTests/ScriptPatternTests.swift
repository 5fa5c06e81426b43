import TesseraCore
import TesseraScript
import Testing

/// The pattern functions are our own, so that limits hold in them; what they give is as Lua's manual defines.
@Suite struct ScriptPatternTests {
    @Test(
        "A pattern matches as in the manual",
        arguments: [
            ("('hello world'):find('wor')", "7 9"),
            ("('hello'):find('l')", "3 3"),
            ("('hello'):find('')", "1 0"),
            ("('hello'):find('', 10)", "nil"),
            ("('hello'):find('l', -2)", "4 4"),
            ("('a.b'):find('.', 1, true)", "2 2"),
            ("('a\\0b'):find('\\0b')", "2 3"),
            ("('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key value"),
            ("('  trim  '):match('^%s*(.-)%s*$')", "trim"),
            ("('hello'):match('()ll()')", "3 5"),
            ("('THE (quick) fox'):find('%((%a+)%)')", "5 11 quick"),
            ("('f(a(b)c)d'):match('%b()')", "(a(b)c)"),
            ("('THE (quick) fox'):match('%f[%a]%a+%f[%A]', 5)", "quick"),
            ("('say \"x\" y'):match([[([\"'])(.-)%1]])", "\" x"),
            ("('2024-05'):match('(%d+)-(%d+)')", "2024 05"),
            ("('-12'):match('^[+-]?%d+$')", "-12"),
            ("('a]b'):match('[]]')", "]"),
            ("('ab'):match('[^a]')", "b"),
            ("('äx'):match('[\\xC0-\\xFF][\\x80-\\xBF]') == 'ä'", "true"),
            ("('abc'):gsub('', '-')", "-a-b-c- 4"),
            ("('abc'):gsub('%w', '%0%0')", "aabbcc 3"),
            ("('hello world'):gsub('(%w+) (%w+)', '%2 %1')", "world hello 1"),
            ("('abc'):gsub('b', '%%')", "a%c 1"),
            ("('$a $b'):gsub('%$(%w+)', {a = 1})", "1 $b 2"),
            ("('abc'):gsub('%w', function(c) if c == 'b' then return 'x' end end)", "axc 3"),
            ("('aaa'):gsub('a', 'b', 2)", "bba 2"),
            ("('aaa'):gsub('^a', 'b')", "baa 1"),
            ("('abc'):gsub('()', '%1')", "1a2b3c4 4"),
            (
                "(function() local r = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do r[#r + 1] = k .. v end return table.concat(r, ' ') end)()",
                "a1 b2"
            ),
            (
                "(function() local r = {} for w in ('one two'):gmatch('%a*') do r[#r + 1] = w end return table.concat(r, ',') end)()",
                "one,two"
            ),
        ])
    func pattern(expression: String, expected: String) throws {
        let source =
            "local r = table.pack(\(expression)) for i = 1, r.n do r[i] = tostring(r[i]) end return table.concat(r, ' ')"
        #expect(try run(source) == [.string(expected)])
    }

    @Test(
        "A malformed pattern is an error",
        arguments: [
            ("('a'):find('%')", "malformed pattern (ends with '%')"),
            ("('a'):find('[a')", "malformed pattern (missing ']')"),
            ("('a'):find('(a')", "unfinished capture"), ("('a'):match('a)')", "invalid pattern capture"),
            ("('a'):find('%1')", "invalid capture index %1"), ("('a'):find('%bx')", "missing arguments to '%b'"),
            ("('a'):find('%f')", "missing '[' after '%f'"), ("('a'):gsub('a', '%2')", "invalid capture index %2"),
            ("('a'):gsub('a', '%x')", "invalid use of '%'"),
            ("('a'):gsub('a', function() return {} end)", "invalid replacement value"),
            ("('a'):find(('a-'):rep(300))", "pattern too complex"), ("('a'):find(('()'):rep(33))", "too many captures"),
        ])
    func malformed(source: String, message: String) {
        #expect(failure("return \(source)")?.message.contains(message) == true)
    }
}
