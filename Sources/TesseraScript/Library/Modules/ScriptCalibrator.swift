import Tessera

/// A calibration method that is a Lua function.
struct ScriptCalibrator: Calibrator {
    var module: ScriptModule
    /// The method's further options.
    var options: Configuration

    func range(of histogram: ActivationHistogram, bits: Int) throws -> ClosedRange<Float> {
        let results = try module.call([
            .table(ScriptTable(histogram)), .integer(bits), .table(try module.values(of: options)),
        ])
        return try locatingErrors(path: module.title) {
            guard results.count >= 2 else {
                throw TesseraError(.invalidArgument, "expected two numbers as the result, got \(results.count)")
            }
            let (low, high) = (Float(try results[0].requireNumber()), Float(try results[1].requireNumber()))
            guard low <= 0, high >= 0, (high - low).isFinite else {
                throw TesseraError(
                    .invalidArgument, "expected a finite range from at most 0 to at least 0, got \(low) to \(high)")
            }
            return low...high
        }
    }
}

extension ScriptRecord {
    static var histogram: ScriptRecord {
        ScriptRecord(
            "Histogram", "What was seen of a value, which the function of a calibration method gets.",
            fields: [
                Field("minimum", "number", "The smallest number."), Field("maximum", "number", "The largest number."),
                Field("zeros", "integer", "How many numbers were 0."),
                Field("width", "number", "The width of a bin."),
                Field(
                    "positive", "integer[]",
                    "How many numbers above 0 there were in each bin: `positive[i]` from (i - 1) · width to i · width."),
                Field("negative", "integer[]", "The same of numbers below 0, by magnitude."),
            ])
    }
}

extension ScriptTable {
    /// What a calibration method gets to see.
    fileprivate init(_ histogram: ActivationHistogram) {
        func list(_ bins: [Int]) -> ScriptValue { .table(ScriptTable(array: bins.map(ScriptValue.integer))) }
        self.init(entries: [
            "width": .number(Double(histogram.width)), "zeros": .integer(histogram.zeros),
            "minimum": .number(Double(histogram.minimum)), "maximum": .number(Double(histogram.maximum)),
            "positive": list(histogram.positive), "negative": list(histogram.negative),
        ])
    }
}
