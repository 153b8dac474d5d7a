/* The waiting flag: one side sleeps until there is something, others ring for it. What there is, is
 * only counted here; the rings that carry records have models of their own.
 *
 * firmware/core/ring_flag.c and src/shm/waiting-flag.ts, with one ringer for each producer of a ring.
 *
 * Faults: NO_FENCE_RAISE, NO_FENCE_ANSWER, NO_SECOND_LOOK, ANSWER_FIRST, ONE_TICKET, ANSWER_FORGOTTEN,
 * SHARED_ANSWER.
 */
#define RINGERS 2
#define SLEEPER RINGERS
#define SIDES 3
#define DEPTH 2

/* What each ringer has posted, a word for each, and the flag. */
#define POSTED(ringer) (ringer)
#define WAITING RINGERS
#define WORDS 3

/* How often each ringer posts at most. */
#define posts_of(ringer) (ringer + 1)

/* A ticket that comes around must have been forgotten by then: the real one does after 2^32 - 1 sleeps.
 * Here it starts where it soon wraps, past 0, which is none. */
#define TICKET_MAX 255
#define FIRST_TICKET 254

#include "memory.pml"

/* A doorbell remembers that it was rung, not how often. */
bool bell;

byte seen[RINGERS];
byte posted[RINGERS];
bool is_dead[RINGERS];
byte sleeps;
byte bells[RINGERS];

#ifdef SHARED_ANSWER
byte answered[1];
#define answered_by(ringer) answered[0]
#else
byte answered[RINGERS];
#define answered_by(ringer) answered[ringer]
#endif

inline look_for_posts() {
  found = false;
  ringer = 0;
  do
  :: ringer < RINGERS ->
    atomic {
      load_acquire(SLEEPER, POSTED(ringer), value);
      found = found || value != seen[ringer];
      seen[ringer] = value;
      value = 0;
      ringer++
    }
  :: else -> break
  od
}

inline raise() {
  atomic {
#ifndef ONE_TICKET
    ticket = (ticket == TICKET_MAX -> 1 : ticket + 1);
#endif
    sleeps++;
    store(SLEEPER, WAITING, ticket)
  }
#ifndef NO_FENCE_RAISE
  fence(SLEEPER)
#endif
}

inline lower() {
  store(SLEEPER, WAITING, 0)
}

proctype Sleeper() {
  byte ticket = FIRST_TICKET;
  byte ringer, value;
  bool found;
  do
  :: look_for_posts();
    if
    :: found
    :: else ->
      raise();
      found = false;
#ifndef NO_SECOND_LOOK
      look_for_posts();
#endif
      if
      :: found
      :: else ->
end_asleep:
        atomic { bell -> bell = false }
      fi;
      lower()
    fi
  od
}

inline answer() {
#ifndef NO_FENCE_ANSWER
  fence(me);
#endif
  atomic {
    load(me, WAITING, waiting);
    if
    :: waiting != 0 && waiting != answered_by(me) ->
#ifndef ANSWER_FORGOTTEN
      answered_by(me) = waiting;
#endif
      must_ring = true
    :: else
    fi;
    waiting = 0
  }
}

/* A ringer may die before it rings. Its own last post is then not seen until somebody looks. */
proctype Ringer(byte me) {
  byte waiting;
  bool must_ring;
  do
  :: posted[me] < posts_of(me) ->
#ifdef ANSWER_FIRST
    answer();
#endif
    atomic {
      posted[me]++;
      store_release(me, POSTED(me), posted[me])
    }
#ifndef ANSWER_FIRST
    answer();
#endif
    if
    :: must_ring && me == 0 ->
      is_dead[me] = true;
      break
    :: must_ring ->
      atomic {
        must_ring = false;
        bell = true;
        bells[me]++;
        assert(bells[me] <= sleeps)
      }
    :: !must_ring
    fi
  :: break
  od
}

proctype Spurious() {
  if
  :: bell = true
  :: skip
  fi
}

/* Once nothing can move any more. */
proctype Watch() {
  timeout;
  assert(is_dead[0] || seen[0] == posted[0]);
  assert(seen[1] == posted[1])
}

init {
  atomic {
    run Sleeper();
    run Ringer(0);
    run Ringer(1);
    run Spurious();
    run WriteBack(0);
    run WriteBack(1);
    run WriteBack(SLEEPER);
    run Watch()
  }
}
