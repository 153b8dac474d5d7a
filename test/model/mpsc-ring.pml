/* The ring of many producers: reserve, mark, fill, commit or abort; read, free, unblock. mpsc-sleep.pml is
 * how the consumer sleeps; here it looks again whenever something has changed.
 *
 * firmware/core/mpsc_*.c, src/shm/mpsc-ring-producer.ts and mpsc-ring-consumer.ts.
 *
 * With MORTAL one producer may die at any step. Else one may be taken for dead at any step that allows it,
 * and comes back, perhaps late by a lap.
 *
 * Records are one or two slots long, the ring has four. A position names its lap, and positions wrap after
 * four laps: a run is shorter, as real ones are shorter than 2^32 bytes for one claim.
 *
 * Faults: RELAXED_COMMIT, RELAXED_LOOK_AT_MARK, RESERVE_UNCHECKED, TAKE_UNCHECKED, COMMIT_UNCHECKED,
 * SEAL_UNCHECKED, GIVE_UP_WRITERS, BARE_MARKS, MARKS_IN_DATA, HEAD_FIRST, ROOM_WITHOUT_PADDING; and with
 * MORTAL: NO_UNBLOCK.
 */
#define PRODUCERS 2

/* There are no store buffers here. After what it stores a producer makes an exchange, with release, and
 * before that nobody looks; the consumer stores marks and then, with release, the head. So a store is as
 * good as in memory at once. The consumer's loads may be early. */
#define CONSUMER 0
#define SIDES 1
#define DEPTH 2
#define NO_STORE_BUFFERS

#define CAPACITY 4
#define POSITIONS 16
#define START 14

/* Words: a mark for each slot, what is in it, and the control lines. */
#define MARK(position) ((position) % CAPACITY)
#define CONTENT(position) (CAPACITY + (position) % CAPACITY)
#define TAIL 8
#define HEAD 9
#define WORDS 10

#include "memory.pml"

#define SHORT 1
#define LONG 2
#define claims_of(producer) (producer + 1)

/* How often the consumer takes one for dead that lives. */
#define MISTAKES 1

/* A payload that is no mark. */
#define NO_MARK 254

#define EMPTY 0
#define CLAIMED 1
#define PUBLISHED 2
#define PADDING 3

#ifdef BARE_MARKS
#define lap_of(position) 0
#else
#define lap_of(position) ((position) % POSITIONS / CAPACITY)
#endif
#define mark_of(position, slots, state) (16 * lap_of(position) + 4 * (slots) + (state))
#define empty_mark(position) mark_of(position, 0, EMPTY)
#define state_of(mark) (mark % 4)
#define slots_of(mark) (mark / 4 % 4)
#define same_lap(mark, position) (mark / 16 == lap_of(position))

/* The header of a record says whose it is and which one. */
#define header_of(producer, record) (16 + 4 * producer + record)
#define producer_of(header) (header / 4 % 2)
#define record_of(header) (header % 4)
#define message(producer, record) (2 * (producer) + record)
#define MESSAGES 4

/* The payload of a long record fills its second slot. */
#ifdef MARKS_IN_DATA
#define PAYLOAD(position) MARK(position + 1)
#else
#define PAYLOAD(position) CONTENT(position + 1)
#endif

#define place_of(position) ((position) % CAPACITY)
#define moved(position, slots) ((position + slots) % POSITIONS)
#define distance(from, to) ((to + POSITIONS - from) % POSITIONS)

bool is_dead;
bool has_ended[PRODUCERS];

/* What a watcher from outside knows: what was committed, with which payload, and what was received; where
 * a producer has reserved room, and whether it may still write there. */
byte committed[PRODUCERS];
byte payloads[MESSAGES];
byte received[PRODUCERS];
byte reserved_at[PRODUCERS];
byte reserved_slots[PRODUCERS];
bool writes[PRODUCERS];

byte mistakes_left = MISTAKES;

inline exchange(address, expected, wanted) {
  atomic {
    succeeded = (memory[address] == expected);
    if
    :: succeeded -> memory[address] = wanted
    :: else
    fi
  }
}

inline take(position, wanted) {
#ifdef TAKE_UNCHECKED
  atomic {
    memory[MARK(position)] = wanted;
    succeeded = true
  }
#else
  exchange(MARK(position), empty_mark(position), wanted)
#endif
}

#ifdef ROOM_WITHOUT_PADDING
#define has_room() (CAPACITY - distance(seen_head, tail) >= slots)
#else
#define has_room() (CAPACITY - distance(seen_head, tail) >= padding + slots)
#endif

inline begin_anew() {
  tail = 0;
  padding = 0;
  seen_head = 0;
  goto reserve
}

