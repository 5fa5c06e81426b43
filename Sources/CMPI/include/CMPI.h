#ifndef CMPI_H
#define CMPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// MPI for Swift, which cannot see its macros. Everything is called on the thread that opened the world.
///
/// An error of MPI ends all processes of the job, as is its default.

/// The processes of this job.
typedef struct cmpi_world cmpi_world;
/// Something that is under way.
typedef struct cmpi_request cmpi_request;

/// Bytes that go at once at most: MPI counts in `int`.
static const size_t CMPI_CHUNK = 1 << 28;

/// Joins the other processes. Returns NULL if that was done before in this process, or memory is short.
cmpi_world *cmpi_open(int *rank, int *size);

/// Leaves them. Waits for all to do so.
void cmpi_close(cmpi_world *world);

/// Gives every process `count` bytes of every process, in the order of their ranks.
void cmpi_gather(cmpi_world *world, const void *bytes, int count, void *all);

/// Sends a chunk, which is done when the receiver takes it (MPI_Issend).
cmpi_request *cmpi_send(cmpi_world *world, int receiver, const void *bytes, size_t count);

/// Receives a chunk (MPI_Irecv).
cmpi_request *cmpi_receive(cmpi_world *world, int sender, void *bytes, size_t count);

/// Takes part in a broadcast (MPI_Ibcast), which all processes do in the same order for one that sends.
cmpi_request *cmpi_broadcast(cmpi_world *world, int sender, void *bytes, size_t count);

/// Whether a request is done, which frees it.
bool cmpi_is_done(cmpi_request *request);

/// Whether a chunk of `sender` can be received, and of how many bytes.
bool cmpi_probe(cmpi_world *world, int sender, size_t *count);

#endif
