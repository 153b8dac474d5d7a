/* How the consumer of the ring of many producers sleeps until there is a record. One producer may die at any
 * step; whoever sees that it has ended rings for it, and the consumer unblocks what it has left.
 * The records and their room are in mpsc-ring.pml.
 *
 * mpsc_try_sleep, mpsc_should_ring and mpsc_unblock of firmware/core/mpsc_*.c; trySleep and shouldRing of
 * src/shm/mpsc-ring-consumer.ts and mpsc-ring-producer.ts.
 *
 * Faults: NO_FENCE_RAISE, NO_FENCE_ANSWER, NO_SECOND_LOOK, ABORT_SILENTLY, NO_UNBLOCK.
 */
#define PRODUCERS 2
#define CONSUMER PRODUCERS
#define SIDES 3
#define DEPTH 2

#define CLAIMS 1

/* A mark for each slot of the run, and the control lines. */
#define MARK(position) (position)
#define SLOTS 2
#define TAIL SLOTS
#define WAITING (SLOTS + 1)
#define WORDS (SLOTS + 2)

#include "memory.pml"

#define EMPTY 0
#define CLAIMED 1
#define PUBLISHED 2
#define PADDING 3

/* The flag is raised for a sleep, and then perhaps answered, by each producer for itself. In truth it holds
 * a ticket, and each producer keeps the one that it has answered (waiting-flag.pml). No ticket is like
 * another, so the answer can as well be noted where the ticket stands. */
#define RAISED 1
#define ANSWERED_BY(producer) (2 << producer)

/* A doorbell remembers that it was rung, not how often. What it remembers at the start is spurious. */
bool bell = true;

bool is_dead;
bool has_ended[PRODUCERS];
byte committed[PRODUCERS];
byte received[PRODUCERS];
byte owners[SLOTS];
byte head;

inline exchange(address, expected, wanted) {
  atomic {
    succeeded = (memory[address] == expected);
    if
    :: succeeded -> memory[address] = wanted
    :: else
    fi
  }
}

inline claim() {
  atomic {
    claims++;
    position = memory[TAIL];
    owners[position] = me;
    memory[TAIL]++
  }
  atomic {
    exchange(MARK(position), EMPTY, CLAIMED);
    succeeded = false
  }
}

/* On some machines a load behind an exchange may be done before what the exchange stores is seen. */
inline close(state) {
  load_early(me, WAITING);
  atomic {
    exchange(MARK(position), CLAIMED, state);
    if
    :: succeeded && state == PUBLISHED -> committed[me]++
    :: else
    fi;
    succeeded = false;
    position = 0
  }
}

/* Rings where the consumer sleeps and this producer has not rung for it. */
inline answer() {
#ifndef NO_FENCE_ANSWER
  fence(me);
#endif
  atomic {
    load(me, WAITING, waiting);
    if
    :: waiting != 0 && (waiting & ANSWERED_BY(me)) == 0 ->
      memory[WAITING] = waiting | ANSWERED_BY(me);
      waiting = 0
    :: else ->
      waiting = 0;
      goto answered
    fi
  }
  bell = true;
answered:
  skip
}

inline produce() {
  do
  :: claims < CLAIMS ->
    claim();
    if
    :: close(PUBLISHED)
    :: close(PADDING);
#ifdef ABORT_SILENTLY
      goto next
#endif
    fi;
    answer();
next:
    skip
  :: break
  od
}

proctype Producer(byte me) {
  byte claims, position, waiting;
  bool succeeded;
  produce();
  has_ended[me] = true
}

proctype MortalProducer(byte me) {
  byte claims, position, waiting;
  bool succeeded;
  {
    produce()
  } unless {
    is_dead;
    d_step {
      claims = 0;
      position = 0;
      waiting = 0;
      succeeded = false;
      forget_early(me)
    }
  };
  has_ended[me] = true
}

proctype Death() {
  if
  :: atomic { !has_ended[0] -> is_dead = true }
    bell = true
  :: has_ended[0]
  fi
}

#define is_readable(mark) (mark == PUBLISHED || mark == PADDING)

inline sleep() {
  store(CONSUMER, WAITING, RAISED);
#ifndef NO_FENCE_RAISE
  fence(CONSUMER);
#endif
  atomic {
#ifndef NO_SECOND_LOOK
    load(CONSUMER, MARK(head), mark);
#endif
    if
    :: is_readable(mark)
    :: else ->
      mark = 0;
end_asleep:
      bell;
      bell = false
    fi
  }
  store(CONSUMER, WAITING, 0)
}

#ifdef NO_UNBLOCK
#define is_blocked_by_dead() false
#else
#define is_blocked_by_dead() (head < memory[TAIL] && owners[head] == 0 && is_dead)
#endif

proctype Consumer() {
  byte mark;
  bool succeeded;
  do
  :: head < SLOTS ->
    atomic {
      load_acquire(CONSUMER, MARK(head), mark);
      if
      :: is_readable(mark) ->
        received[owners[head]] = received[owners[head]] + (mark == PUBLISHED -> 1 : 0);
        head++;
        mark = 0;
        goto next
      :: else
      fi
    }
    if
    :: is_blocked_by_dead() ->
      is_drained(CONSUMER);
      exchange(MARK(head), mark, PADDING);
      succeeded = false
    :: else -> sleep()
    fi;
next:
    mark = 0
  :: else -> break
  od
}

/* Once nothing can move any more, all that was committed is read. */
proctype Watch() {
  timeout;
  assert(received[0] == committed[0]);
  assert(received[1] == committed[1]);
  assert(has_ended[0] && has_ended[1])
}

init {
  atomic {
    run WriteBack(CONSUMER);
    run Consumer();
    run MortalProducer(0);
    run Producer(1);
    run Death();
    run Watch()
  }
}