/* Moves the tail over padding and record in one piece, marks the padding, and then the claim. Where the
 * consumer has sealed what was reserved, all of it begins anew. */
inline claim() {
  atomic {
    claims++;
    record = committed[me];
    if
    :: slots = SHORT
    :: slots = LONG
    fi
  }
reserve:
  tail = memory[TAIL];
  atomic {
    seen_head = memory[HEAD];
    padding = (place_of(tail) + slots > CAPACITY -> CAPACITY - place_of(tail) : 0);
    if
    :: distance(seen_head, tail) > CAPACITY ->
      /* The ring is damaged, unless others have moved both since the tail was loaded. */
      assert(memory[TAIL] != tail);
      begin_anew()
    :: distance(seen_head, tail) <= CAPACITY && !has_room() ->
      /* Tries again when there is something new. */
      memory[HEAD] != seen_head || memory[TAIL] != tail;
      begin_anew()
    :: distance(seen_head, tail) <= CAPACITY && has_room() -> seen_head = 0
    fi
  }
  atomic {
#ifdef RESERVE_UNCHECKED
    memory[TAIL] = moved(tail, padding + slots);
    succeeded = true;
#else
    exchange(TAIL, tail, moved(tail, padding + slots));
#endif
    if
    :: succeeded ->
      reserved_at[me] = tail;
      reserved_slots[me] = padding + slots;
      succeeded = false
    :: else -> begin_anew()
    fi
  }
  if
  :: padding > 0 ->
    atomic {
      take(tail, mark_of(tail, padding, PADDING));
      tail = moved(tail, padding);
      padding = 0;
      succeeded = false
    }
  :: else
  fi;
  atomic {
    take(tail, mark_of(tail, slots, CLAIMED));
    if
    :: succeeded ->
      writes[me] = true;
      succeeded = false
    :: else -> begin_anew()
    fi
  }
}

/* A payload may look like any mark: like one that another producer waits for since the lap before. */
inline choose_payload() {
  if
  :: payloads[message(me, record)] = NO_MARK
#ifdef MARKS_IN_DATA
  :: payloads[message(me, record)] = empty_mark(moved(tail + 1, POSITIONS - CAPACITY))
  :: payloads[message(me, record)] = mark_of(moved(tail + 1, POSITIONS - CAPACITY), SHORT, CLAIMED)
#endif
  fi
}

inline fill() {
  atomic {
    if
    :: slots == LONG ->
      choose_payload();
      memory[PAYLOAD(tail)] = payloads[message(me, record)]
    :: else
    fi;
    memory[CONTENT(tail)] = header_of(me, record);
    writes[me] = false
  }
}

inline close(state) {
  atomic {
#ifdef COMMIT_UNCHECKED
    memory[MARK(tail)] = mark_of(tail, slots, state);
    succeeded = true;
#else
    exchange(MARK(tail), mark_of(tail, slots, CLAIMED), mark_of(tail, slots, state));
#endif
    if
    :: succeeded && state == PUBLISHED -> committed[me]++
    :: else
    fi;
    writes[me] = false;
    reserved_at[me] = 0;
    reserved_slots[me] = 0;
    succeeded = false
  }
}

inline forget_claim() {
  d_step {
    tail = 0;
    seen_head = 0;
    slots = 0;
    padding = 0;
    record = 0;
    succeeded = false
  }
}

inline produce() {
  do
  :: claims < claims_of(me) ->
    claim();
    if
#ifdef RELAXED_COMMIT
    :: close(PUBLISHED);
      fill()
#else
    :: fill();
      close(PUBLISHED)
#endif
    :: close(PADDING)
    fi;
    forget_claim()
  :: break
  od
}

proctype Producer(byte me) {
  byte tail, seen_head, slots, padding, record, claims;
  bool succeeded;
  produce();
  has_ended[me] = true
}

inline check(position) {
  assert(same_lap(mark, position));
  assert((state_of(mark) == EMPTY) == (slots_of(mark) == 0));
  assert(place_of(position) + slots_of(mark) <= CAPACITY);
  seen_tail = memory[TAIL];
  assert(distance(head, seen_tail) >= slots_of(mark));
  assert(distance(freed, seen_tail) <= CAPACITY)
}

inline take_record() {
  atomic {
    load(CONSUMER, CONTENT(head), header);
    assert(header >= 16 && record_of(header) == received[producer_of(header)]);
    if
    :: slots_of(mark) == LONG ->
      load(CONSUMER, PAYLOAD(head), value);
      assert(value == payloads[message(producer_of(header), record_of(header))]);
      value = 0
    :: else
    fi;
    received[producer_of(header)]++;
    head = moved(head, slots_of(mark));
    header = 0
  }
}

