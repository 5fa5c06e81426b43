import Foundation

/// Peak signal-to-noise ratio in decibels of numbers from 0 to 1: 10 · log10(1 / error); 100 where nothing differs.
public func peakSignalToNoise(meanSquaredError error: Double) -> Double {
    error > 1e-10 || error.isNaN ? -10 * log10(error) : 100
}
