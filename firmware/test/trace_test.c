// A core and its trace in one thread: what the host finds, and what does not fit.
#include "core/fault.h"
#include "core/format.h"
#include "core/this_core.h"
#include "core/trace.h"

#include "core/core.h"
#include "test/check.h"

static struct carillon_shared_mem shared;
static struct core core;
static uint64_t now;

static uint64_t now_us(void *context)
{
    (void)context;
    return now;
}

static const struct port port = {.now_us = now_us};

static void start(void)
{
    memset(&shared, 0, sizeof shared);
    memset(&core, 0, sizeof core);
    shared.header = (struct carillon_region_header){.magic = CARILLON_REGION_MAGIC,
                                                    .layout_version = CARILLON_LAYOUT_VERSION,
                                                    .layout_hash = CARILLON_LAYOUT_HASH};
    core.port = &port;
    core.shared = &shared;
    core.index = 2;
    core.session = 7;
    core.boot = 3;
    now = 1000;
    this_core_set(&core);
}

static struct carillon_trace_ring *ring(void)
{
    return &shared.traces[2];
}

__attribute__((format(printf, 3, 4))) static void format_into(char *text, uint32_t bytes,
                                                              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_text(text, bytes, format, arguments);
    va_end(arguments);
}

static void numbers_are_written_in_full(void)
{
    char text[128];
    format_into(text, sizeof text, "%d %d %u %x %% %c %s", -2147483647 - 1, 0, 4294967295u, 0xbeefu,
                'z', "end");
    CHECK_TEXT(text, "-2147483648 0 4294967295 beef % z end");
    format_into(text, sizeof text, "%lld %llu %llx %ld", INT64_MIN + 0ll, UINT64_MAX + 0ull,
                UINT64_MAX + 0ull, -5l);
    CHECK_TEXT(text, "-9223372036854775808 18446744073709551615 ffffffffffffffff -5");
    const char *volatile nothing = NULL;
    format_into(text, sizeof text, "%s", nothing);
    CHECK_TEXT(text, "(null)");
}

static void text_is_cut_and_closed(void)
{
    char text[8] = "xxxxxxx";
    format_into(text, 4, "%s", "abcdef");
    CHECK_TEXT(text, "abc");
    CHECK_EQUAL(text[4], 'x');
    format_into(text, 1, "%s", "abcdef");
    CHECK_TEXT(text, "");
    format_into(text, sizeof text, "ab");
    for (uint32_t at = 2; at < sizeof text; at++) {
        CHECK_EQUAL(text[at], 0);
    }
}

static void what_is_not_understood_stands_as_it_is(void)
{
    char text[32];
    format_into(text, sizeof text, "%u of %5.2f", 1u, 2.0);
    CHECK_TEXT(text, "1 of %5.2f");
}

static void a_line_is_written_with_its_time_and_its_number(void)
{
    start();
    trace(CARILLON_TRACE_WARN, "block %u", 12u);
    now = 2000;
    trace(CARILLON_TRACE_ERROR, "next");
    CHECK_EQUAL(ring()->producer.tail, 2);
    CHECK_TEXT(ring()->records[0].message, "block 12");
    CHECK_EQUAL(ring()->records[0].level, CARILLON_TRACE_WARN);
    CHECK_EQUAL(ring()->records[1].time_us, 2000);
    CHECK_EQUAL(ring()->records[1].sequence, 1);
}

static void what_finds_no_room_is_counted_and_damages_nothing(void)
{
    start();
    for (uint32_t line = 0; line < CARILLON_TRACE_RECORDS + 5u; line++) {
        trace(CARILLON_TRACE_INFO, "line %u", line);
    }
    CHECK_EQUAL(ring()->producer.tail, CARILLON_TRACE_RECORDS);
    CHECK_EQUAL(shared.status[2].trace_lost, 5);
    CHECK_TEXT(ring()->records[0].message, "line 0");
    ring()->consumer.head = 1;
    trace(CARILLON_TRACE_INFO, "again");
    CHECK_TEXT(ring()->records[0].message, "again");
    CHECK_EQUAL(ring()->records[0].sequence, CARILLON_TRACE_RECORDS + 5u);
    // A head that cannot be leaves no room, and the tail says where to go on.
    ring()->consumer.head = 0x80000000u;
    ring()->producer.tail = 0;
    trace(CARILLON_TRACE_INFO, "never");
    CHECK_EQUAL(shared.status[2].trace_lost, 6);
    CHECK_EQUAL(ring()->producer.tail, CARILLON_TRACE_RECORDS + 1u);
}

