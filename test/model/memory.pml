/* Shared memory as a weakly ordered machine shows it.
 *
 * Promela's own variables are sequentially consistent. Here each side has a store buffer: a store
 * lands in it and reaches memory some time later, whenever WriteBack feels like it. Entries for
 * different words overtake each other, but for one with release, which waits until all before it are
 * written. A full fence waits until the buffer is empty. With TSO defined nothing overtakes, as on x86.
 *
 * A relaxed load may also be done early (`load_early`): what it found is used by the next relaxed load
 * of that word, unless a load with acquire or a fence comes first.
 *
 * The includer defines SIDES, WORDS and DEPTH (entries of a store buffer, 2 or 3), runs WriteBack for each
 * side, or defines NO_STORE_BUFFERS where nothing is stored but directly.
 */
#define NO_WORD 255

typedef Store {
  byte word;
  byte value;
  bool release
}

typedef StoreBuffer {
  Store entries[DEPTH];
  byte count;
  byte early_word = NO_WORD;
  byte early_value
}

byte memory[WORDS];
StoreBuffer buffers[SIDES];

/* For use within one step: no part of the state. */
hidden byte at_;

#define entry(side, at) buffers[side].entries[at]
#define is_drained(side) (buffers[side].count == 0)
#define same_word(side, one, other) (entry(side, one).word == entry(side, other).word)

#ifdef TSO
#define may_overtake(side, at) false
#else
#define may_overtake(side, at) (buffers[side].count > at && !entry(side, at).release)
#endif

inline put(side, address, content, releases) {
  atomic {
    buffers[side].count < DEPTH;
    d_step {
      entry(side, buffers[side].count).word = address;
      entry(side, buffers[side].count).value = content;
      entry(side, buffers[side].count).release = releases;
      buffers[side].count++
    }
  }
}

#define store(side, address, content) put(side, address, content, false)
#define store_release(side, address, content) put(side, address, content, true)

#define forget_early(side)                \
  buffers[side].early_word = NO_WORD;     \
  buffers[side].early_value = 0

inline fence(side) {
  atomic {
    is_drained(side);
    forget_early(side)
  }
}

/* A side sees its own stores at once. */
inline look(side, address, into) {
  into = memory[address];
  at_ = 0;
  do
  :: at_ < buffers[side].count ->
    if
    :: entry(side, at_).word == address -> into = entry(side, at_).value
    :: else
    fi;
    at_++
  :: else -> break
  od;
  at_ = 0
}

inline load_acquire(side, address, into) {
  d_step {
    forget_early(side);
    look(side, address, into)
  }
}

inline load(side, address, into) {
  d_step {
    if
    :: buffers[side].early_word == address ->
      into = buffers[side].early_value;
      forget_early(side)
    :: else -> look(side, address, into)
    fi
  }
}

/* The machine may do the next relaxed load of this word here. */
inline load_early(side, address) {
  if
  :: d_step {
      look(side, address, buffers[side].early_value);
      buffers[side].early_word = address
    }
  :: skip
  fi
}

#ifndef NO_STORE_BUFFERS
inline write_back(side, from) {
  d_step {
    memory[entry(side, from).word] = entry(side, from).value;
    at_ = from;
    do
    :: at_ + 1 < buffers[side].count ->
      entry(side, at_).word = entry(side, at_ + 1).word;
      entry(side, at_).value = entry(side, at_ + 1).value;
      entry(side, at_).release = entry(side, at_ + 1).release;
      at_++
    :: else -> break
    od;
    entry(side, at_).word = 0;
    entry(side, at_).value = 0;
    entry(side, at_).release = false;
    buffers[side].count--;
    at_ = 0
  }
}

proctype WriteBack(byte side) {
end_idle:
  do
  :: atomic { buffers[side].count > 0 -> write_back(side, 0) }
  :: atomic { may_overtake(side, 1) && !same_word(side, 1, 0) -> write_back(side, 1) }
#if DEPTH > 2
  :: atomic {
      may_overtake(side, 2) && !same_word(side, 2, 0) && !same_word(side, 2, 1) ->
      write_back(side, 2)
    }
#endif
  od
}
#endif
