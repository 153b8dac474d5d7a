// An interrupt that the firmware has no use for. Each board has its own.
#ifndef CARILLON_FAULTS_UNEXPECTED_H
#define CARILLON_FAULTS_UNEXPECTED_H

#include <stdint.h>

// Sends it to this core, whose index is `core`.
void unexpected_send(uint32_t core);

#endif
