#include "rings/window.h"

#include <stdio.h>
#include <stdlib.h>

#include "rings/clock.h"

static _Noreturn void window_end(const struct window *window, uint64_t elapsed_ns)
{
    double elapsed_s = (double)elapsed_ns / 1e9;
    printf("{\"event\":\"result\",\"messages\":%llu,\"elapsedS\":%.9f,\"messagesPerS\":%.3f}\n",
           (unsigned long long)window->messages, elapsed_s, (double)window->messages / elapsed_s);
    exit(0);
}

void window_look(struct window *window)
{
    if (window->messages == 0) {
        return;
    }
    uint64_t now = now_ns();
    uint64_t elapsed_ns = now - window->begin_ns;
    switch (window->state) {
    case WINDOW_WAITS:
        window->state = WINDOW_WARMS_UP;
        window->begin_ns = now;
        break;
    case WINDOW_WARMS_UP:
        if (elapsed_ns >= window->options->warmup_ns) {
            window->state = WINDOW_COUNTS;
            window->begin_ns = now;
            window->messages = 0;
        }
        break;
    case WINDOW_COUNTS:
        if (elapsed_ns >= window->options->duration_ns) {
            window_end(window, elapsed_ns);
        }
        break;
    }
}
