import TesseraCore
import TesseraPartition

/// Where strips are cut: along the height or the width.
public enum SpatialAxis: String, ConfigurationChoice {
    case height, width

    /// Its index in [batch, channels, height, width].
    var index: Int { self == .height ? 2 : 3 }
}
