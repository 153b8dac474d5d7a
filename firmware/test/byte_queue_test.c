// The byte queue: the bytes of its format, its limits on both sides, and positions that are damaged.
#include "core/byte_queue.h"

#include <stdbool.h>

#include "test/check.h"

#define REGION_BYTES 20u // 12 bytes of data, of which 11 can be filled

// What lies around a region must stay as it is.
static struct {
    unsigned char before[16];
    _Alignas(4) unsigned char region[REGION_BYTES];
    unsigned char after[16];
} memory;

static struct byte_queue queue;

static void set_up(void)
{
    memset(&memory, 0xa5, sizeof memory);
    CHECK_EQUAL(byte_queue_create(&queue, memory.region, REGION_BYTES), QUEUE_OK);
}

static void check_bytes(const void *found, const void *wanted, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        CHECK_EQUAL(((const unsigned char *)found)[i], ((const unsigned char *)wanted)[i]);
    }
}

static void check_surroundings(void)
{
    for (size_t i = 0; i < sizeof memory.before; i++) {
        CHECK_EQUAL(memory.before[i], 0xa5);
        CHECK_EQUAL(memory.after[i], 0xa5);
    }
}

static void check_size(uint32_t wanted)
{
    uint32_t size, space;
    CHECK_EQUAL(byte_queue_size(&queue, &size), QUEUE_OK);
    CHECK_EQUAL(byte_queue_space(&queue, &space), QUEUE_OK);
    CHECK_EQUAL(size, wanted);
    CHECK_EQUAL(space, REGION_BYTES - 9u - wanted);
}

static void region_is_positions_then_data(void)
{
    set_up();
    check_bytes(memory.region, "\0\0\0\0\0\0\0\0", 8);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, "abcdefghij", 10), QUEUE_OK);
    check_bytes(memory.region, "\x0a\0\0\0\0\0\0\0abcdefghij\xa5\xa5", 20);
    char found[10];
    CHECK_EQUAL(byte_queue_consume_or_fail(&queue, found, 7), QUEUE_OK);
    check_bytes(found, "abcdefg", 7);
    check_bytes(memory.region, "\x0a\0\0\0\x07\0\0\0", 8);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, "1234567", 7), QUEUE_OK);
    check_bytes(memory.region, "\x05\0\0\0\x07\0\0\0" "34567fghij12", 20);
    check_size(10);
    CHECK_EQUAL(byte_queue_consume_or_fail(&queue, found, 10), QUEUE_OK);
    check_bytes(found, "hij1234567", 10);
    check_bytes(memory.region, "\x05\0\0\0\x05\0\0\0", 8);
    check_surroundings();
}

static void all_of_it_goes_or_nothing(void)
{
    static const char bytes[12] = "abcdefghijk";
    char found[12];
    set_up();
    CHECK_EQUAL(byte_queue_largest_size(&queue), 11);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, bytes, 12), QUEUE_TOO_BIG);
    CHECK_EQUAL(byte_queue_consume_or_fail(&queue, found, 12), QUEUE_TOO_BIG);
    CHECK_EQUAL(byte_queue_peek_or_fail(&queue, found, 12), QUEUE_TOO_BIG);
    CHECK_EQUAL(byte_queue_skip_or_fail(&queue, 12), QUEUE_TOO_BIG);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, bytes, UINT32_MAX), QUEUE_TOO_BIG);
    const struct byte_chunk wrapping[] = {{bytes, 11}, {bytes, UINT32_MAX - 5u}};
    CHECK_EQUAL(byte_queue_write_chunks_or_fail(&queue, wrapping, 2), QUEUE_TOO_BIG);
    check_size(0);
    CHECK_EQUAL(byte_queue_consume_or_fail(&queue, found, 1), QUEUE_EMPTY);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, bytes, 11), QUEUE_OK);
    check_size(11);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, bytes, 1), QUEUE_FULL);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, NULL, 0), QUEUE_OK);
    CHECK_EQUAL(byte_queue_peek_or_fail(&queue, found, 11), QUEUE_OK);
    check_bytes(found, bytes, 11);
    check_size(11);
    CHECK_EQUAL(byte_queue_skip_or_fail(&queue, 10), QUEUE_OK);
    CHECK_EQUAL(byte_queue_skip_or_fail(&queue, 2), QUEUE_EMPTY);
    CHECK_EQUAL(byte_queue_consume_or_fail(&queue, found, 1), QUEUE_OK);
    CHECK_EQUAL(found[0], 'k');
    check_size(0);
    check_surroundings();
}

