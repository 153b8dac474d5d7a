#include "port/aarch64/doorbell.h"

#include "board.h"
#include "port/gic/gic.h"

// One interrupt for all cores: Linux looks at each of them.

void doorbell_ring(uint32_t core)
{
    (void)core;
    gic_pend(BOARD_BELL_TO_LINUX);
}

void doorbell_try_ring(uint32_t core)
{
    doorbell_ring(core); // it never waits
}
