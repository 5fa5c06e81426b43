#include "CNORM.h"

#include <atomic>
#include <cstdlib>
#include <cerrno>
#include <malloc.h>
#include <normApi.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct cnorm_session {
    NormInstanceHandle instance;
    NormSessionHandle session;
    /// Readable once the session is stopped: the library itself has nothing that would wake who waits for an event.
    int stopped;
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

}  // namespace

const char *cnorm_open(const cnorm_settings *settings, cnorm_session **result) {
    NormInstanceHandle instance = NormCreateInstance();
    if (instance == NORM_INSTANCE_INVALID) return "start the protocol";
    // Anybody could make the library write to standard error.
    NormOpenDebugLog(instance, "/dev/null");
    NormSetAllocationFunctions(instance, allocate, release);
    NormSessionHandle session = NormCreateSession(instance, settings->group, settings->port, settings->node);
    const char *failure = session == NORM_SESSION_INVALID ? "use the address" : start(session, settings);
    if (failure) {
        NormDestroyInstance(instance);
        return failure;
    }
    int stopped = eventfd(0, EFD_CLOEXEC);
    if (stopped < 0) {
        NormDestroyInstance(instance);
        return "be woken";
    }
    *result = new cnorm_session{instance, session, stopped};
    return nullptr;
}

const void *cnorm_send(cnorm_session *session, const void *bytes, uint32_t count) {
    NormObjectHandle object = NormDataEnqueue(session->session, static_cast<const char *>(bytes), count);
    return object == NORM_OBJECT_INVALID ? nullptr : object;
}

void cnorm_cancel(cnorm_session *, const void *object) { NormObjectCancel(object); }

double cnorm_bits_per_second(cnorm_session *session) { return NormGetTxRate(session->session); }

cnorm_event cnorm_wait(cnorm_session *session, const void **bytes, uint32_t *count) {
    pollfd files[] = {{NormGetDescriptor(session->instance), POLLIN, 0}, {session->stopped, POLLIN, 0}};
    bool is_idle = true;
    while (files[1].revents == 0) {
        bool is_progress = false;
        NormEvent event;
        while (NormGetNextEvent(session->instance, &event, false)) {
            if (event.type == NORM_SEND_ERROR) return CNORM_SEND_FAILURE;
            if (event.type == NORM_RX_OBJECT_UPDATED) is_progress = true;
            if (event.type != NORM_RX_OBJECT_COMPLETED || NormObjectGetType(event.object) != NORM_OBJECT_DATA) continue;
            *bytes = NormDataAccessData(event.object);
            *count = static_cast<uint32_t>(NormObjectGetSize(event.object));
            return CNORM_OBJECT;
        }
        // Each packet of an object that is under way is an event, and being woken for each takes longer than the packet itself.
        if (is_progress && !is_idle && poll(files + 1, 1, pause_ms) < 0 && errno != EINTR) return CNORM_STOPPED;
        is_idle = !is_progress;
        if (files[1].revents == 0 && poll(files, 2, -1) < 0 && errno != EINTR) return CNORM_STOPPED;
    }
    return CNORM_STOPPED;
}

void cnorm_stop(cnorm_session *session) { eventfd_write(session->stopped, 1); }

void cnorm_free(cnorm_session *session) {
    NormDestroyInstance(session->instance);
    close(session->stopped);
    delete session;
}
