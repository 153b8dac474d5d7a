#include "test/single.h"

static double after_gain(double db, double sample)
{
    double values[] = {db};
    must_open("gain", 48000, 1, values, NULL);
    process_mono(&sample, 1, 1);
    return sample;
}

int main(void)
{
    CHECK_NEAR(after_gain((double)NAN, 0.7), 0.7, 0.0);
    CHECK_NEAR(after_gain(0.0, 0.7), 0.7, 0.0);
    CHECK_NEAR(after_gain(20.0, 0.7), 7.0, 1e-14);
    CHECK_NEAR(after_gain(60.0, -0.7), -700.0, 1e-12);
    CHECK_NEAR(after_gain(-120.0, 0.7), 0.7e-6, 1e-21);
    CHECK(isinf(after_gain(-6.0, (double)INFINITY)));
    CHECK(isnan(after_gain(-6.0, (double)NAN)));

    uint32_t param;
    CHECK_EQUAL(open_single("gain", 48000, 1, (double[]){60.1}, NULL, &param),
                CARILLON_STATUS_VALUE);
    CHECK_EQUAL(param, 0);
    return 0;
}
