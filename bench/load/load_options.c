#include "load/load_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/program.h"
#include "load/load.h"

struct load_options load_options;

enum { COMMON_OPTIONS = 8, OPTIONS_MAX = 24 };

void load_parse_options(int argc, char **argv, const struct load_option *others)
{
    uint64_t port = 0;
    uint64_t connections = 1;
    uint64_t active = 0;
    uint64_t depth = 1;
    uint64_t warmup_ms = 500;
    uint64_t duration_ms = 2000;
    uint64_t stall_ms = 5000;
    uint64_t server_pid = 0;
    const struct load_option common[COMMON_OPTIONS] = {
        {"port", 1, UINT16_MAX, &port, NULL},
        {"connections", 1, LOAD_CONNECTIONS_MAX, &connections, NULL},
        {"active", 1, LOAD_CONNECTIONS_MAX, &active, NULL},
        {"depth", 1, LOAD_DEPTH_MAX, &depth, NULL},
        {"warmup-ms", 0, LOAD_DURATION_MS_MAX, &warmup_ms, NULL},
        {"duration-ms", 1, LOAD_DURATION_MS_MAX, &duration_ms, NULL},
        {"stall-ms", 1, LOAD_DURATION_MS_MAX, &stall_ms, NULL},
        {"server-pid", 1, INT32_MAX, &server_pid, NULL},
    };
    const struct load_option *all[OPTIONS_MAX];
    // With one behind the last that is zero, and one for --hold.
    struct option names[OPTIONS_MAX + 2] = {0};
    int count = 0;
    for (int i = 0; i < COMMON_OPTIONS; i++) {
        all[count++] = &common[i];
    }
    for (; others->name != NULL; others++) {
        if (count == OPTIONS_MAX) {
            program_fail(1, "a load generator has at most %d options", OPTIONS_MAX);
        }
        all[count++] = others;
    }
    for (int i = 0; i < count; i++) {
        names[i] = (struct option){all[i]->name, required_argument, NULL, i};
    }
    names[count] = (struct option){"hold", no_argument, NULL, count};

    int option;
    // Without a colon in front, getopt_long() itself says which option is unknown.
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (option < 0 || option > count) {
            exit(2);
        }
        if (option == count) {
            load_options.hold = true;
        } else if (all[option]->text != NULL) {
            *all[option]->text = optarg;
        } else {
            // As whoever called it has written it.
            char name[64];
            snprintf(name, sizeof name, "--%s", all[option]->name);
            *all[option]->number =
                program_number(name, optarg, all[option]->least, all[option]->most);
        }
    }
    if (optind < argc) {
        program_fail(2, "\"%s\" is not an option", argv[optind]);
    }
    if (port == 0) {
        program_fail(2, "--port N says where the server listens");
    }
    if (active > connections) {
        program_fail(2, "--active is at most --connections");
    }
    load_options.port = (uint16_t)port;
    load_options.connections = (uint32_t)connections;
    load_options.active = (uint32_t)(active == 0 ? connections : active);
    load_options.depth = (uint32_t)depth;
    load_options.warmup_ns = LOAD_NS_PER_MS * warmup_ms;
    load_options.duration_ns = LOAD_NS_PER_MS * duration_ms;
    load_options.stall_ns = LOAD_NS_PER_MS * stall_ms;
    load_options.server_pid = (pid_t)server_pid;
}

bool load_is_active(uint32_t index)
{
    // Evenly spread: where index * active / connections takes a step.
    uint64_t active = load_options.active;
    uint64_t connections = load_options.connections;
    return (index + 1) * active / connections > index * active / connections;
}
