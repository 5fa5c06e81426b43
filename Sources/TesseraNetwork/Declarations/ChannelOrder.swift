import TesseraCore

/// What the channels of a picture are, in order.
public enum ChannelOrder: String, Sendable, ConfigurationChoice {
    case rgb, bgr, grey

    var channels: Int { self == .grey ? 1 : 3 }
}
