#include "core/fault.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/atomic.h"
#include "core/core.h"
#include "core/shared_words.h"

static bool is_region(const struct carillon_shared_mem *shared)
{
    const struct carillon_region_header *header = &shared->header;
    // Acquire: the magic is written last.
    return load_acquire(&header->magic) == CARILLON_REGION_MAGIC &&
           header->layout_version == CARILLON_LAYOUT_VERSION &&
           header->layout_hash == CARILLON_LAYOUT_HASH;
}

// Byte by byte: no library is called, which may be what faulted.
static void copy_text(char *to, uint32_t bytes, const char *from)
{
    uint32_t at = 0;
    for (; from != NULL && at + 1u < bytes && from[at] != '\0'; at++) {
        *(volatile char *)&to[at] = from[at];
    }
    for (; at < bytes; at++) {
        *(volatile char *)&to[at] = '\0';
    }
}

// The end of a path says more than its beginning.
static const char *path_end(const char *path, uint32_t bytes)
{
    uint32_t length = 0;
    while (path != NULL && path[length] != '\0') {
        length++;
    }
    return length < bytes ? path : path + (length + 1u - bytes);
}

static void put_text(char *to, uint32_t bytes, const char *from)
{
    _Alignas(uint32_t) char text[sizeof((struct carillon_fault_record *)0)->message];
    copy_text(text, bytes, from);
    shared_words_copy(to, text, bytes);
}

static void put_failure(struct carillon_fault_record *record, const struct failure *failure)
{
    store_relaxed(&record->kind, failure->kind);
    store_relaxed(&record->line, failure->line);
    put_text(record->file, sizeof record->file, path_end(failure->file, sizeof record->file));
    put_text(record->message, sizeof record->message, failure->message);
}

static void put_lines(struct carillon_fault_record *record, const struct trace *trace)
{
    uint32_t count = trace->sequence < CARILLON_FAULT_LINES ? trace->sequence : CARILLON_FAULT_LINES;
    for (uint32_t at = 0; at < count; at++) {
        uint32_t line = trace->sequence - count + at;
        shared_words_copy(&record->lines[at], &trace->recent[line % CARILLON_FAULT_LINES],
                          sizeof record->lines[at]);
    }
    store_relaxed(&record->line_count, count);
}

static void put_machine(struct carillon_fault_record *record, const struct fault *fault)
{
    const struct {
        uint64_t *to;
        uint64_t from;
    } words[] = {{&record->time_us, fault->time_us}, {&record->load_bias, fault->load_bias},
                 {&record->esr, fault->esr},         {&record->far, fault->far},
                 {&record->elr, fault->elr},         {&record->caller, fault->caller},
                 {&record->sp, fault->sp},           {&record->spsr, fault->spsr}};
    for (uint32_t at = 0; at < sizeof words / sizeof *words; at++) {
        shared_words_copy(words[at].to, &words[at].from, sizeof words[at].from);
    }
    store_relaxed(&record->machine, fault->machine);
    store_relaxed(&record->register_count, fault->register_count);
    shared_words_copy(record->registers, fault->registers, sizeof record->registers);
}

void fault_report(struct carillon_shared_mem *shared, uint32_t index, const struct core *core,
                  const struct fault *fault)
{
    if (!is_region(shared)) {
        return;
    }
    struct carillon_fault_record *record = &shared->faults[index];
    // Relaxed, here and in all that writes the record: only this core stores it, and `whole` publishes.
    uint32_t number = load_relaxed(&record->begun) + 1u;
    store_relaxed(&record->begun, number);
    // Release: who finds anything of this record finds that it was begun.
    __atomic_thread_fence(__ATOMIC_RELEASE);
    store_relaxed(&record->kind, fault->kind);
    store_relaxed(&record->line, 0);
    put_text(record->file, sizeof record->file, NULL);
    put_text(record->message, sizeof record->message, NULL);
    store_relaxed(&record->boot, core->session != 0 ? core->boot : 0);
    store_relaxed(&record->line_count, 0);
    put_machine(record, fault);
    // From here on what is read may be what is damaged.
    put_lines(record, &core->trace);
    if (core->failure.kind != CARILLON_FAULT_NONE) {
        put_failure(record, &core->failure);
    }
    // Release: all of the record is seen before it is whole.
    store_release(&record->whole, number);
    fault_mark(shared, index);
}

void fault_mark(struct carillon_shared_mem *shared, uint32_t index)
{
    if (is_region(shared)) {
        // Release: the record is seen before the state.
        store_release(&shared->status[index].state, CARILLON_CORE_FAULTED);
    }
}
