/* How the host and a core agree on which rings are in use: session, boot and link. Either side may die at any
 * step and come back, find a ring damaged, or start a new session.
 *
 * src/bridge/core-link.ts (#follow, #offer, unlink) and firmware/core/attach.c.
 *
 * The two rings are one word for each side: 0 once its ends are reset, and the link and the boot once it
 * has used them. So a side that finds others reads what is left of an earlier link, and one that
 * finds 0 again has had the other's ends reset while it used them.
 *
 * Faults: RELAXED_LINK, RELAXED_OFFERED_BOOT, OFFER_WHILE_LINKED, NO_BOOT_IN_OFFER, RESET_AFTER_OFFER,
 * RESET_AFTER_LINK, LINK_USED_TWICE, SESSION_IGNORED, REFUSED_FOR_EVER, WITHDRAWN_FOR_EVER,
 * LEFT_UNSEEN, NO_BELL_WHEN_LEFT, BELL_OVERTAKES_STORE.
 */
#define HOST 0
#define CORE 1
#define SIDES 2
#ifndef DEPTH
#define DEPTH 2
#endif

/* What may befall them in one run, in any order. */
#ifndef EVENTS
#define EVENTS 2
#endif
/* More links or boots than this, and they would never come to rest. */
#define NUMBER_MAX 9

#define SESSION 0
#define OFFERED_LINK 1
#define OFFERED_BOOT 2
#define CORE_LINK 3
#define CORE_BOOT 4
#define CORE_SESSION 5
#define CORE_DAMAGES 6
#define HOST_ENDS 7
#define CORE_ENDS 8
#define WORDS 9

#include "memory.pml"

/* A doorbell remembers that it was rung, not how often. */
bool bells[SIDES];
bool is_killed[SIDES];
byte events_left = EVENTS;
byte sessions = 1;

/* What each side has in use, and 0 while that is nothing. */
#define use(boot, link) (16 * (boot) + (link))
#define link_of(use) ((use) % 16)
byte in_use[SIDES];

/* A doorbell is behind what was stored before it is rung: the system, or the port, sees to that. */
inline ring(side) {
  atomic {
#ifndef BELL_OVERTAKES_STORE
    is_drained(side);
#endif
    bells[1 - side] = true
  }
}

inline look_at_ends(side, address) {
  atomic {
    load_acquire(side, address, value);
    assert(value == 0 || value == in_use[side]);
    assert(value != 0 || !has_seen);
    has_seen = (value != 0);
    value = 0
  }
}

/* Either side uses its rings: it looks at the other's ends, and moves its own. */
inline use_rings(side, own, other) {
  look_at_ends(side, other);
  if
  :: !has_used ->
    atomic {
      has_used = true;
      store(side, own, in_use[side])
    }
  :: else
  fi
}

/* The core does not ring for an offer that it has not taken: then this side looks again by itself. */
inline unlink_host() {
  atomic {
#ifndef WITHDRAWN_FOR_EVER
    bells[HOST] = bells[HOST] || in_use[HOST] == 0;
#endif
    link = 0;
    in_use[HOST] = 0;
    has_seen = false;
    has_used = false
  }
  store_release(HOST, OFFERED_LINK, 0);
  ring(HOST)
}

/* Safe only while the core uses no link: each side then resets its own ends. */
inline offer() {
#ifndef RESET_AFTER_OFFER
  store(HOST, HOST_ENDS, 0);
#endif
  atomic {
#ifndef LINK_USED_TWICE
    last_link++;
#else
    last_link = 1;
#endif
    assert(last_link <= NUMBER_MAX);
    link = last_link;
    boot = core_boot;
    damages = core_damages
  }
#ifdef RELAXED_OFFERED_BOOT
  store(HOST, OFFERED_BOOT, boot);
#else
  store_release(HOST, OFFERED_BOOT, boot);
#endif
#ifdef RELAXED_LINK
  store(HOST, OFFERED_LINK, link);
#else
  store_release(HOST, OFFERED_LINK, link);
#endif
#ifdef RESET_AFTER_OFFER
  store(HOST, HOST_ENDS, 0);
#endif
  ring(HOST)
}

/* It has not left the link that is offered, for damage, before it was seen to use it. */
#ifdef LEFT_UNSEEN
#define is_offered_to_it() (link != 0 && core_boot == boot)
#else
#define is_offered_to_it() (link != 0 && core_boot == boot && core_damages == damages)
#endif

inline follow_core() {
  load_acquire(HOST, CORE_LINK, core_link);
  load_acquire(HOST, CORE_BOOT, core_boot);
  if
  :: in_use[HOST] != 0 && (core_link != link || core_boot != boot) -> unlink_host()
  :: else
  fi;
  atomic {
    load(HOST, CORE_SESSION, core_session);
    load(HOST, CORE_DAMAGES, core_damages)
  }
  if
  :: in_use[HOST] == 0 && link != 0 && core_link == link && core_boot == boot ->
    in_use[HOST] = use(boot, link)
#ifdef OFFER_WHILE_LINKED
  :: in_use[HOST] == 0 && core_boot != 0 &&
#else
  :: in_use[HOST] == 0 && core_link == 0 && core_boot != 0 &&
#endif
#ifndef SESSION_IGNORED
    core_session == session &&
#endif
    !is_offered_to_it() -> offer()
  :: else
  fi;
  atomic {
    core_link = 0;
    core_boot = 0;
    core_session = 0;
    core_damages = 0
  }
}

