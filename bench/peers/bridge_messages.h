// What a client of the bridge in C says, and what is done about it.
#ifndef CARILLON_BENCH_BRIDGE_MESSAGES_H
#define CARILLON_BENCH_BRIDGE_MESSAGES_H

#include "common/wire.h"
#include "peers/bridge_client.h"

// NO_ROOM: nothing was done, and it is to be handled again once the ring has room.
enum handled { HANDLED, NO_ROOM, WRONG };

enum handled message_handle(struct client *client, struct wire_reader reader);

#endif