static void as_much_goes_as_there_is(void)
{
    char found[12];
    uint32_t count;
    set_up();
    CHECK_EQUAL(byte_queue_write_at_most(&queue, "abcdefghijklmn", 14, &count), QUEUE_OK);
    CHECK_EQUAL(count, 11);
    CHECK_EQUAL(byte_queue_write_at_most(&queue, "x", 1, &count), QUEUE_OK);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(byte_queue_peek_at_most(&queue, 9, found, 12, &count), QUEUE_OK);
    CHECK_EQUAL(count, 2);
    check_bytes(found, "jk", 2);
    CHECK_EQUAL(byte_queue_peek_at_most(&queue, 11, found, 12, &count), QUEUE_OK);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(byte_queue_peek_at_most(&queue, 12, found, 12, &count), QUEUE_OK);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(byte_queue_peek_at_most(&queue, UINT32_MAX, found, 12, &count), QUEUE_OK);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(byte_queue_skip_at_most(&queue, 4, &count), QUEUE_OK);
    CHECK_EQUAL(count, 4);
    CHECK_EQUAL(byte_queue_consume_at_most(&queue, found, 12, &count), QUEUE_OK);
    CHECK_EQUAL(count, 7);
    check_bytes(found, "efghijk", 7);
    CHECK_EQUAL(byte_queue_skip_at_most(&queue, 4, &count), QUEUE_OK);
    CHECK_EQUAL(count, 0);
    check_surroundings();
}

// The other side, while this one waits: takes or gives a few bytes a look, so many times.
struct other_side {
    bool writes;
    uint32_t looks;
    uint32_t moved;
};

static bool let_other_side(void *context)
{
    struct other_side *other = context;
    if (other->looks == 0) {
        return false;
    }
    other->looks--;
    char bytes[5];
    uint32_t count;
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(other->moved + i);
    }
    if (other->writes) {
        CHECK_EQUAL(byte_queue_write_at_most(&queue, bytes, sizeof bytes, &count), QUEUE_OK);
    } else {
        CHECK_EQUAL(byte_queue_consume_at_most(&queue, bytes, sizeof bytes, &count), QUEUE_OK);
        for (uint32_t i = 0; i < count; i++) {
            CHECK_EQUAL((unsigned char)bytes[i], other->moved + i);
        }
    }
    other->moved += count;
    return true;
}

static void blocking_calls_go_on_with_the_other_side(void)
{
    unsigned char bytes[100];
    uint32_t count;
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
    }
    struct other_side other = {.looks = 1000};
    struct queue_wait wait = {let_other_side, &other};
    set_up();
    CHECK_EQUAL(byte_queue_write_blocking(&queue, bytes, 100, wait, &count), QUEUE_OK);
    CHECK_EQUAL(count, 100);
    other.looks = 2;
    CHECK_EQUAL(byte_queue_write_blocking(&queue, bytes, 100, wait, &count), QUEUE_TIMEOUT);
    CHECK_EQUAL(count, byte_queue_largest_size(&queue) + other.moved - 100);

    set_up();
    other = (struct other_side){.writes = true, .looks = 1000};
    memset(bytes, 0, sizeof bytes);
    CHECK_EQUAL(byte_queue_consume_blocking(&queue, bytes, 100, wait, &count), QUEUE_OK);
    CHECK_EQUAL(count, 100);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        CHECK_EQUAL(bytes[i], i);
    }
    set_up();
    other = (struct other_side){.writes = true, .looks = 3};
    CHECK_EQUAL(byte_queue_consume_blocking(&queue, bytes, 100, wait, &count), QUEUE_TIMEOUT);
    CHECK_EQUAL(count, 15);
    check_surroundings();
}

