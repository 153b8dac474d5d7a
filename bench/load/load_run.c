#include "load/load_run.h"

#include <stdio.h>

#include "common/program.h"
#include "load/load.h"
#include "load/load_options.h"

struct load_run load_run;

enum { PROCESSES_MAX = 4 };

static uint64_t now_ns(void)
{
    return load_now_ns(CLOCK_MONOTONIC);
}

static void check_stall(const char *what)
{
    load_check_stall(load_run.progress_at_ns, load_options.stall_ns, what);
}

static void connect_all(const struct load_generator *generator)
{
    load_run.progress_at_ns = now_ns();
    while (load_run.ready < load_options.connections) {
        while (load_run.started < load_options.connections &&
               load_run.started - load_run.ready < LOAD_CONNECTING_MAX) {
            generator->start_connection(load_run.started++);
        }
        generator->turn();
        check_stall("nothing came back while connecting");
    }
}

static void exchange_until(const struct load_generator *generator, uint64_t end_ns)
{
    while (now_ns() < end_ns) {
        generator->turn();
        check_stall("nothing came back");
    }
}

// Waits for everything that is still on its way.
static void drain(const struct load_generator *generator)
{
    load_run.phase = LOAD_DRAINING;
    load_run.progress_at_ns = now_ns();
    if (generator->stop != NULL) {
        generator->stop();
    }
    while (load_run.unanswered > 0) {
        generator->turn();
        check_stall("not everything came back");
    }
}

void load_execute(const struct load_generator *generator, const struct load_process *processes)
{
    clockid_t clocks[PROCESSES_MAX];
    uint64_t cpu_ns[PROCESSES_MAX];
    int count = 0;
    for (; processes[count].member != NULL; count++) {
        if (count == PROCESSES_MAX) {
            program_fail(1, "the CPU time of at most %d processes is told", PROCESSES_MAX);
        }
        clocks[count] = processes[count].pid == 0 ? CLOCK_PROCESS_CPUTIME_ID
                                                  : load_process_clock(processes[count].pid);
    }
    connect_all(generator);
    if (load_options.hold) {
        load_hold(load_options.connections, load_options.stall_ns);
    }
    load_run.phase = LOAD_WARMING_UP;
    load_run.progress_at_ns = now_ns();
    generator->begin();
    exchange_until(generator, now_ns() + load_options.warmup_ns);

    load_run.phase = LOAD_MEASURING;
    uint64_t own_cpu_ns = load_now_ns(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < count; i++) {
        cpu_ns[i] = load_now_ns(clocks[i]);
    }
    uint64_t from_ns = now_ns();
    exchange_until(generator, from_ns + load_options.duration_ns);
    // Of nothing there are no figures: on a machine that does much else a short time may see nothing.
    while (load_run.latencies_ns.count == 0) {
        exchange_until(generator, now_ns() + LOAD_TICK_MS * LOAD_NS_PER_MS);
    }
    double elapsed_s = (double)(now_ns() - from_ns) / 1e9;
    for (int i = 0; i < count; i++) {
        cpu_ns[i] = load_now_ns(clocks[i]) - cpu_ns[i];
    }
    own_cpu_ns = load_now_ns(CLOCK_PROCESS_CPUTIME_ID) - own_cpu_ns;
    drain(generator);

    uint64_t messages = load_run.latencies_ns.count;
    double messages_per_s = (double)messages / elapsed_s;
    printf("{\"event\":\"result\",\"messages\":%llu,\"elapsedS\":%.6f,\"messagesPerS\":%.1f,"
           "\"bytesPerS\":%.0f,",
           (unsigned long long)messages, elapsed_s, messages_per_s,
           messages_per_s * (double)generator->message_bytes);
    if (generator->print_members != NULL) {
        generator->print_members();
    }
    load_print_latencies(&load_run.latencies_ns);
    printf("\"loadCpuS\":%.6f,", (double)own_cpu_ns / 1e9);
    for (int i = 0; i < count; i++) {
        if (processes[i].pid != 0) {
            printf("\"%s\":%.6f,", processes[i].member, (double)cpu_ns[i] / 1e9);
        }
    }
    printf("\"errors\":0}\n");
}
