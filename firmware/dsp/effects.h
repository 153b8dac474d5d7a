// Every effect that there is. To add one: its own file, a line here and one in effect_table.c.
#ifndef CARILLON_DSP_EFFECTS_H
#define CARILLON_DSP_EFFECTS_H

#include "dsp/effect.h"

extern const struct effect effect_gain;
extern const struct effect effect_lowpass;
extern const struct effect effect_highpass;
extern const struct effect effect_bandpass;
extern const struct effect effect_notch;
extern const struct effect effect_peak;
extern const struct effect effect_lowshelf;
extern const struct effect effect_highshelf;
extern const struct effect effect_fir;
extern const struct effect effect_pluck;
#ifdef CARILLON_FAULTS
extern const struct effect effect_fault; // faults/fault_effect.c
#endif

#endif
