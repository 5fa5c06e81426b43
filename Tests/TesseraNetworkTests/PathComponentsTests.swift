import Testing

@testable import TesseraNetwork

@Suite struct PathComponentsTests {
    @Test(
        arguments: [
            ("", "", "", ""), ("a", "", "a", "a"), ("/", "/", "", ""), ("/a", "/", "a", "a"),
            ("b/c.yaml", "b/", "c.yaml", "c"), ("../x/y.tar.gz", "../x/", "y.tar.gz", "y.tar"),
            ("d/.e", "d/", ".e", ".e"),
            ("ä/ö.ü", "ä/", "ö.ü", "ö"),
        ])
    func parts(path: String, folder: String, name: String, stem: String) {
        let components = PathComponents(path)
        #expect(components.folder == folder && components.name == name && components.stem == stem)
    }
}
