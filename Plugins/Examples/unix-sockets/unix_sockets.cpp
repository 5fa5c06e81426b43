// A transport: Unix domain sockets, for nodes that are processes of one host.
//
// Every link is a connection of a stream socket. A message is its length in eight bytes, little endian, then its bytes. A link has
// a thread that reads; sending is done on the thread of the host.

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <tessera_plugin.h>

namespace {

const tessera_host *host;
constexpr uint64_t largest_message = uint64_t(1) << 30;

// A socket that is closed when nobody uses it any more.
class Socket {
public:
    explicit Socket(int descriptor) : descriptor_(descriptor) {}
    ~Socket() { close(descriptor_); }
    Socket(const Socket &) = delete;
    Socket &operator=(const Socket &) = delete;

    int descriptor() const { return descriptor_; }
    // Wakes up whoever reads, writes or accepts.
    void shut() const { shutdown(descriptor_, SHUT_RDWR); }

    // Reads so many bytes; says how many came before the end.
    size_t read(char *bytes, size_t count) const {
        size_t filled = 0;
        while (filled < count) {
            const ssize_t result = recv(descriptor_, bytes + filled, count - filled, 0);
            if (result < 0 && errno == EINTR) continue;
            if (result <= 0) break;
            filled += size_t(result);
        }
        return filled;
    }

    // Writes all pieces; says whether the other end takes them.
    bool write(std::vector<iovec> pieces) const {
        size_t first = 0;
        while (first < pieces.size()) {
            msghdr message{};
            message.msg_iov = &pieces[first];
            message.msg_iovlen = std::min<size_t>(pieces.size() - first, 64);
            ssize_t sent = sendmsg(descriptor_, &message, MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0) return false;
            while (first < pieces.size() && size_t(sent) >= pieces[first].iov_len)
                sent -= ssize_t(pieces[first++].iov_len);
            if (first < pieces.size()) {
                pieces[first].iov_base = static_cast<char *>(pieces[first].iov_base) + sent;
                pieces[first].iov_len -= size_t(sent);
            }
        }
        return true;
    }

private:
    int descriptor_;
};

class Transport {
public:
    Transport(std::string folder, tessera_network *network) : folder_(std::move(folder)), network_(network) {}

    ~Transport() {
        if (listener_) {
            listener_->shut();
            acceptor_.join();
            unlink(path(address_).c_str());
        }
        std::unique_lock<std::mutex> lock(mutex_);
        for (const auto &link : links_) link.second->shut();
        idle_.wait(lock, [this] { return readers_ == 0; });
    }

    tessera_status listen(const std::string &address, tessera_error *error) {
        const bool any = address.size() >= 2 && address.compare(address.size() - 2, 2, ":0") == 0;
        // Any free port is one that no other process took: its number begins with that of this process.
        for (int attempt = 0; attempt < (any ? 1000 : 1); attempt++) {
            address_ = any ? address.substr(0, address.size() - 1) + std::to_string(getpid()) + std::to_string(attempt)
                           : address;
            const int reason = bind(address_);
            if (reason == 0) {
                acceptor_ = std::thread([this] { accept(); });
                return TESSERA_OK;
            }
            if (!any || reason != EADDRINUSE)
                return tessera_fail(
                    error, TESSERA_INPUT_OUTPUT, "cannot listen on '%s' (%s): %s", address.c_str(),
                    path(address_).c_str(), std::strerror(reason));
        }
        return tessera_fail(error, TESSERA_INPUT_OUTPUT, "there is no free address at '%s'", address.c_str());
    }

    const std::string &address() const { return address_; }

