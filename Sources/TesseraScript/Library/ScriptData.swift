import Tessera

/// Pictures to train with, as batches that a network takes.
final class ScriptData: ScriptObject {
    private let pictures: TrainingPictures

    init(_ pictures: TrainingPictures) { self.pictures = pictures }

    /// Of a batch.
    var shape: Shape { pictures.shape }

    /// Bytes of the batches that a loop holds at once.
    var batchesByteCount: Int {
        Shape.saturatingProduct(shape.elementCount, 4 * (TrainingBatches.ahead + 1))
    }

    var scriptDescription: String {
        "data: \(pictures.trainCount) pictures to train with, \(pictures.testCount) to test with, in batches of \(pictures.shape)"
    }

    static var scriptType: ScriptType {
        ScriptType(
            "Data", "Pictures to train and to test with, in batches that a network takes.",
            methods: [
                Binding(
                    of: ScriptData.self, "train", "train(epoch: integer) -> Batches",
                    "The batches of an epoch, counted from 1, for a loop `for batch in data:train(1)`: all pictures in an order that follows "
                        + "from the seed and the epoch, changed at random as `augment` says; what does not fill a batch is left out."
                ) { data, call in
                    try call.expectArguments(atMost: 1)
                    let epoch = try call.integer(1, "epoch")
                    guard (1...1_000_000).contains(epoch) else {
                        throw TesseraError(
                            .invalidArgument, "expected an epoch from 1 to 1000000, got \(epoch)", path: call.name)
                    }
                    return try locatingErrors(path: call.name) {
                        [.object(try ScriptBatches(data) { try data.pictures.batches(ofEpoch: epoch - 1) })]
                    }
                },
                Binding(
                    of: ScriptData.self, "test", "test() -> Batches",
                    "The batches of all pictures to test with, in their own order. The last one is filled up with its last picture: `count` says how many "
                        + "samples count."
                ) { data, call in
                    try call.expectArguments(atMost: 0)
                    return try locatingErrors(path: call.name) {
                        [.object(try ScriptBatches(data) { try data.pictures.testBatches() })]
                    }
                },
            ],
            properties: [
                Binding(of: ScriptData.self, property: "classes", "string[]", "The names of the classes.") {
                    .table(ScriptTable(array: $0.pictures.classes.map(ScriptValue.string)))
                },
                Binding(of: ScriptData.self, property: "train_count", "integer", "How many pictures to train with.") {
                    .integer($0.pictures.trainCount)
                },
                Binding(of: ScriptData.self, property: "test_count", "integer", "How many pictures to test with.") {
                    .integer($0.pictures.testCount)
                },
            ])
    }
}

/// Batches one after the other.
final class ScriptBatches: ScriptObject {
    private let batches: TrainingBatches
    /// Those that are made ahead.
    let scriptByteCount: Int

    init(_ data: ScriptData, _ make: () throws -> TrainingBatches) throws {
        (batches, scriptByteCount) = (try make(), data.batchesByteCount)
    }

    var scriptDescription: String { "batches" }

    static var scriptType: ScriptType {
        ScriptType(
            "Batches", "Batches one after the other, for a loop.",
            operators: [
                Binding(
                    of: ScriptBatches.self, "__call",
                    "batches() -> {input: Tensor, classes?: integer[], target?: Tensor, count: integer}?",
                    "The next batch, which `trainer:step` and the others take, or nil after the last one. Classes count from 1."
                ) { object, _ in
                    guard let batch = try object.batches.next() else { return [.nil] }
                    var table = ScriptTable(entries: [
                        "input": .object(ScriptTensor(batch.input)), "count": .integer(batch.count),
                    ])
                    switch batch.target {
                    case .classes(let classes):
                        table.entries["classes"] = .table(ScriptTable(array: classes.map { .integer($0 + 1) }))
                    case .tensor(let tensor): table.entries["target"] = .object(ScriptTensor(tensor))
                    }
                    return [.table(table)]
                }
            ])
    }
}