/* A host that comes back knows nothing of the one before, whose stores are all in memory by then. */
inline start_session() {
  is_drained(HOST);
  store(HOST, OFFERED_LINK, 0);
  store(HOST, OFFERED_BOOT, 0);
  atomic {
    sessions++;
    session = sessions
  }
  store_release(HOST, SESSION, session)
}

inline run_host() {
  start_session();
end_waiting:
  do
  :: atomic { bells[HOST] -> bells[HOST] = false }
    follow_core();
    if
    :: in_use[HOST] != 0 -> use_rings(HOST, HOST_ENDS, CORE_ENDS)
    :: else
    fi
  /* It finds a ring damaged, or its owner gives them up. */
  :: atomic { events_left > 0 && link != 0 -> events_left-- }
    unlink_host()
  /* What it wrote was written over by somebody else: it makes it anew. */
  :: atomic {
      events_left > 0 ->
      events_left--;
      sessions++;
      session = sessions
    }
    store_release(HOST, SESSION, session)
  od
}

proctype Host() {
  byte session, link, boot, damages, last_link;
  byte core_link, core_boot, core_session, core_damages, value;
  bool has_seen, has_used;
  do
  :: {
      run_host()
    } unless {
      atomic {
        is_killed[HOST];
        session = 0;
        link = 0;
        boot = 0;
        last_link = 0;
        core_link = 0;
        core_boot = 0;
        core_session = 0;
        damages = 0;
        core_damages = 0;
        value = 0;
        has_seen = false;
        has_used = false;
        in_use[HOST] = 0;
        forget_early(HOST);
        is_killed[HOST] = false
      }
    }
  od
}

inline unlink_core() {
  atomic {
    in_use[CORE] = 0;
    has_seen = false;
    has_used = false
  }
  store_release(CORE, CORE_LINK, 0)
}

inline attach() {
  unlink_core();
  atomic {
    load(CORE, CORE_BOOT, boot);
    boot++;
    assert(boot <= NUMBER_MAX);
    session = value;
    value = 0;
#ifndef REFUSED_FOR_EVER
    refused = 0
#endif
  }
  store(CORE, CORE_DAMAGES, damages);
  store(CORE, CORE_SESSION, session);
  store_release(CORE, CORE_BOOT, boot);
  ring(CORE)
}

inline link_core() {
#ifndef RESET_AFTER_LINK
  store(CORE, CORE_ENDS, 0);
#endif
  in_use[CORE] = use(boot, link);
  store_release(CORE, CORE_LINK, link);
#ifdef RESET_AFTER_LINK
  store(CORE, CORE_ENDS, 0);
#endif
  ring(CORE)
}

inline follow_host() {
  load_acquire(CORE, SESSION, value);
  if
  :: value != session -> attach()
  :: else -> value = 0
  fi;
  load_acquire(CORE, OFFERED_LINK, link);
  if
  :: link == link_of(in_use[CORE]) || (link != 0 && link == refused)
  :: else ->
    if
    :: in_use[CORE] != 0 ->
      unlink_core();
#ifndef NO_BELL_WHEN_LEFT
      ring(CORE)
#endif
    :: else
    fi;
    refused = 0;
    load_acquire(CORE, OFFERED_BOOT, value);
    if
#ifdef NO_BOOT_IN_OFFER
    :: link != 0 -> link_core()
#else
    :: link != 0 && value == boot -> link_core()
#endif
    :: else
    fi
  fi;
  atomic {
    value = 0;
    link = 0
  }
}

/* Its sleep has a limit. So it finds a new session, for which nobody rings. */
inline run_core() {
  is_drained(CORE);
end_waiting:
  do
  :: atomic { bells[CORE] || memory[SESSION] != session -> bells[CORE] = false }
    follow_host();
    if
    :: in_use[CORE] != 0 -> use_rings(CORE, CORE_ENDS, HOST_ENDS)
    :: else
    fi
  /* It finds a ring damaged. */
  :: atomic {
      events_left > 0 && in_use[CORE] != 0 ->
      events_left--;
      refused = link_of(in_use[CORE]);
      damages++
    }
    store(CORE, CORE_DAMAGES, damages);
    unlink_core();
    ring(CORE)
  od
}

proctype Core() {
  byte session, boot, link, refused, damages, value;
  bool has_seen, has_used;
  do
  :: {
      run_core()
    } unless {
      atomic {
        is_killed[CORE];
        session = 0;
        boot = 0;
        link = 0;
        refused = 0;
        damages = 0;
        value = 0;
        has_seen = false;
        has_used = false;
        in_use[CORE] = 0;
        forget_early(CORE);
        is_killed[CORE] = false
      }
    }
  od
}

proctype Death() {
  do
  :: atomic { events_left > 0 -> events_left--; is_killed[HOST] = true }
  :: atomic { events_left > 0 -> events_left--; is_killed[CORE] = true }
  :: events_left = 0;
    break
  od
}

/* Once nothing can move any more, both use the same link. */
proctype Watch() {
  timeout;
  assert(in_use[HOST] != 0 && in_use[HOST] == in_use[CORE])
}

init {
  atomic {
    run WriteBack(HOST);
    run WriteBack(CORE);
    run Host();
    run Core();
    run Death();
    run Watch()
  }
}