    tessera_status dial(const char *address, uint64_t *link, tessera_error *error) {
        sockaddr_un name;
        if (!resolve(address, name))
            return tessera_fail(error, TESSERA_INVALID_ARGUMENT, "the address '%s' is too long", address);
        auto connection = std::make_shared<Socket>(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (connect(connection->descriptor(), reinterpret_cast<sockaddr *>(&name), sizeof name) != 0)
            return tessera_fail(
                error, TESSERA_PEER_LOST, "nobody listens at '%s': %s", name.sun_path, std::strerror(errno));
        *link = open(connection, true);
        return TESSERA_OK;
    }

    tessera_status send(uint64_t link, const tessera_bytes *pieces, size_t count, tessera_error *error) {
        const std::shared_ptr<Socket> connection = find(link);
        if (!connection) return tessera_fail(error, TESSERA_PEER_LOST, "the socket is closed");
        uint64_t length = 0;
        for (size_t index = 0; index < count; index++) length += pieces[index].count;
        unsigned char head[8];
        for (int index = 0; index < 8; index++) head[index] = static_cast<unsigned char>(length >> 8 * index);
        std::vector<iovec> parts{{head, sizeof head}};
        for (size_t index = 0; index < count; index++)
            if (pieces[index].count > 0) parts.push_back({const_cast<void *>(pieces[index].data), pieces[index].count});
        if (connection->write(std::move(parts))) return TESSERA_OK;
        return tessera_fail(error, TESSERA_PEER_LOST, "the socket is closed: %s", std::strerror(errno));
    }

    void hang_up(uint64_t link) {
        if (const std::shared_ptr<Socket> connection = find(link)) connection->shut();
    }

private:
    std::string path(const std::string &address) const {
        std::string name = address;
        for (char &letter : name)
            if (letter == '/') letter = '_';
        return folder_ + "/tessera-" + name + ".sock";
    }

    bool resolve(const std::string &address, sockaddr_un &name) const {
        const std::string file = path(address);
        std::memset(&name, 0, sizeof name);
        name.sun_family = AF_UNIX;
        if (file.size() >= sizeof name.sun_path) return false;
        std::memcpy(name.sun_path, file.c_str(), file.size());
        return true;
    }

    // Binds the listening socket; gives 0 or the reason.
    int bind(const std::string &address) {
        sockaddr_un name;
        if (!resolve(address, name)) return ENAMETOOLONG;
        auto listener = std::make_unique<Socket>(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto *generic = reinterpret_cast<sockaddr *>(&name);
        if (::bind(listener->descriptor(), generic, sizeof name) != 0) {
            if (errno != EADDRINUSE) return errno;
            // A file that nobody listens at was left by a process that crashed.
            const Socket probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            if (connect(probe.descriptor(), generic, sizeof name) == 0 || errno != ECONNREFUSED) return EADDRINUSE;
            unlink(name.sun_path);
            if (::bind(listener->descriptor(), generic, sizeof name) != 0) return errno;
        }
        if (::listen(listener->descriptor(), 128) != 0) return errno;
        listener_ = std::move(listener);
        return 0;
    }

    void accept() {
        while (true) {
            const int descriptor = accept4(listener_->descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
            if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
            if (descriptor < 0) return;
            open(std::make_shared<Socket>(descriptor), false);
        }
    }

    // Numbers a link, reports it, and begins to read from it.
    uint64_t open(const std::shared_ptr<Socket> &connection, bool is_dialed) {
        uint64_t link;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            link = ++last_link_;
            links_[link] = connection;
            readers_++;
        }
        host->link_opened(network_, link, is_dialed);
        std::thread([this, link, connection] { read(link, *connection); }).detach();
        return link;
    }

    void read(uint64_t link, const Socket &connection) {
        const char *reason = nullptr;
        while (true) {
            unsigned char head[8];
            const size_t got = connection.read(reinterpret_cast<char *>(head), sizeof head);
            if (got != sizeof head) {
                if (got > 0) reason = "the connection ended within a message";
                break;
            }
            uint64_t length = 0;
            for (int index = 7; index >= 0; index--) length = length << 8 | head[index];
            if (length > largest_message) {
                reason = "a message is larger than a gibibyte";
                break;
            }
            // Not filled with zeros, which would take as long as reading.
            const std::unique_ptr<char[]> bytes(new (std::nothrow) char[length]);
            if (!bytes) {
                reason = "there is not enough memory for a message";
                break;
            }
            if (connection.read(bytes.get(), length) != length) {
                reason = "the connection ended within a message";
                break;
            }
            if (host->received(network_, link, bytes.get(), length) != TESSERA_OK) break;
        }
        connection.shut();
        host->link_closed(network_, link, reason);
        const std::lock_guard<std::mutex> lock(mutex_);
        links_.erase(link);
        readers_--;
        idle_.notify_all();
    }

    std::shared_ptr<Socket> find(uint64_t link) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const auto found = links_.find(link);
        return found == links_.end() ? nullptr : found->second;
    }

    const std::string folder_;
    tessera_network *const network_;
    std::string address_;
    std::unique_ptr<Socket> listener_;
    std::thread acceptor_;
    std::mutex mutex_;
    std::condition_variable idle_;
    std::map<uint64_t, std::shared_ptr<Socket>> links_;
    uint64_t last_link_ = 0;
    int readers_ = 0;
};

// No exception may leave the library.
template <class Body> tessera_status guarded(tessera_error *error, Body body) {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return tessera_fail(error, TESSERA_OUT_OF_MEMORY, "there is not enough memory");
    } catch (const std::exception &exception) {
        return tessera_fail(error, TESSERA_INTERNAL, "%s", exception.what());
    }
}

tessera_status start(
    const tessera_options *options, const tessera_endpoint *endpoint, tessera_network *network, void **transport,
    tessera_error *error) {
    return guarded(error, [&]() -> tessera_status {
        auto started = std::make_unique<Transport>(host->option_text(options, "folder"), network);
        if (endpoint->listen != nullptr) {
            const tessera_status status = started->listen(endpoint->listen, error);
            if (status != TESSERA_OK) return status;
        }
        *transport = started.release();
        return TESSERA_OK;
    });
}

tessera_status listen_address(void *transport, char *address, size_t capacity, tessera_error *) {
    snprintf(address, capacity, "%s", static_cast<Transport *>(transport)->address().c_str());
    return TESSERA_OK;
}

tessera_status dial(void *transport, const char *address, uint64_t *link, tessera_error *error) {
    return guarded(error, [&] { return static_cast<Transport *>(transport)->dial(address, link, error); });
}

tessera_status send(
    void *transport, uint64_t link, const tessera_bytes *pieces, size_t count, tessera_error *error) {
    return guarded(error, [&] { return static_cast<Transport *>(transport)->send(link, pieces, count, error); });
}

void hang_up(void *transport, uint64_t link) { static_cast<Transport *>(transport)->hang_up(link); }

void stop(void *transport) { delete static_cast<Transport *>(transport); }

const tessera_transport table = {
    sizeof(tessera_transport), TESSERA_TRANSPORT, int64_t(largest_message), nullptr, start, listen_address, dial, send,
    hang_up, stop,
};

tessera_status register_module(const tessera_host *own_host, const void **functions, tessera_error *) {
    host = own_host;
    *functions = &table;
    return TESSERA_OK;
}

const tessera_option options[] = {
    {"folder", TESSERA_TEXT, "/tmp", "where the sockets are"},
};

const tessera_descriptor descriptor = {
    TESSERA_PLUGIN_MAGIC,
    TESSERA_ABI_MAJOR,
    TESSERA_ABI_MINOR,
    sizeof(tessera_descriptor),
    TESSERA_TRANSPORT,
    "unix",
    "Unix domain sockets, for processes of one host",
    "1.0",
    options,
    1,
    sizeof(tessera_option),
    register_module,
};

} // namespace

TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
