import TesseraCore

extension Module where Product == any Operator {
    /// The module of an operator type.
    public init<Type: Operator>(_ type: Type.Type) {
        self.init(type, name: type.name, summary: type.summary) { $0 }
    }
}

extension Registry where Product == any Operator {
    /// Every operator that Tessera has.
    public static var builtin: Registry<any Operator> {
        Registry(
            kind: "layer",
            [
                Module(Add.self), Module(AveragePool.self), Module(BatchNorm.self), Module(Concat.self),
                Module(Constant.self), Module(Conv.self), Module(Flatten.self), Module(GlobalAveragePool.self),
                Module(LeakyRelu.self),
                Module(Linear.self), Module(MaxPool.self), Module(Pad.self), Module(Relu.self), Module(Slice.self),
                Module(Softmax.self), Module(Subtract.self),
            ])
    }
}