static void before_a_core_is_attached_its_lines_are_lost(void)
{
    start();
    core.session = 0;
    trace(CARILLON_TRACE_INFO, "early");
    CHECK_EQUAL(core.trace.lost, 1);
    CHECK_EQUAL(ring()->producer.tail, 0);
    this_core_set(NULL);
    trace(CARILLON_TRACE_INFO, "no core");
    CHECK_EQUAL(core.trace.sequence, 1);
}

static void a_core_that_starts_again_goes_on_behind_the_lines_of_before(void)
{
    start();
    ring()->producer.tail = 9;
    trace_attach(&core);
    trace(CARILLON_TRACE_INFO, "again");
    CHECK_EQUAL(ring()->producer.tail, 10);
    CHECK_TEXT(ring()->records[9].message, "again");
}

static void a_counter_is_told_once_in_ten_seconds(void)
{
    struct trace_counter counter = {0};
    start();
    trace_counter(&counter, 0, "things", now);
    CHECK_EQUAL(ring()->producer.tail, 0);
    trace_counter(&counter, 3, "things", now);
    CHECK_TEXT(ring()->records[0].message, "3 things");
    trace_counter(&counter, 5, "things", now + 9999999u);
    CHECK_EQUAL(ring()->producer.tail, 1);
    trace_counter(&counter, 5, "things", now + 10000000u);
    CHECK_TEXT(ring()->records[1].message, "2 things");
}

static void a_fault_is_written_with_the_end_of_the_trace(void)
{
    static char path[100];
    start();
    for (uint32_t line = 0; line < 6; line++) {
        trace(CARILLON_TRACE_INFO, "line %u", line);
    }
    memset(path, 'p', sizeof path - 1);
    memcpy(path + sizeof path - 5, "/a.c", 4);
    core.failure = (struct failure){CARILLON_FAULT_ASSERT, path, 42, "a < b"};
    shared.faults[2].begun = shared.faults[2].whole = 8;
    const struct fault fault = {.kind = CARILLON_FAULT_UNDEFINED_INSTRUCTION,
                                .register_count = 1,
                                .elr = 0x123456789a,
                                .registers = {77}};
    fault_report(&shared, 2, &core, &fault);
    const struct carillon_fault_record *record = &shared.faults[2];
    CHECK_EQUAL(record->begun, 9);
    CHECK_EQUAL(record->whole, 9);
    CHECK_EQUAL(record->boot, 3);
    CHECK_EQUAL(record->kind, CARILLON_FAULT_ASSERT);
    CHECK_EQUAL(record->line, 42);
    CHECK_TEXT(record->message, "a < b");
    CHECK_EQUAL(strlen(record->file), sizeof record->file - 1);
    CHECK_TEXT(record->file + sizeof record->file - 5, "/a.c");
    CHECK_EQUAL(record->elr, 0x123456789a);
    CHECK_EQUAL(record->registers[0], 77);
    CHECK_EQUAL(record->line_count, CARILLON_FAULT_LINES);
    CHECK_TEXT(record->lines[0].message, "line 2");
    CHECK_TEXT(record->lines[3].message, "line 5");
    CHECK_EQUAL(shared.status[2].state, CARILLON_CORE_FAULTED);
}

static void nothing_is_written_to_what_is_no_region_of_this_layout(void)
{
    start();
    static const struct fault fault = {.kind = CARILLON_FAULT_DATA_ABORT};
    shared.header.layout_hash++;
    fault_report(&shared, 2, &core, &fault);
    fault_mark(&shared, 2);
    CHECK_EQUAL(shared.faults[2].begun, 0);
    CHECK_EQUAL(shared.status[2].state, CARILLON_CORE_OFFLINE);
}

int main(void)
{
    numbers_are_written_in_full();
    text_is_cut_and_closed();
    what_is_not_understood_stands_as_it_is();
    a_line_is_written_with_its_time_and_its_number();
    what_finds_no_room_is_counted_and_damages_nothing();
    before_a_core_is_attached_its_lines_are_lost();
    a_core_that_starts_again_goes_on_behind_the_lines_of_before();
    a_counter_is_told_once_in_ten_seconds();
    a_fault_is_written_with_the_end_of_the_trace();
    nothing_is_written_to_what_is_no_region_of_this_layout();
    return 0;
}
