import TransportTCP

extension TCPSettings {
    /// Patient, for machines that do much else.
    static let patient = {
        var settings = TCPSettings()
        settings.closeTimeout = 20
        settings.silence = 20
        settings.handshakeTimeout = 20
        return settings
    }()
}
