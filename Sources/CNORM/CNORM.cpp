#include "CNORM.h"

#include <atomic>
#include <cstdlib>
#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <malloc.h>
#include <memory>
#include <net/if.h>
#include <normApi.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct cnorm_session {
    NormInstanceHandle instance = NORM_INSTANCE_INVALID;
    NormSessionHandle session = NORM_SESSION_INVALID;
    ifreq interface{};
    unsigned interface_index = 0;
    std::atomic<bool> is_stopped{false};
    /// Readable once the session is stopped: the library itself has nothing that would wake who waits for an event.
    int stopped = -1;
    /// Readable when an interface of the system has changed.
    int changes = -1;

    ~cnorm_session() {
        if (instance != NORM_INSTANCE_INVALID) NormDestroyInstance(instance);
        if (stopped >= 0) close(stopped);
        if (changes >= 0) close(changes);
    }
};

namespace {

/// Bytes of objects that are on their way in, in the whole process: senders may claim any number of them.
std::atomic<size_t> incoming{0};
const size_t incoming_limit = 512u << 20;

char *allocate(size_t count) {
    if (count > CNORM_OBJECT_LIMIT || incoming.load() > incoming_limit) return nullptr;
    char *memory = static_cast<char *>(malloc(count ? count : 1));
    if (memory) incoming += malloc_usable_size(memory);
    return memory;
}

void release(char *memory) {
    if (!memory) return;
    incoming -= malloc_usable_size(memory);
    free(memory);
}

/// Round-trip times of local networks: the library begins with half a second otherwise, and repairs as slowly.
const double round_trip = 0.002, longest_round_trip = 0.05;
const double shortest_probing = 0.01, longest_probing = 0.1;
/// Objects that receivers follow at once; a sender has fewer under way.
const uint32_t objects = 1024;
/// For how long objects that grow are not looked at again.
const int pause_ms = 1;

/// Begins to watch the interface. Returns what failed, or nil.
const char *watch(cnorm_session *result, const char *interface) {
    strncpy(result->interface.ifr_name, interface, IFNAMSIZ - 1);
    result->stopped = eventfd(0, EFD_CLOEXEC);
    result->changes = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    sockaddr_nl links{};
    links.nl_family = AF_NETLINK;
    links.nl_groups = RTMGRP_LINK;
    if (result->stopped < 0 || result->changes < 0) return "be woken";
    if (bind(result->changes, reinterpret_cast<sockaddr *>(&links), sizeof links) < 0) return "watch the interface";
    result->interface_index = if_nametoindex(interface);
    return result->interface_index == 0 ? "use the interface" : nullptr;
}

/// Whether the interface is the one that the session uses, and is up. Takes the reports of changes.
bool is_interface_up(cnorm_session *session) {
    char report[8192];
    while (recv(session->changes, report, sizeof report, 0) >= 0 || errno == ENOBUFS || errno == EINTR) {
    }
    ifreq request = session->interface;
    return if_nametoindex(request.ifr_name) == session->interface_index &&
           ioctl(session->changes, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
}

/// While it lives, the calling thread and those that it starts do not take the processor from another when they are woken. A packet wakes
/// every receiver, and where several members share processors each would interrupt the sender for that one packet.
class patience {
public:
    patience() {
        if (pthread_getschedparam(pthread_self(), &policy, &parameters) != 0) policy = SCHED_FIFO;
        const sched_param none{};
        if (policy == SCHED_OTHER) pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    }
    ~patience() {
        if (policy == SCHED_OTHER) pthread_setschedparam(pthread_self(), policy, &parameters);
    }
    patience(const patience &) = delete;

private:
    /// What the user chose otherwise stays.
    int policy = SCHED_FIFO;
    sched_param parameters{};
};

const char *start(NormSessionHandle session, const cnorm_settings *settings) {
    NormSetRxPortReuse(session, true, settings->group);
    if (!NormSetMulticastInterface(session, settings->interface)) return "use the interface";
    if (!NormSetTTL(session, settings->ttl)) return "set the time to live";
    // Members of one host hear each other; none hears itself.
    if (!NormSetMulticastLoopback(session, true)) return "reach other members of this host";
    NormSetGrttEstimate(session, round_trip);
    NormSetGrttMax(session, longest_round_trip);
    NormSetGrttProbingInterval(session, shortest_probing, longest_probing);
    NormSetBackoffFactor(session, 1.0);
    NormSetTxRate(session, settings->bits_per_second);
    NormSetTxCacheBounds(session, static_cast<NormSize>(incoming_limit), objects, objects);
    if (settings->controls_congestion) {
        NormSetCongestionControl(session, true);
        NormSetTxRateBounds(session, -1.0, settings->bits_per_second);
    }
    if (settings->receives) {
        // What one has missed of an object that it heard of late can be repaired, too.
        NormSetDefaultSyncPolicy(session, NORM_SYNC_ALL);
        NormSetRxCacheLimit(session, objects);
        NormSetRxLoss(session, settings->receive_loss);
        if (!NormStartReceiver(session, settings->repair_buffer)) return "join the group";
        NormSetRxSocketBuffer(session, settings->socket_buffer);
    }
    if (!NormStartSender(session, NormGetRandomSessionId(), settings->repair_buffer, settings->segment, settings->block,
                         settings->parity))
        return "send to the group";
    NormSetAutoParity(session, settings->proactive_parity);
    NormSetTxSocketBuffer(session, settings->socket_buffer);
    return nullptr;
}

/// Ends what the library does when the system refuses to send: it tries that again as fast as its rate allows, and falls behind, so
/// that it makes up for it for seconds, while its lock is held. To lose all packets is the one setting that takes no lock.
cnorm_event send_failure(cnorm_session *session) {
    NormSetTxLoss(session->session, 100);
    return CNORM_SEND_FAILURE;
}

}  // namespace

const char *cnorm_open(const cnorm_settings *settings, cnorm_session **result) {
    auto opened = std::make_unique<cnorm_session>();
    if (const char *failure = watch(opened.get(), settings->interface)) return failure;
    {
        patience starting;
        opened->instance = NormCreateInstance();
    }
    if (opened->instance == NORM_INSTANCE_INVALID) return "start the protocol";
    // Anybody could make the library write to standard error.
    NormOpenDebugLog(opened->instance, "/dev/null");
    NormSetAllocationFunctions(opened->instance, allocate, release);
    opened->session = NormCreateSession(opened->instance, settings->group, settings->port, settings->node);
    if (opened->session == NORM_SESSION_INVALID) return "use the address";
    if (const char *failure = start(opened->session, settings)) return failure;
    *result = opened.release();
    return nullptr;
}

const void *cnorm_send(cnorm_session *session, const void *bytes, uint32_t count) {
    NormObjectHandle object = NormDataEnqueue(session->session, static_cast<const char *>(bytes), count);
    return object == NORM_OBJECT_INVALID ? nullptr : object;
}

void cnorm_cancel(cnorm_session *, const void *object) { NormObjectCancel(object); }

double cnorm_bits_per_second(cnorm_session *session) { return NormGetTxRate(session->session); }

cnorm_event cnorm_wait(cnorm_session *session, const void **bytes, uint32_t *count) {
    pollfd files[] = {
        {session->stopped, POLLIN, 0}, {session->changes, POLLIN, 0}, {NormGetDescriptor(session->instance), POLLIN, 0}};
    const patience waiting;
    bool is_idle = true;
    while (!session->is_stopped) {
        // Before anything else, which may have to wait for the library's lock.
        if (files[1].revents != 0 && !is_interface_up(session)) return send_failure(session);
        bool is_progress = false;
        NormEvent event;
        while (!session->is_stopped && NormGetNextEvent(session->instance, &event, false)) {
            if (event.type == NORM_SEND_ERROR) return send_failure(session);
            if (event.type == NORM_RX_OBJECT_UPDATED) is_progress = true;
            if (event.type != NORM_RX_OBJECT_COMPLETED || NormObjectGetType(event.object) != NORM_OBJECT_DATA) continue;
            *bytes = NormDataAccessData(event.object);
            *count = static_cast<uint32_t>(NormObjectGetSize(event.object));
            return CNORM_OBJECT;
        }
        // Each packet of an object that is under way is an event, and being woken for each takes longer than the packet itself.
        if (is_progress && !is_idle && poll(files, 2, pause_ms) < 0 && errno != EINTR) return CNORM_STOPPED;
        is_idle = !is_progress;
        if (!session->is_stopped && poll(files, 3, -1) < 0 && errno != EINTR) return CNORM_STOPPED;
    }
    return CNORM_STOPPED;
}

void cnorm_stop(cnorm_session *session) {
    session->is_stopped = true;
    eventfd_write(session->stopped, 1);
}

void cnorm_free(cnorm_session *session) { delete session; }
