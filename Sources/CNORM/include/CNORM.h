#ifndef CNORM_H
#define CNORM_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes of the largest object that is received. Larger ones are refused before memory is taken.
static const uint32_t CNORM_OBJECT_LIMIT = (1 << 20) + 256;

/// One member of a multicast group that speaks NORM (RFC 5740), as a sender and as a receiver.
typedef struct cnorm_session cnorm_session;

typedef struct {
    /// An IPv4 address in dots.
    const char *group;
    uint16_t port;
    /// The name of a network interface.
    const char *interface;
    /// Names this member in the group: neither 0 nor UINT32_MAX.
    uint32_t node;
    uint8_t ttl;
    double bits_per_second;
    bool controls_congestion;
    /// Bytes of content in a packet.
    uint16_t segment;
    /// Packets in a block of forward error correction, and packets that can be made to repair it.
    uint16_t block, parity;
    /// Repair packets that are sent with each block whether asked for or not.
    uint8_t proactive_parity;
    /// Bytes of blocks that are kept for repair, for each sender.
    uint32_t repair_buffer;
    uint32_t socket_buffer;
    /// Whether it receives, too.
    bool receives;
    /// Packets of each hundred that are dropped on arrival, for tests.
    double receive_loss;
} cnorm_settings;

/// Joins the group.
///
/// Returns what could not be done, or NULL.
const char *cnorm_open(const cnorm_settings *settings, cnorm_session **session);

/// Sends an object, whose bytes must stay until it is cancelled or the session closed. Returns NULL if it cannot be queued.
const void *cnorm_send(cnorm_session *session, const void *bytes, uint32_t count);

/// Ends the repair of an object that was sent.
void cnorm_cancel(cnorm_session *session, const void *object);

/// The rate at which the session sends now.
double cnorm_bits_per_second(cnorm_session *session);

typedef enum {
    /// An object is there.
    CNORM_OBJECT,
    /// The system refuses to send, which the library would try over and over at the rate it sends at.
    CNORM_SEND_FAILURE,
    /// The session is stopped.
    CNORM_STOPPED
} cnorm_event;

/// Waits for something to happen. An object's bytes are there until the next call.
cnorm_event cnorm_wait(cnorm_session *session, const void **bytes, uint32_t *count);

/// Ends `cnorm_wait`, and everything that is sent.
void cnorm_stop(cnorm_session *session);

/// Frees a stopped session, on which nothing is called any more.
void cnorm_free(cnorm_session *session);

#ifdef __cplusplus
}
#endif

#endif
