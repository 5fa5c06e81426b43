import TesseraCore
import TesseraNetwork

/// The pictures of a training.
public struct DataDeclaration: Configurable, ConfigurationValue, Equatable {
    public enum Kind: String, Sendable, ConfigurationChoice {
        /// Folders of pictures, one for each class, also in a tar archive.
        case classes
        /// CIFAR-10's binary files.
        case cifar
        /// IDX files, as MNIST comes.
        case idx
        /// Clean pictures, to which noise is added.
        case restoration
    }

    public var kind = Kind.classes
    /// A folder or an archive.
    public var path: String?
    /// Parts of it, or files.
    public var train: [String] = []
    public var test: [String] = []
    public var trainLabels: String?
    public var testLabels: String?
    public var classCount = 10
    public var patch = 64
    public var noise = 25.0
    public var repeats = 1
    /// MiB of decoded pictures that are kept.
    public var memory = 1024

    public init() {}

    public static let typeDescription = "a map of keys"
    public static let keys: [Key<DataDeclaration>] = [
        Key("kind", \.kind, "folders of classes, CIFAR's binary files, IDX files, or pictures to add noise to"),
        Key("path", \.path, "the folder or archive that 'train' and 'test' are folders of"),
        Key("train", \.train, "the folder to train with; files with cifar and idx"),
        Key("test", \.test, "the folder to test with; files with cifar and idx"),
        Key("train_labels", \.trainLabels, "of idx: the labels of 'train'"),
        Key("test_labels", \.testLabels, "of idx: the labels of 'test'"),
        Key("classes", \.classCount, "of idx: the number of classes"),
        Key("patch", \.patch, "of restoration: height and width of what is cut from pictures"),
        Key("noise", \.noise, "of restoration: the deviation of the noise, in steps of 1/255"),
        Key("repeats", \.repeats, "of restoration: how many pieces of each picture make an epoch"),
        Key("memory", \.memory, "MiB of decoded pictures that are kept"),
    ]

    public func validate() throws {
        switch kind {
        case .classes, .restoration:
            guard path != nil || train.count == 1 else {
                throw TesseraError(.invalidArgument, "expected a 'path', or one folder for 'train'")
            }
            guard train.count <= 1, test.count <= 1 else {
                throw TesseraError(.invalidArgument, "expected one folder for 'train' and one for 'test'")
            }
        case .cifar:
            guard !train.isEmpty else { throw TesseraError(.invalidArgument, "expected the files to 'train' with") }
        case .idx:
            guard train.count == 1, trainLabels != nil, test.isEmpty || (test.count == 1 && testLabels != nil) else {
                throw TesseraError(.invalidArgument, "expected a file for 'train' and one for 'train_labels'")
            }
        }
        guard (1...1 << 20).contains(memory), (1...65_536).contains(patch), noise >= 0, (1...1 << 20).contains(repeats),
            (1...65_536).contains(classCount)
        else {
            throw TesseraError(
                .invalidArgument, "expected 'memory', 'patch', 'repeats' and 'classes' from 1, and 'noise' from 0")
        }
    }

    /// Resolves the paths that are relative to the file.
    mutating func resolve(_ resolved: (String) -> String) {
        if let path {
            self.path = resolved(path)
        } else if kind == .classes || kind == .restoration {
            (train, test) = (train.map(resolved), test.map(resolved))
        }
        guard kind == .cifar || kind == .idx else { return }
        let folder = path.map { $0 + "/" }
        func file(_ name: String) -> String { folder.map { $0 + name } ?? resolved(name) }
        (train, test) = (train.map(file), test.map(file))
        (trainLabels, testLabels) = (trainLabels.map(file), testLabels.map(file))
    }

    /// The pictures to train and to test with; nil for none.
    ///
    /// - Throws: what reading them throws.
    func load() throws -> (train: any DataSet, test: (any DataSet)?) {
        // Pictures that are tested with are asked for in every epoch, too.
        let quarter = (memory << 20) / 4
        let (trainMemory, testMemory) = (3 * quarter, quarter)
        switch kind {
        case .classes:
            let train = try EncodedPictures.ofClasses(path ?? train0, part: path == nil ? nil : self.train.first)
            let test = try self.test.first.map {
                try EncodedPictures.ofClasses(path ?? $0, part: path == nil ? nil : $0, classes: train.classes)
            }
            return (
                CachedDataSet(train, memory: trainMemory), test.map { CachedDataSet($0, memory: testMemory) }
            )
        case .restoration:
            let train = try EncodedPictures.unlabelled(path ?? train0, part: path == nil ? nil : self.train.first)
            let test = try self.test.first.map {
                try EncodedPictures.unlabelled(path ?? $0, part: path == nil ? nil : $0)
            }
            return (
                RepeatedDataSet(base: CachedDataSet(train, memory: trainMemory), times: repeats),
                test.map { CachedDataSet($0, memory: testMemory) }
            )
        case .cifar:
            // These are decoded already.
            return (try CIFARFiles.read(train), test.isEmpty ? nil : try CIFARFiles.read(test))
        case .idx:
            return (
                try IDXFiles.read(images: train0, labels: trainLabels ?? "", classes: classCount),
                try test.first.map { try IDXFiles.read(images: $0, labels: testLabels ?? "", classes: classCount) }
            )
        }
    }

    private var train0: String { train.first ?? "" }
}

/// Every picture several times.
private struct RepeatedDataSet: DataSet {
    let base: any DataSet
    let times: Int

    var count: Int { base.count * times }
    var classes: [String] { base.classes }
    func label(_ index: Int) -> Int? { base.label(index % base.count) }
    func picture(_ index: Int) throws -> Picture { try base.picture(index % base.count) }
}
