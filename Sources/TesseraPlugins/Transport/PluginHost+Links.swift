import CTesseraPlugin

extension PluginHost {
    /// What transports may call.
    static func addLinks(to host: inout tessera_host) {
        host.link_opened = { network, link, isDialed in
            PluginTransport.at(network)?.opened(link, isDialed: isDialed != 0)
        }
        host.received = { network, link, bytes, count in
            let message = UnsafeRawBufferPointer(start: bytes, count: count)
            let isUseful = PluginTransport.at(network)?.received(link, message) == true
            return tessera_status(isUseful ? TESSERA_OK : TESSERA_PEER_LOST)
        }
        host.link_closed = { network, link, reason in
            PluginTransport.at(network)?.closed(link, reason: reason.map { String(cString: $0) })
        }
    }
}
