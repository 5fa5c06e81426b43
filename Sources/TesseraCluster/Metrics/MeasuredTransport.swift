/// A transport that counts what it does.
public protocol MeasuredTransport: Transport {
    /// What it has counted since it was started, and what there is now.
    var metrics: [MetricFamily] { get }
}
