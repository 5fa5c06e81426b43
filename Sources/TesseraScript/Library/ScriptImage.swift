import Tessera

/// A picture as scripts hold it.
final class ScriptImage: ScriptObject {
    let picture: Picture

    init(_ picture: Picture) { self.picture = picture }

    /// {1, channels, height, width}
    private var shape: Shape { [1, picture.channels, picture.height, picture.width] }
    var scriptByteCount: Int { picture.pixels.count }
    var scriptDescription: String {
        "image \(picture.width)x\(picture.height), \(picture.channels == 1 ? "grey" : "RGB")"
    }
    func isEqual(to other: any ScriptObject) -> Bool { (other as? ScriptImage)?.picture == picture }

    static var scriptType: ScriptType {
        ScriptType(
            "Image", "A picture of 8 bits per channel. A network's file says how its input is made of one.",
            methods: [
                Binding(of: ScriptImage.self, "save", "save(path: string)", "Writes a .png or .jpg file.") {
                    image, call in
                    try call.expectArguments(atMost: 1)
                    try image.picture.write(to: call.string(1, "path"))
                    return []
                },
                Binding(of: ScriptImage.self, "grey", "grey() -> Image", "The brightness of the picture.") {
                    image, call in
                    try call.expectArguments(atMost: 0)
                    return [.object(ScriptImage(try image.picture.grey()))]
                },
                Binding(
                    of: ScriptImage.self, "tensor", "tensor() -> Tensor",
                    "The picture as a tensor of {1, channels, height, width}, values from 0 to 1."
                ) { image, call in
                    try call.expectArguments(atMost: 0)
                    try call.limits.check(bytes: 4 * image.picture.pixels.count, for: "a tensor of \(image.shape)")
                    let declaration = InputDeclaration(SymbolicShape(image.shape))
                    return [.object(ScriptTensor(try declaration.tensor(of: image.picture)))]
                },
            ],
            properties: [
                Binding(of: ScriptImage.self, property: "width", "integer", "Pixels in a row.") {
                    .integer($0.picture.width)
                },
                Binding(of: ScriptImage.self, property: "height", "integer", "Rows.") { .integer($0.picture.height) },
                Binding(of: ScriptImage.self, property: "channels", "integer", "1 for grey, 3 for RGB.") {
                    .integer($0.picture.channels)
                },
            ])
    }
}
