#ifndef CARILLON_DSP_DECIBEL_H
#define CARILLON_DSP_DECIBEL_H

#include <math.h>

// 20 dB are a factor of ten.
static inline double factor_of_db(double db)
{
    return pow(10.0, db / 20.0);
}

#endif
