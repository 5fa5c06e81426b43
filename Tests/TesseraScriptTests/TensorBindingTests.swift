import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct TensorBindingTests {
    private let folder: NetworkFolder
    init() throws { folder = try NetworkFolder() }

    @Test(
        "A tensor is made, read and compared",
        arguments: [
            ("return tessera.tensor{shape = {2, 3}}:values()", "{0.0, 0.0, 0.0, 0.0, 0.0, 0.0}"),
            ("return tessera.tensor{shape = {2}, fill = 1.5}:values()", "{1.5, 1.5}"),
            ("return tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}:shape()", "{2, 3}"),
            ("return tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}:get(2, 1)", "4.0"),
            ("return tessera.tensor{shape = {3, 2}, values = {1, 2, 3, 4, 5, 6}}:get(2, 1)", "3.0"),
            ("return tessera.tensor{values = {1, 2, 3, 4}}:reshape{2, 2}:get(2, 2)", "4.0"),
            ("return #tessera.tensor{shape = {4, 5}}", "20"),
            ("return tessera.tensor{shape = {4}}.type", "\"f32\""),
            ("return tostring(tessera.tensor{values = {1, 0.25, -3}})", "\"tensor 3 f32 [1, 0.25, -3]\""),
            ("return tostring(tessera.tensor{shape = {1, 3, 8, 8}})", "\"tensor 1x3x8x8 f32 [0, 0, 0, 0, 0, 0, …]\""),
            ("return tessera.tensor{shape = {3}} == tessera.tensor{values = {0, 0, 0}}", "true"),
            ("return tessera.tensor{shape = {3}} == tessera.tensor{shape = {3, 1}}", "false"),
            // To the bit: 0 and -0 differ.
            ("return tessera.tensor{values = {0.0}} == tessera.tensor{values = {-0.0}}", "false"),
            ("return tessera.tensor{values = {0.0}}:difference(tessera.tensor{values = {-0.0}})", "0.0"),
            ("return tessera.tensor{values = {1, 2}}:difference(tessera.tensor{values = {1.5, -1}})", "3.0"),
            ("return tessera.tensor{values = {1}}:difference(tessera.tensor{values = {0 / 0}})", "inf"),
            (
                "local a = tessera.tensor{shape = {9}, random = 3} return a == tessera.tensor{shape = {9}, random = 3}",
                "true"
            ),
            (
                "local a = tessera.tensor{shape = {9}, random = 3} return a == tessera.tensor{shape = {9}, random = 4}",
                "false"
            ),
            (
                "return (tessera.tensor{values = {1, 2}} + tessera.tensor{values = {3, 5}}):values()", "{4.0, 7.0}"
            ),
            ("return (2 * tessera.tensor{values = {1, 2.5}} - 1):values()", "{1.0, 4.0}"),
            ("return (1 - tessera.tensor{values = {1, 2.5}}):values()", "{0.0, -1.5}"),
            ("return tessera.tensor{values = {0, 0}}:psnr(tessera.tensor{values = {10, 10}})", "-20.0"),
            ("return tessera.tensor{values = {3}}:psnr(tessera.tensor{values = {3}})", "100.0"),
            (
                // Within five deviations of the mean and of the mean square of 10,000 normal numbers.
                """
                local sum, squares = 0, 0
                for _, x in ipairs(tessera.tensor{shape = {10000}, normal = 3}:values()) do
                  sum, squares = sum + x, squares + x * x
                end
                return math.abs(sum / 10000) < 0.05 and math.abs(squares / 10000 - 1) < 0.071
                """, "true"
            ),
            ("return tessera.divide(10, 4)", "{{1, 3}, {4, 6}, {7, 8}, {9, 10}}"),
        ])
    func tensor(source: String, expected: String) async throws {
        #expect(try await folder.run(source).values.first?.description == expected)
    }

    @Test(
        "A tensor that cannot be says why",
        arguments: [
            ("tessera.tensor{}", "tensor: missing option 'shape'"),
            ("tessera.tensor{shap = {1}}", "unknown option 'shap', did you mean 'shape'?"),
            ("tessera.tensor{shape = {1, 0}}", "option 'shape': expected sizes of at least 1, got 1x0"),
            ("tessera.tensor{shape = {1.5}}", "option 'shape': [1]: expected an integer, got 1.5"),
            ("tessera.tensor{shape = 3}", "option 'shape': expected a list, got a number"),
            ("tessera.tensor{shape = {2}, values = {1}}", "expected 2 values for 2, found 1"),
            (
                "tessera.tensor{values = {{1, 2}, {3}}}",
                "option 'values': [2]: expected a list of 2 as before, got one of 1"
            ),
            ("tessera.tensor{values = {1, 'x'}}", "option 'values': [2]: expected a number, got a string"),
            ("tessera.tensor{values = {{1, 2}, {3, {}}}}", "option 'values': [2][2]: expected a number, got a table"),
            (
                "tessera.tensor{values = {}}",
                "option 'values': expected a list of at least one number, got an empty one"
            ),
            ("tessera.tensor{values = {{}}}", "option 'values': [1]: expected a list of at least one number"),
            (
                "tessera.tensor{shape = {2}, fill = 1, values = {1, 2}}",
                "expected one of 'fill', 'values', 'random' and 'normal'"
            ),
            ("tessera.tensor{shape = {1 << 30, 1 << 30}}", "of which the script's limit leaves"),
            ("tessera.tensor{shape = {2, 2}}:get(1)", "get: expected 2 positions in a tensor of 2x2, got 1"),
            ("tessera.tensor{shape = {2, 2}}:get(0, 1)", "expected a position from 1 to 2 on axis 1, got 0"),
            ("tessera.tensor{shape = {2, 2}}:get(1, 3)", "expected a position from 1 to 2 on axis 2, got 3"),
            ("tessera.tensor{shape = {2}}:reshape{3}", "expected a shape of 2 elements, found 3"),
            ("tessera.tensor{shape = {2}}:difference(3)", "argument 1 (other): expected a tensor, got a number"),
            (
                "tessera.tensor{shape = {2}}:save('x.txt')",
                "save: expected a path that ends in .npy, .safetensors, .png or .jpg, got 'x.txt'"
            ),
            (
                "local t = tessera.tensor{shape = {2}} + tessera.tensor{shape = {3}}",
                "+: expected inputs of equal shape, or 1 where they differ, found 2 and 3"
            ),
            ("local t = tessera.tensor{shape = {2}} * {}", "*: expected a number, got a table"),
            ("tessera.tensor{shape = {2}}:psnr(tessera.tensor{shape = {3}})", "psnr: expected a tensor of 2, got 3"),
            ("tessera.tensr{}", "there is no tessera.tensr, did you mean 'tensor'?"),
            ("tessera.tensor{shape = {2}}:save('x')", "got 'x'"), ("tessera.load('x')", "got 'x'"),
            ("tessera.load('')", "got ''"),
            ("tessera.tensor{shape = {2}}:save('a.png/x')", "got 'a.png/x'"),
            ("tessera.load('x.csv')", "load: expected a .npy or .safetensors file, got 'x.csv'"),
            ("tessera.image('/nowhere.png')", "/nowhere.png"),
            ("tessera.divide(10, 0)", "divide: expected a count of at least 0 and 1 to 65536 parts"),
        ])
    func misuse(source: String, message: String) async {
        let error = await folder.failure(source)
        #expect("\(error as Any)".contains(message), "\(error as Any)")
        #expect(error?.location?.line == 1)
    }

    @Test func tensorsOutliveTheirFiles() async throws {
        let results = try await folder.run(
            """
            local x = tessera.tensor{values = {{1, 2}, {3, 4}}}
            x:save(folder .. '/x.npy')
            x:save(folder .. '/x.safetensors')
            return tessera.load(folder .. '/x.npy') == x, tessera.load(folder .. '/x.safetensors').tensor == x
            """)
        #expect(results.values == [true, true])
        #expect(try NpyFile.read(folder.path + "/x.npy") == Tensor([1, 2, 3, 4], shape: [2, 2]))
    }

    @Test func picturesAreReadAndWritten() async throws {
        let picture = try Picture(width: 3, height: 2, channels: 3, pixels: (0..<18).map { UInt8($0 * 10) })
        try picture.write(to: folder.path + "/in.png")
        let results = try await folder.run(
            """
            local image = tessera.image(folder .. '/in.png')
            image:save(folder .. '/out.png')
            image:grey():save(folder .. '/grey.png')
            tessera.tensor{shape = {1, 1, 2, 2}, values = {0, 0.2, 1, 2}}:save(folder .. '/tensor.png')
            return image.width, image.height, image.channels, tostring(image), image == tessera.image(folder .. '/out.png')
            """)
        #expect(results.values == [3, 2, 3, "image 3x2, RGB", true])
        #expect(try Picture(path: folder.path + "/out.png") == picture)
        #expect(try Picture(path: folder.path + "/grey.png") == picture.grey())
        #expect(try Picture(path: folder.path + "/tensor.png").pixels == [0, 51, 255, 255])
    }

    @Test func tensorsOfDifferentShapesAreRepeatedToFit() async throws {
        let results = try await NetworkFolder().run(
            """
            local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}
            local row, column = tessera.tensor{values = {10, 20, 30}}, tessera.tensor{values = {{1}, {2}}}
            return t + row == tessera.tensor{values = {{11, 22, 33}, {14, 25, 36}}},
              column * t == tessera.tensor{values = {{1, 2, 3}, {8, 10, 12}}},
              row - column == tessera.tensor{values = {{9, 19, 29}, {8, 18, 28}}}
            """)
        #expect(results.values == [true, true, true])
    }

    @Test func whatIsGarbageIsCollectedBeforeTheLimitRefuses() async throws {
        var options = ScriptEngine.Options()
        options.memoryLimit = 64
        let results = try await NetworkFolder().run(
            """
            local x = tessera.tensor{shape = {1000000}, fill = 1}
            for i = 1, 100 do x = x * 1.0 end
            return x:get(1000000)
            """, options)
        #expect(results.values == [.number(1)])
    }
}
