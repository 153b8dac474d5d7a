#include "dsp/effects.h"

// The order in which the host sees them. It is no part of any contract: the host goes by name.
const struct effect *const effect_table[] = {
    &effect_gain, &effect_lowpass,  &effect_highpass,  &effect_bandpass, &effect_notch,
    &effect_peak, &effect_lowshelf, &effect_highshelf, &effect_fir,      &effect_pluck,
#ifdef CARILLON_FAULTS
    &effect_fault,
#endif
};

const uint32_t effect_count = sizeof effect_table / sizeof effect_table[0];
