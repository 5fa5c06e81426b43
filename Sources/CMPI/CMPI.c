#include "CMPI.h"

#ifdef TESSERA_MPI

#include <mpi/mpi.h>
#include <stdlib.h>

struct cmpi_world {
    int size;
    /// For what goes to one process.
    MPI_Comm direct;
    /// For broadcasts, by who sends: collectives on one communicator must have one order for all.
    MPI_Comm *from;
};

struct cmpi_request {
    MPI_Request request;
};

cmpi_world *cmpi_open(int *rank, int *size) {
    int is_initialized = 0, provided = 0;
    MPI_Initialized(&is_initialized);
    if (is_initialized) return NULL;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    cmpi_world *world = calloc(1, sizeof *world);
    if (!world) return NULL;
    MPI_Comm_rank(MPI_COMM_WORLD, rank);
    MPI_Comm_size(MPI_COMM_WORLD, size);
    world->size = *size;
    world->from = calloc((size_t)*size, sizeof *world->from);
    if (!world->from) return NULL;
    MPI_Comm_dup(MPI_COMM_WORLD, &world->direct);
    for (int sender = 0; sender < *size; sender++) MPI_Comm_dup(MPI_COMM_WORLD, &world->from[sender]);
    return world;
}

void cmpi_close(cmpi_world *world) {
    MPI_Barrier(world->direct);
    for (int sender = 0; sender < world->size; sender++) MPI_Comm_free(&world->from[sender]);
    MPI_Comm_free(&world->direct);
    MPI_Finalize();
    free(world->from);
    free(world);
}

void cmpi_gather(cmpi_world *world, const void *bytes, int count, void *all) {
    MPI_Allgather(bytes, count, MPI_BYTE, all, count, MPI_BYTE, world->direct);
}

static cmpi_request *new_request(void) { return malloc(sizeof(cmpi_request)); }

cmpi_request *cmpi_send(cmpi_world *world, int receiver, const void *bytes, size_t count) {
    cmpi_request *request = new_request();
    if (request) MPI_Issend(bytes, (int)count, MPI_BYTE, receiver, 0, world->direct, &request->request);
    return request;
}

cmpi_request *cmpi_receive(cmpi_world *world, int sender, void *bytes, size_t count) {
    cmpi_request *request = new_request();
    if (request) MPI_Irecv(bytes, (int)count, MPI_BYTE, sender, 0, world->direct, &request->request);
    return request;
}

cmpi_request *cmpi_broadcast(cmpi_world *world, int sender, void *bytes, size_t count) {
    cmpi_request *request = new_request();
    if (request) MPI_Ibcast(bytes, (int)count, MPI_BYTE, sender, world->from[sender], &request->request);
    return request;
}

bool cmpi_is_done(cmpi_request *request) {
    int is_done = 0;
    MPI_Test(&request->request, &is_done, MPI_STATUS_IGNORE);
    if (is_done) free(request);
    return is_done;
}

bool cmpi_probe(cmpi_world *world, int sender, size_t *count) {
    int is_there = 0, bytes = 0;
    MPI_Status status;
    MPI_Iprobe(sender, 0, world->direct, &is_there, &status);
    if (!is_there) return false;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    *count = (size_t)bytes;
    return true;
}

#endif
