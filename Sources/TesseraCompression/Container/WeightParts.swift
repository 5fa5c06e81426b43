import TesseraCore

extension FrameLayout {
    /// The runs of frames or rows that a codec takes at once.
    ///
    /// - Throws: `limitExceeded` if not even one row fits.
    func parts(within limits: WeightCodecLimits, isVideo: Bool) throws -> [(frames: Range<Int>, rows: Range<Int>)] {
        guard sampleCount > 0 else { return [] }
        guard width <= limits.width, !isVideo || height <= limits.height else {
            throw TesseraError(
                .limitExceeded,
                "expected pictures of at most \(limits.width)x\(limits.height), found \(width)x\(height)")
        }
        let smallest = isVideo ? Shape.saturatingProduct(width, height) : width
        guard smallest <= WeightCodecLimits.largestPart else {
            throw TesseraError(
                .limitExceeded,
                "expected at most \(WeightCodecLimits.largestPart) numbers in one \(isVideo ? "frame" : "row"), "
                    + "found \(smallest)")
        }
        // A film is cut between frames, a picture between rows of weights.
        if isVideo {
            let step = max(1, limits.samples / (width * height))
            return stride(from: 0, to: count, by: step).map { ($0..<min($0 + step, count), 0..<height) }
        }
        let step = max(1, min(limits.height, limits.samples / width, height))
        return (0..<count).flatMap { frame in
            stride(from: 0, to: height, by: step).map { (frame..<frame + 1, $0..<min($0 + step, height)) }
        }
    }
}

extension Array where Element: Sendable {
    /// What becomes of every element, computed by several threads at once; the first error, in the order of the elements.
    package func concurrentlyMapped<Result: Sendable>(
        threads: Int, _ transform: @Sendable (Element) throws -> Result
    ) throws -> [Result] {
        let slots = ResultSlots<Result>(count: count)
        let next = NextIndex(count: count)
        concurrently(threads: Swift.min(threads, count)) { _ in
            while let index = next.take() {
                slots.set(
                    index,
                    Swift.Result {
                        try Deadline.check()
                        return try transform(self[index])
                    })
            }
        }
        return try slots.values()
    }
}
