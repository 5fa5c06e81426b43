/// The sizes in bytes that the structures of a library had in version 1.0 of the interface: the least that a library must bring.
///
/// They stay as they are, however the structures grow.
enum FirstLayout {
    static let descriptor = 72
    static let option = 32
    static let parameter = 16
    static let strategy = 24
    static let metric = 32
    static let codec = 64
    static let `operator` = 104
    static let transport = 72
    static let tile = 160
    static let tileCost = 40
}