/* Makes what was read free for the next lap, then shows the head. */
inline free_read() {
#ifdef HEAD_FIRST
  memory[HEAD] = head;
#endif
  atomic {
    do
    :: freed != head ->
      memory[MARK(freed)] = empty_mark(freed + CAPACITY);
      freed = moved(freed, 1)
    :: else -> break
    od;
    memory[HEAD] = head
  }
}

#define is_readable(mark) (mark != empty_mark(head) && state_of(mark) != CLAIMED)

inline seal() {
  position = head;
  do
  :: position != seen_tail ->
#ifdef SEAL_UNCHECKED
    atomic {
      memory[MARK(position)] = mark_of(position, SHORT, PADDING);
      succeeded = true
    }
#else
    exchange(MARK(position), empty_mark(position), mark_of(position, SHORT, PADDING));
#endif
    if
    :: succeeded -> position = moved(position, 1)
    :: else -> break
    fi
  :: else -> break
  od;
  position = 0
}

#define is_of(producer) (distance(reserved_at[producer], head) < reserved_slots[producer])

/* The dead are unblocked. What is only reserved may be sealed at any time, and a claim may be given up
 * whose producer lives but writes no more. */
#ifdef NO_UNBLOCK
#define is_blocked_by_dead() false
#else
#define is_blocked_by_dead() (seen_tail != head && is_dead && is_of(0))
#endif
#ifdef GIVE_UP_WRITERS
#define may_be_mistaken() (seen_tail != head && mistakes_left > 0)
#else
#define may_be_mistaken() \
  (seen_tail != head && mistakes_left > 0 && \
   (state_of(mark) == EMPTY || !(is_of(0) && writes[0] || is_of(1) && writes[1])))
#endif

/* Somebody has got further, or has died. */
#define has_changed() \
  (memory[MARK(head)] != mark || memory[TAIL] != seen_tail || is_blocked_by_dead())

inline unblock() {
  if
  :: state_of(mark) == EMPTY -> seal()
  :: else -> exchange(MARK(head), mark, mark_of(head, slots_of(mark), PADDING))
  fi
}

proctype Consumer() {
  byte head = START;
  byte freed = START;
  byte seen_tail, mark, header, value, position;
  bool succeeded;
  do
  :: load_early(CONSUMER, CONTENT(head));
    atomic {
#ifdef RELAXED_LOOK_AT_MARK
      load(CONSUMER, MARK(head), mark);
#else
      load_acquire(CONSUMER, MARK(head), mark);
#endif
      if
      :: distance(freed, head) < CAPACITY -> check(head)
      :: else -> mark = empty_mark(head)
      fi
    }
    if
    :: state_of(mark) == PUBLISHED -> take_record()
    :: state_of(mark) == PADDING -> head = moved(head, slots_of(mark))
    :: freed != head && !is_readable(mark) -> free_read()
    :: freed == head && !is_readable(mark) ->
      if
#ifdef MORTAL
      :: is_blocked_by_dead() -> unblock()
#else
      :: may_be_mistaken() ->
        mistakes_left--;
        unblock()
#endif
      :: !is_blocked_by_dead() ->
end_waiting:
        has_changed()
      fi
    fi;
    mark = 0;
    seen_tail = 0;
    succeeded = false
  od
}

#ifdef MORTAL
proctype MortalProducer(byte me) {
  byte tail, seen_head, slots, padding, record, claims;
  bool succeeded;
  {
    produce()
  } unless {
    is_dead;
    forget_claim();
    claims = 0
  };
  has_ended[me] = true
}

/* The end of one producer, at any time unless it ends by itself. */
proctype Death() {
  if
  :: atomic { !has_ended[0] -> is_dead = true }
  :: has_ended[0]
  fi
}
#endif

/* Once nothing can move any more: all that was committed is read, and no slot is lost. */
proctype Watch() {
  timeout;
  assert(received[0] == committed[0]);
  assert(received[1] == committed[1]);
  assert(memory[HEAD] == memory[TAIL]);
  assert(has_ended[0] && has_ended[1])
}

init {
  atomic {
    memory[TAIL] = START;
    memory[HEAD] = START;
    memory[MARK(START)] = empty_mark(START);
    memory[MARK(START + 1)] = empty_mark(START + 1);
    memory[MARK(START + 2)] = empty_mark(START + 2);
    memory[MARK(START + 3)] = empty_mark(START + 3);
    run Consumer();
#ifdef MORTAL
    run MortalProducer(0);
    run Death();
#else
    run Producer(0);
#endif
    run Producer(1);
    run Watch()
  }
}
