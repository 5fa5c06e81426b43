extension GraphBinder {
    /// The shape and type of a value of the source graph; nil if it depends on values that are not known.
    package func facts(of value: Graph.ValueID) -> (shape: Shape, elementType: ElementType)? {
        switch meanings[value] {
        case .value(let bound): (shapes[bound], elementTypes[bound])
        case .known(let tensor): (tensor.shape, tensor.elementType)
        case nil: nil
        }
    }
}
