/* How both sides of the ring between one producer and one consumer sleep: the producer until there is
 * room, the consumer until there is a record. What lies between tail and head is in spsc-ring.pml.
 *
 * ring_producer_try_sleep and ring_consumer_try_sleep of firmware/core/spsc_ring.c with the loops around
 * them (run_turn in core.c, and #write and #turn in src/bridge/core-link.ts); trySleep of
 * src/shm/spsc-ring-producer.ts and spsc-ring-consumer.ts.
 *
 * The producer needs one unit of four at a time, or three, as with padding. It may stop for good at any
 * time; else the run has no end, and positions wrap after two laps.
 *
 * Faults: NO_FENCE_RAISE, NO_FENCE_ANSWER, NO_SECOND_LOOK_FOR_ROOM, NO_SECOND_LOOK_FOR_RECORD,
 * SLEEP_UNPUBLISHED, SLEEP_UNFREED, NO_BELL_FOR_ROOM.
 */
#define PRODUCER 0
#define CONSUMER 1
#define SIDES 2
#define DEPTH 2

#define CAPACITY 4
#define POSITIONS 8
#define TAIL 0
#define HEAD 1
#define WAITING(side) (2 + side)
#define WORDS 4

#include "memory.pml"

#define moved(position, units) ((position + units) % POSITIONS)
#define distance(from, to) ((to + POSITIONS - from) % POSITIONS)

/* A doorbell remembers that it was rung, not how often. What it remembers at the start is spurious. */
bool bells[SIDES] = true;

/* A flag is raised for a sleep, and then perhaps answered. In truth the flag holds a ticket, and the other
 * side keeps the one that it has answered (waiting-flag.pml). No ticket is like another, so the answer can
 * as well be noted where the ticket stands. */
#define RAISED 1
#define ANSWERED 2

byte committed;
byte read_to;
bool producer_ended;

inline raise(side) {
  store(side, WAITING(side), RAISED);
#ifndef NO_FENCE_RAISE
  fence(side)
#endif
}

/* Sleeps where the other's position is still the one that was found to be too little. */
inline sleep_unless_moved(side, position, found) {
  load(side, position, value);
  if
  :: value == found ->
end_asleep:
    bells[side];
    bells[side] = false
  :: else
  fi;
  value = 0;
  store(side, WAITING(side), 0)
}

/* Rings where the other side sleeps and has not been rung for. */
inline answer(side) {
#ifndef NO_FENCE_ANSWER
  fence(side);
#endif
  atomic {
    load(side, WAITING(1 - side), value);
    if
    :: value == RAISED ->
      memory[WAITING(1 - side)] = ANSWERED;
      bells[1 - side] = true
    :: else
    fi;
    value = 0
  }
}

inline publish() {
  if
  :: tail != published ->
    atomic {
      published = tail;
      store_release(PRODUCER, TAIL, tail)
    }
    answer(PRODUCER)
  :: else
  fi
}

#define has_room() (CAPACITY - distance(seen_head, tail) >= units)

inline find_room() {
  do
  :: has_room() -> break
  :: else ->
    load_acquire(PRODUCER, HEAD, seen_head);
    if
    :: has_room()
    :: else ->
#ifndef SLEEP_UNPUBLISHED
      publish();
#endif
      raise(PRODUCER);
      atomic {
#ifdef NO_SECOND_LOOK_FOR_ROOM
        sleep_unless_moved(PRODUCER, HEAD, value)
#else
        sleep_unless_moved(PRODUCER, HEAD, seen_head)
#endif
      }
    fi
  od
}

proctype Producer() {
  byte tail, published, seen_head, units, value;
  do
  :: atomic {
      if
      :: units = 1
      :: units = 3
      fi
    }
    find_room();
    atomic {
      tail = moved(tail, units);
      committed = tail;
      units = 0
    }
    if
    :: publish()
    :: skip
    fi
  :: break
  od;
  publish();
  producer_ended = true
}

inline free_read() {
  if
  :: read_to != freed ->
    atomic {
      freed = read_to;
      store_release(CONSUMER, HEAD, read_to)
    }
#ifndef NO_BELL_FOR_ROOM
    answer(CONSUMER)
#endif
  :: else
  fi
}

proctype Consumer() {
  byte freed, seen_tail, value;
  do
  :: read_to != seen_tail ->
    read_to = moved(read_to, 1);
    if
    :: free_read()
    :: skip
    fi
  :: else ->
    load_acquire(CONSUMER, TAIL, seen_tail);
    if
    :: read_to != seen_tail
    :: else ->
#ifndef SLEEP_UNFREED
      free_read();
#endif
      raise(CONSUMER);
      atomic {
#ifdef NO_SECOND_LOOK_FOR_RECORD
        sleep_unless_moved(CONSUMER, TAIL, value)
#else
        sleep_unless_moved(CONSUMER, TAIL, read_to)
#endif
      }
    fi
  od
}

/* Once nothing can move any more, the producer has ended, which needs room, and all is read. */
proctype Watch() {
  timeout;
  assert(producer_ended);
  assert(read_to == committed)
}

init {
  atomic {
    run WriteBack(PRODUCER);
    run WriteBack(CONSUMER);
    run Consumer();
    run Producer();
    run Watch()
  }
}
