#include "dsp/effect.h"

#include <math.h>
#include <stdbool.h>

static bool is_length(double value)
{
    return value >= 1.0 && value <= (double)CARILLON_LIST_VALUES_MAX && floor(value) == value;
}

uint32_t effect_wrong_value(const struct effect *effect, const double *values)
{
    for (uint32_t i = 0; i < effect->info.param_count; i++) {
        const struct carillon_param_info *param = &effect->info.params[i];
        // In this form a NaN is wrong as well.
        bool right = (param->flags & CARILLON_PARAM_LIST) != 0
                         ? is_length(values[i])
                         : values[i] >= param->min && values[i] <= param->max;
        if (!right) {
            return i;
        }
    }
    return CARILLON_NONE;
}
