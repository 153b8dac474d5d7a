/* The data of the ring between one producer and one consumer: claim, commit, publish; read, free. Both
 * sides look again and again; spsc-sleep.pml is how they sleep.
 *
 * firmware/core/spsc_ring.c, src/shm/spsc-ring-producer.ts and spsc-ring-consumer.ts.
 *
 * A unit of room is 16 bytes: a header, or as much payload. Records are one or two units long, the ring
 * has four, and positions wrap after two laps. The run has no end, so that every position is reached with
 * any distance between the two sides.
 *
 * Faults: RELAXED_TAIL, RELAXED_LOOK_AT_TAIL, PUBLISH_FIRST, FREE_FIRST, ROOM_WITHOUT_PADDING,
 * NO_PADDING.
 */
#define PRODUCER 0
#define CONSUMER 1
#define SIDES 2
#define DEPTH 3

#define CAPACITY 4
#define POSITIONS 8
#define TAIL 4
#define HEAD 5
#define WORDS 6

#include "memory.pml"

/* What a unit of the data holds: what kind of thing, and at which position it was written. So what is
 * read at a position has been written for it, once, and there is no other order. */
#define SHORT 1
#define LONG 2
#define PADDING 3
#define PAYLOAD 4
#define unit(kind, position) (POSITIONS * (kind) + (position) % POSITIONS)
#define kind_of(unit) (unit / POSITIONS)
#define position_of(unit) (unit % POSITIONS)

#define place_of(position) ((position) % CAPACITY)
#define moved(position, units) ((position + units) % POSITIONS)
#define distance(from, to) ((to + POSITIONS - from) % POSITIONS)
#define write(position, content) store(PRODUCER, place_of(position), content)

/* By the head that was seen last. */
#ifdef ROOM_WITHOUT_PADDING
#define has_room() (CAPACITY - distance(seen_head, tail) >= units)
#else
#define has_room() (CAPACITY - distance(seen_head, tail) >= padding + units)
#endif

inline choose_length() {
  atomic {
    if
    :: units = SHORT
    :: units = LONG
    fi;
#ifndef NO_PADDING
    padding = (place_of(tail) + units > CAPACITY -> CAPACITY - place_of(tail) : 0)
#endif
  }
}

inline publish() {
  if
  :: tail != published ->
    atomic {
      published = tail;
#ifdef RELAXED_TAIL
      store(PRODUCER, TAIL, tail)
#else
      store_release(PRODUCER, TAIL, tail)
#endif
    }
  :: else
  fi
}

/* Where there is no room: the consumer can only make room of what it has been shown. */
inline find_room() {
  do
  :: has_room() -> break
  :: else ->
    publish();
    load_acquire(PRODUCER, HEAD, seen_head)
  od
}

inline pad() {
  if
  :: padding > 0 ->
    atomic {
      write(tail, unit(PADDING, tail));
      tail = moved(tail, padding);
      padding = 0
    }
  :: else
  fi
}

/* The payload, and then the header in front of it. */
inline fill() {
  if
  :: units == LONG -> write(tail + 1, unit(PAYLOAD, tail + 1))
  :: else
  fi;
  write(tail, unit(units, tail))
}

proctype Producer() {
  byte tail, published, seen_head, units, padding;
  do
  :: choose_length();
    find_room();
    pad();
#ifdef PUBLISH_FIRST
    store_release(PRODUCER, TAIL, moved(tail, units));
#endif
    fill();
    tail = moved(tail, units);
    units = 0;
    if
    :: publish()
    :: skip
    fi
  od
}

/* What is given back may hold anything from now on. */
inline free_read() {
  atomic {
    do
    :: freed != head ->
      memory[place_of(freed)] = 0;
      freed = moved(freed, 1)
    :: else -> break
    od;
    store_release(CONSUMER, HEAD, head)
  }
}

/* The header, and the payload behind it. */
inline take() {
  atomic {
    load(CONSUMER, place_of(head), header);
    assert(position_of(header) == head);
    assert(kind_of(header) == SHORT || kind_of(header) == LONG || kind_of(header) == PADDING);
    /* In one piece. */
    assert(kind_of(header) != LONG || place_of(head) + LONG <= CAPACITY)
  }
  if
  :: kind_of(header) == LONG ->
    atomic {
      load(CONSUMER, place_of(head + 1), payload);
      assert(payload == unit(PAYLOAD, head + 1));
      payload = 0
    }
  :: else
  fi
}

inline advance() {
  d_step {
    if
    :: kind_of(header) == PADDING -> head = moved(head, CAPACITY - place_of(head))
    :: else -> head = moved(head, kind_of(header))
    fi;
    header = 0;
    assert(distance(head, seen_tail) <= CAPACITY)
  }
}

/* In C the tail is loaded where all that was seen is read, in TypeScript at each batch: that is the same
 * as to have seen less before. */
proctype Consumer() {
  byte head, freed, seen_tail, header, payload;
  do
  :: head != seen_tail ->
#ifdef FREE_FIRST
    store_release(CONSUMER, HEAD, seen_tail);
#endif
    take();
    advance();
    if
    :: free_read()
    :: skip
    fi
  :: else ->
    if
    :: freed != head -> free_read()
    :: else
    fi;
    load_early(CONSUMER, place_of(head));
#ifdef RELAXED_LOOK_AT_TAIL
    load(CONSUMER, TAIL, seen_tail)
#else
    load_acquire(CONSUMER, TAIL, seen_tail)
#endif
  od
}

init {
  atomic {
    run WriteBack(PRODUCER);
    run WriteBack(CONSUMER);
    run Consumer();
    run Producer()
  }
}