static void regions_have_a_size_and_a_place(void)
{
    struct byte_queue other;
    unsigned char *region = memory.region;
    CHECK_EQUAL(byte_queue_create(&other, region, 9), QUEUE_ARGUMENT);
    CHECK_EQUAL(byte_queue_create(&other, region, 0), QUEUE_ARGUMENT);
    CHECK_EQUAL(byte_queue_create(&other, region, 10), QUEUE_OK);
    CHECK_EQUAL(byte_queue_create(&other, region + 1, 12), QUEUE_ARGUMENT);
    CHECK_EQUAL(byte_queue_attach(&other, region + 2, 12), QUEUE_ARGUMENT);
    // Only the positions are touched.
    CHECK_EQUAL(byte_queue_create(&other, region, BYTE_QUEUE_CAPACITY_MAX + 8u), QUEUE_OK);
    CHECK_EQUAL(byte_queue_create(&other, region, BYTE_QUEUE_CAPACITY_MAX + 9u), QUEUE_ARGUMENT);
    CHECK_EQUAL(byte_queue_attach(&other, region, UINT32_MAX), QUEUE_ARGUMENT);

    char found;
    CHECK_EQUAL(byte_queue_create(&other, region, 10), QUEUE_OK);
    for (char byte = 'a'; byte <= 'z'; byte++) {
        CHECK_EQUAL(byte_queue_write_or_fail(&other, &byte, 1), QUEUE_OK);
        CHECK_EQUAL(byte_queue_write_or_fail(&other, &byte, 1), QUEUE_FULL);
        CHECK_EQUAL(byte_queue_consume_or_fail(&other, &found, 1), QUEUE_OK);
        CHECK_EQUAL(found, byte);
    }
    check_surroundings();
}

// Every call must refuse a position out of range, and write nothing.
static void check_damaged(void)
{
    unsigned char copy[REGION_BYTES];
    memcpy(copy, memory.region, REGION_BYTES);
    char bytes[4] = "abc";
    uint32_t count;
    struct byte_queue other;
    struct other_side nobody = {.looks = 0};
    struct queue_wait wait = {let_other_side, &nobody};
    CHECK_EQUAL(byte_queue_attach(&other, memory.region, REGION_BYTES), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_size(&queue, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_space(&queue, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, bytes, 1), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_write_at_most(&queue, bytes, 1, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_write_blocking(&queue, bytes, 1, wait, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_consume_or_fail(&queue, bytes, 1), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_consume_at_most(&queue, bytes, 1, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_consume_blocking(&queue, bytes, 1, wait, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_peek_or_fail(&queue, bytes, 1), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_peek_at_most(&queue, 0, bytes, 1, &count), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_skip_or_fail(&queue, 1), QUEUE_DAMAGED);
    CHECK_EQUAL(byte_queue_skip_at_most(&queue, 1, &count), QUEUE_DAMAGED);
    check_bytes(memory.region, copy, REGION_BYTES);
    check_surroundings();
}

static void positions_outside_are_damage(void)
{
    static const uint32_t outside[] = {12, 13, 20, 0x80000000u, UINT32_MAX};
    uint32_t *positions = (uint32_t *)memory.region;
    for (size_t word = 0; word < 2; word++) {
        for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
            set_up();
            positions[word] = outside[i];
            check_damaged();
        }
    }
    set_up();
    positions[0] = positions[1] = 11; // the last place
    check_size(0);
    CHECK_EQUAL(byte_queue_write_or_fail(&queue, "ab", 2), QUEUE_OK);
    check_bytes(memory.region, "\x01\0\0\0\x0b\0\0\0b", 9);
    CHECK_EQUAL(memory.region[19], 'a');
}

int main(void)
{
    region_is_positions_then_data();
    all_of_it_goes_or_nothing();
    as_much_goes_as_there_is();
    blocking_calls_go_on_with_the_other_side();
    regions_have_a_size_and_a_place();
    positions_outside_are_damage();
    return 0;
}
